//! A member's name, number, phase and first day, put right or brought up to date.

use chrono::NaiveDate;

use super::{Member, Phase, is_likely_beginning, repo};
use crate::{
    alliances,
    app::App,
    changes::Change,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::MemberId,
    problem::failure,
    schools,
    text::one_line,
    viewer::{Permission, Viewer},
};

/// A member as it shall be.
#[derive(Debug, Clone)]
pub struct ChangeMember {
    /// Which.
    pub member_id: MemberId,
    /// Its name, at most 300 characters.
    pub name: String,
    /// Its number in the national register, a new one after it became an academy; `None` outside the register.
    pub urn: Option<i32>,
    /// The ages it teaches.
    pub phase: Phase,
    /// The first day of membership: after 1990, and not after its last.
    pub joined_on: NaiveDate,
}

/// Why the member stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ChangeMemberError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such member in this alliance.
    #[error("That school is not a member of this alliance.")]
    UnknownMember,
    /// Empty, or longer than 300 characters.
    #[error("Please give a name of at most 300 characters.")]
    InvalidName,
    /// The register has no such number.
    #[error("The national register has no school with this number. A URN has six digits.")]
    UnknownUrn,
    /// Another membership of the school of this number covers one of the days.
    #[error(
        "The school with this number is a member already on some of these days. If two schools have merged, end the \
         membership of one."
    )]
    AlreadyMember,
    /// Before 1990, or more than two years ahead.
    #[error("The first day of membership lies between 1990 and two years from now. Please check the year.")]
    InvalidJoinedOn,
    /// After its last day.
    #[error("The first day of membership cannot be after the last.")]
    AfterLeaving,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Changes a member. The membership goes on, with all it gave, gained and was invoiced; invoices already issued keep
/// the name and number printed on them.
pub async fn change_member(
    app: &App,
    viewer: &Viewer,
    input: ChangeMember,
) -> Result<Member, ChangeMemberError> {
    use ChangeMemberError as E;
    let scope = viewer.require(Permission::ManageMembers)?;
    let name = one_line(&input.name, 300).ok_or(E::InvalidName)?;

    let mut tx = app.db.begin(scope).await?;
    if !is_likely_beginning(input.joined_on, alliances::repo::alliance(&mut tx).await?.date(app.clock.now()))
    {
        return Err(E::InvalidJoinedOn);
    }
    let before = repo::member_for_update(&mut tx, input.member_id).await?.ok_or(E::UnknownMember)?;
    if before.left_on.is_some_and(|left| left < input.joined_on) {
        return Err(E::AfterLeaving);
    }
    // A number that it has already stays its own, whatever the register says by now.
    if let Some(urn) = input.urn.filter(|urn| before.urn != Some(*urn)) {
        schools::repo::school_for_member(&mut tx, urn).await?.ok_or(E::UnknownUrn)?;
    }
    let member = Member { name, urn: input.urn, phase: input.phase, joined_on: input.joined_on, ..before };
    repo::update_member(&mut tx, &member).await.on_constraint("members_urn_excl", || E::AlreadyMember)?;
    tx.announce(&[Change::Member(member.id)]).await?;
    tx.commit().await?;
    Ok(member)
}

failure!(ChangeMemberError {
    UnknownMember => "memberId",
    InvalidName => "name",
    UnknownUrn => "urn",
    AlreadyMember => "urn",
    InvalidJoinedOn => "joinedOn",
    AfterLeaving => "joinedOn",
} nested { Forbidden, Internal });

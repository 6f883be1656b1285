//! A member leaves, or stays after all.

use chrono::NaiveDate;

use super::{Member, repo};
use crate::{
    app::App,
    changes::Change,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::MemberId,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// The end of a membership.
#[derive(Debug, Clone, Copy)]
pub struct EndMembership {
    /// Whose.
    pub member_id: MemberId,
    /// The last day; `None` takes one back, and the membership goes on.
    pub left_on: Option<NaiveDate>,
}

/// Why the last day stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum EndMembershipError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such member in this alliance.
    #[error("That school is not a member of this alliance.")]
    UnknownMember,
    /// Before it joined.
    #[error("The last day cannot be before the day the school joined.")]
    BeforeJoining,
    /// The school has joined again, and would be a member twice.
    #[error("This school has joined again since: its earlier membership ends before the later one begins.")]
    AlreadyMember,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Sets the last day of a membership, changes it, or takes it back. What was invoiced stays; shares of later budgets leave
/// the member out.
pub async fn end_membership(
    app: &App,
    viewer: &Viewer,
    input: EndMembership,
) -> Result<Member, EndMembershipError> {
    use EndMembershipError as E;
    let scope = viewer.require(Permission::ManageMembers)?;

    let mut tx = app.db.begin(scope).await?;
    let member = repo::member_for_update(&mut tx, input.member_id).await?.ok_or(E::UnknownMember)?;
    if input.left_on.is_some_and(|left| left < member.joined_on) {
        return Err(E::BeforeJoining);
    }
    let member = Member { left_on: input.left_on, ..member };
    repo::update_member(&mut tx, &member).await.on_constraint("members_urn_excl", || E::AlreadyMember)?;
    tx.announce(&[Change::Member(member.id)]).await?;
    tx.commit().await?;
    Ok(member)
}

failure!(EndMembershipError {
    UnknownMember => "memberId",
    BeforeJoining => "leftOn",
    AlreadyMember => "leftOn",
} nested { Forbidden, Internal });

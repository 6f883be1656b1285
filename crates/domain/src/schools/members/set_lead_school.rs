//! A member leads the alliance from today on.

use super::{Member, repo};
use crate::{
    alliances,
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    ids::MemberId,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Which member leads.
#[derive(Debug, Clone, Copy)]
pub struct SetLeadSchool {
    /// The member.
    pub member_id: MemberId,
}

/// Why another leads still.
#[derive(Debug, thiserror::Error)]
pub enum SetLeadSchoolError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such member in this alliance, or not today.
    #[error("That school is not a member of this alliance today.")]
    UnknownMember,
    /// Nothing would change.
    #[error("This school leads already.")]
    LeadsAlready,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Makes a member the lead school from today on, and returns it. That another led before stays known.
pub async fn set_lead_school(
    app: &App,
    viewer: &Viewer,
    input: SetLeadSchool,
) -> Result<Member, SetLeadSchoolError> {
    use SetLeadSchoolError as E;
    let scope = viewer.require(Permission::ManageAlliance)?;

    let mut tx = app.db.begin(scope).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(app.clock.now());
    let member = repo::member_for_update(&mut tx, input.member_id).await?;
    let member = member.filter(|member| member.is_member_on(today)).ok_or(E::UnknownMember)?;
    if repo::lead_school(&mut tx, today).await? == Some(member.id) {
        return Err(E::LeadsAlready);
    }
    repo::insert_lead_school(&mut tx, member.id, today).await?;
    tx.announce(&[Change::Member(member.id)]).await?;
    tx.commit().await?;
    Ok(member)
}

failure!(SetLeadSchoolError {
    UnknownMember => "memberId",
    LeadsAlready => "memberId",
} nested { Forbidden, Internal });

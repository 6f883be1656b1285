//! A member leaves.

use chrono::NaiveDate;

use super::{Member, repo};
use crate::{
    app::App,
    changes::Change,
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
    /// The last day.
    pub left_on: NaiveDate,
}

/// Why the membership goes on.
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
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Ends a membership. What was invoiced stays; shares of later budgets leave the member out.
pub async fn end_membership(
    app: &App,
    viewer: &Viewer,
    input: EndMembership,
) -> Result<Member, EndMembershipError> {
    let scope = viewer.require(Permission::ManageMembers)?;

    let mut tx = app.db.begin(scope).await?;
    let found = repo::members_by_ids(&mut tx, &[input.member_id]).await?;
    let member = found.into_iter().next().ok_or(EndMembershipError::UnknownMember)?;
    if input.left_on < member.joined_on {
        return Err(EndMembershipError::BeforeJoining);
    }
    repo::end_membership(&mut tx, member.id, input.left_on).await.map_err(Internal::from)?;
    tx.announce(&[Change::Member(member.id)]).await?;
    tx.commit().await?;
    Ok(Member { left_on: Some(input.left_on), ..member })
}

failure!(EndMembershipError {
    UnknownMember => "memberId",
    BeforeJoining => "leftOn",
} nested { Forbidden, Internal });

//! An invitation is taken back.

use super::{Invitation, InvitationState, repo};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    ids::InvitationId,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Why the invitation stands.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawInvitationError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such invitation in this alliance.
    #[error("That invitation is not one of this alliance's.")]
    UnknownInvitation,
    /// The viewer's own roles may not give what it gives.
    #[error("Your own role does not end this one. Please ask a director.")]
    RoleAboveYou,
    /// It was answered, taken back, or has run out.
    #[error("This invitation is no longer open.")]
    NotOpen,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Takes an open invitation back: from now on it leads nowhere.
pub async fn withdraw_invitation(
    app: &App,
    viewer: &Viewer,
    id: InvitationId,
) -> Result<Invitation, WithdrawInvitationError> {
    use WithdrawInvitationError as E;
    let scope = viewer.require(Permission::ManageMembers)?;

    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    let invitation = repo::invitation(&mut tx, id, now).await?.ok_or(E::UnknownInvitation)?;
    if !viewer.may_give(invitation.role) {
        return Err(E::RoleAboveYou);
    }
    if !repo::settle(&mut tx, id, ("withdrawn", None), now).await? {
        return Err(E::NotOpen);
    }
    tx.commit().await?;
    Ok(Invitation { state: InvitationState::Withdrawn, ..invitation })
}

failure!(WithdrawInvitationError {
    UnknownInvitation => "invitationId",
    RoleAboveYou => "invitationId",
    NotOpen => "invitationId",
} nested { Forbidden, Internal });

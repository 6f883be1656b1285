//! An open invitation is mailed once more.

use super::{BETWEEN_MAILS, Invitation, InvitationState, SendInvitation, is_full, repo};
use crate::{
    alliances,
    app::App,
    error::{Forbidden, Internal},
    ids::InvitationId,
    people,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Why it was not mailed.
#[derive(Debug, thiserror::Error)]
pub enum SendInvitationAgainError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such invitation in this alliance.
    #[error("That invitation is not one of this alliance's.")]
    UnknownInvitation,
    /// It was answered, taken back, or has run out.
    #[error("This invitation is no longer open. A new one can be sent.")]
    NotOpen,
    /// Once a day is enough.
    #[error("It was mailed within the last day. Please wait until tomorrow.")]
    MailedToday,
    /// An address is not filled with mail.
    #[error("Several invitations went to this address within a day. Please wait until tomorrow.")]
    TooManyToAddress,
    /// On trial each is mailed once.
    #[error("While the alliance is on trial an invitation is mailed once.")]
    OnTrial,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Mails an open invitation once more, a day after the last time at the earliest.
pub async fn send_invitation_again(
    app: &App,
    viewer: &Viewer,
    id: InvitationId,
) -> Result<Invitation, SendInvitationAgainError> {
    use SendInvitationAgainError as E;
    let scope = viewer.require(Permission::ManageMembers)?;

    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    people::repo::hold_alliance(&mut tx).await?;
    let invitation = repo::invitation(&mut tx, id, now).await?.ok_or(E::UnknownInvitation)?;
    if invitation.state != InvitationState::Open {
        return Err(E::NotOpen);
    }
    if !alliances::repo::alliance(&mut tx).await?.is_confirmed {
        return Err(E::OnTrial);
    }
    if is_full(&mut tx, &invitation.email, now).await? {
        return Err(E::TooManyToAddress);
    }
    if !repo::mark_mailed(&mut tx, id, (now - BETWEEN_MAILS, now)).await? {
        return Err(E::MailedToday);
    }
    tx.enqueue(app, &SendInvitation { invitation_id: id }).await?;
    tx.commit().await?;
    Ok(Invitation { mailed_at: now, refusal: None, ..invitation })
}

failure!(SendInvitationAgainError {
    UnknownInvitation => "invitationId",
    NotOpen => "invitationId",
    MailedToday => "invitationId",
    TooManyToAddress => "invitationId",
    OnTrial => "invitationId",
} nested { Forbidden, Internal });

//! Whoever was invited says no.

use super::{entrance, repo};
use crate::{
    access::Session,
    app::App,
    error::{Forbidden, Internal},
    ids::InvitationId,
    problem::failure,
};

/// Why it was not declined.
#[derive(Debug, thiserror::Error)]
pub enum DeclineInvitationError {
    /// A token answers nothing.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is none, or it was sent to another address.
    #[error("There is no such invitation for your address.")]
    UnknownInvitation,
    /// It was answered, taken back, or has run out.
    #[error("This invitation is no longer open.")]
    NotOpen,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Declines an invitation to the account's address. The alliance sees that; nothing else comes of it.
pub async fn decline_invitation(
    app: &App,
    session: &Session,
    id: InvitationId,
) -> Result<(), DeclineInvitationError> {
    use DeclineInvitationError as E;
    session.device()?;
    let found = repo::address(app, id).await?.filter(|(_, email)| email == session.account.email.as_str());
    let (alliance_id, _) = found.ok_or(E::UnknownInvitation)?;

    let mut tx = app.db.begin(entrance(alliance_id)?).await?;
    if !repo::settle(&mut tx, id, ("declined", None), app.clock.now()).await? {
        return Err(E::NotOpen);
    }
    Ok(tx.commit().await?)
}

failure!(DeclineInvitationError {
    UnknownInvitation => "invitationId",
    NotOpen => "invitationId",
} nested { Forbidden, Internal });

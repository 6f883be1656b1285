//! "I do not sign in with this one any more."

use super::{
    super::{SecondStepChange, SendSecondStepNotice, Session},
    repo,
};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    ids::PasskeyId,
    problem::failure,
    viewer::{Act, ConfirmItIsYou},
};

/// Why the passkey stayed.
#[derive(Debug, thiserror::Error)]
pub enum RemovePasskeyError {
    /// A token cannot change how its person signs in.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No such passkey of this account, or no longer.
    #[error("This passkey is not there any more.")]
    UnknownPasskey,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Removes a passkey of the account: it is worth nothing from now on. The person is told by mail.
pub async fn remove_passkey(app: &App, session: &Session, id: PasskeyId) -> Result<(), RemovePasskeyError> {
    session.device()?;
    session.require_confirmed(app.clock.now(), Act::RemovePasskey)?;
    let account_id = session.account.id;
    let mut tx = app.db.machine().await?;
    if !repo::delete_passkey(&mut tx, account_id, id).await? {
        return Err(RemovePasskeyError::UnknownPasskey);
    }
    SendSecondStepNotice::queue(app, &mut tx, account_id, SecondStepChange::PasskeyRemoved).await?;
    Ok(tx.commit().await?)
}

failure!(RemovePasskeyError {
    UnknownPasskey => "passkeyId",
} nested { Forbidden, Unconfirmed, Internal });

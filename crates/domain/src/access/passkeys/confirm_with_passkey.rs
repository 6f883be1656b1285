//! "My passkey says that it is still me."

use super::{
    super::{Session, confirm_it_is_you::renew},
    PasskeyChallenge, Purpose, ask, prove,
};
use crate::{
    app::App,
    error::{Forbidden, Internal, ReadError},
    problem::failure,
};

/// Why nothing was confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmWithPasskeyError {
    /// A token confirms nothing, nor does a session that has ended.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Not a passkey of this account, or not a right answer: which of these is not told.
    #[error("That passkey does not prove that it is you. Try again, or confirm in another way.")]
    WrongAnswer,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// What the browser asks for to confirm with a passkey of the account; `None` where there are none.
pub async fn begin_passkey_confirmation(
    app: &App,
    session: &Session,
) -> Result<Option<PasskeyChallenge>, ReadError> {
    session.device()?;
    Ok(ask(app, (Purpose::Confirm, Some(session.account.id))).await?)
}

/// The same as [`super::super::confirm_it_is_you`] for whoever's passkey answers. Returns the session's new token.
pub async fn confirm_with_passkey(
    app: &App,
    session: &Session,
    (challenge, answer): (&str, &str),
) -> Result<String, ConfirmWithPasskeyError> {
    session.device()?;
    let mut tx = app.db.machine().await?;
    let of = (Purpose::Confirm, Some(session.account.id));
    if prove(app, &mut tx, of, (challenge, answer)).await?.is_none() {
        tx.commit().await?;
        return Err(ConfirmWithPasskeyError::WrongAnswer);
    }
    let token = renew(app, &mut tx, session).await?.ok_or(Forbidden)?;
    tx.commit().await?;
    Ok(token)
}

failure!(ConfirmWithPasskeyError {
    WrongAnswer => "answer",
} nested { Forbidden, Internal });

//! "It is still me": a new proof within a session, by the strongest that the person has.

use super::{
    Session, repo, request_sign_in_code,
    second_step::{is_set, prove},
    sign_in::{new_token, take_code, token_hash},
};
use crate::{
    app::App,
    db::MachineTx,
    error::{Forbidden, Internal, ReadError},
    problem::{Failure, failure},
};

/// What proves that it is still the person who signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayToConfirm {
    /// A code that is mailed: there is no second step.
    Mail,
    /// A code of the app, or a recovery code.
    App,
}

/// Why nothing was confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmItIsYouError {
    /// A token confirms nothing, nor does a session that has ended.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Wrong, used up, expired, or too many tries: which of these is not told.
    #[error("That code does not work. Type the newest one.")]
    WrongCode,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// How whoever asks may confirm that it is them.
pub async fn way_to_confirm(app: &App, session: &Session) -> Result<WayToConfirm, ReadError> {
    session.device()?;
    let has_second_step = super::has_second_step(app, session.account.id).await?;
    Ok(if has_second_step { WayToConfirm::App } else { WayToConfirm::Mail })
}

/// Mails a code to the address of the account. It is one for signing in: who gets it could sign in with it too.
pub async fn request_confirmation_code(app: &App, session: &Session) -> Result<(), Failure> {
    session.device()?;
    Ok(request_sign_in_code(app, session.account.email.as_str()).await?)
}

/// Notes that whoever has the session has just proved who they are. The session goes on under a new token, which is
/// returned, as after any proof: whoever had got hold of the old one is out (OWASP ASVS 5.0, 7.2.4).
pub async fn confirm_it_is_you(
    app: &App,
    session: &Session,
    code: &str,
) -> Result<String, ConfirmItIsYouError> {
    session.device()?;
    let account = &session.account;
    let mut tx = app.db.machine().await?;
    let is_right = if is_set(&mut tx, account.id).await? {
        prove(app, &mut tx, account.id, code).await?
    } else {
        take_code(app, &mut tx, &account.email, code).await?
    };
    if !is_right {
        tx.commit().await?;
        return Err(ConfirmItIsYouError::WrongCode);
    }
    let token = renew(app, &mut tx, session).await?.ok_or(Forbidden)?;
    tx.commit().await?;
    Ok(token)
}

/// Gives the session a new token, now that it is proved whose it is. `None` when it has ended.
pub(super) async fn renew(
    app: &App,
    tx: &mut MachineTx,
    session: &Session,
) -> Result<Option<String>, Internal> {
    let Ok(this) = session.device() else { return Ok(None) };
    let token = new_token(app);
    let is_there = repo::confirm_session(tx, this, &token_hash(&token), app.clock.now()).await?;
    Ok(is_there.then_some(token))
}

failure!(ConfirmItIsYouError {
    WrongCode => "code",
} nested { Forbidden, Internal });

//! Sessions: found by the hash of their token; ended by time, by sign-out, or by their account from another device.

use super::{Account, limits, repo, sign_in::token_hash};
use crate::{
    app::{App, Timestamp},
    error::Internal,
    ids::SessionId,
    problem::failure,
};

/// A live session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Who signed in.
    pub account: Account,
}

/// A live session as its account sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The session.
    pub session_id: SessionId,
    /// What the browser calls itself; may be empty.
    pub agent: String,
    /// The network address that it signed in from; may be empty.
    pub network: String,
    /// When it signed in.
    pub signed_in_at: Timestamp,
    /// When it was last used, give or take five minutes.
    pub last_used_at: Timestamp,
    /// When it ends if it is not used until then.
    pub ends_at: Timestamp,
}

/// Why a session was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndSessionError {
    /// No such session of this account, or no longer.
    #[error("This device is not signed in any more.")]
    UnknownSession,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// The live session of a token, or `None`. Notes the use now and then.
pub async fn session(app: &App, token: &str) -> Result<Option<Session>, Internal> {
    let now = app.clock.now();
    let hash = token_hash(token);
    let Some(found) = repo::find_session(app, &hash, now).await? else { return Ok(None) };
    if found.last_seen_at < now - limits::SESSION_TOUCH {
        repo::touch_session(app, &hash, now).await?;
    }
    Ok(Some(found.session))
}

/// The live sessions of an account, the one used last first.
pub async fn devices(app: &App, account: &Account) -> Result<Vec<Device>, Internal> {
    repo::devices(app, account.id, app.clock.now()).await
}

/// Ends one session of an account, at once.
pub async fn end_session(app: &App, account: &Account, id: SessionId) -> Result<(), EndSessionError> {
    match repo::delete_session_of(app, account.id, id).await? {
        0 => Err(EndSessionError::UnknownSession),
        _ => Ok(()),
    }
}

/// Ends every session of the account but `this`, at once. Returns how many there were.
pub async fn end_other_sessions(app: &App, this: &Session) -> Result<u64, Internal> {
    repo::delete_other_sessions(app, this).await
}

/// Ends the session of a token. An unknown token is no error.
pub async fn sign_out(app: &App, token: &str) -> Result<(), Internal> {
    let mut tx = app.db.machine().await?;
    repo::delete_session(&mut tx, &token_hash(token)).await?;
    tx.commit().await
}

failure!(EndSessionError {
    UnknownSession => "sessionId",
} nested { Internal });

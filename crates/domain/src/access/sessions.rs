//! Sessions: found by the hash of their token, ended by time or by sign-out.

use super::{Account, limits, repo, sign_in::token_hash};
use crate::{app::App, error::Internal};

/// The account of a live session, or `None`. Notes the use now and then.
pub async fn session_account(app: &App, token: &str) -> Result<Option<Account>, Internal> {
    let now = app.clock.now();
    let hash = token_hash(token);
    let Some(session) = repo::find_session(app, &hash, now).await? else { return Ok(None) };
    if session.last_seen_at < now - limits::SESSION_IDLE {
        return Ok(None);
    }
    if session.last_seen_at < now - limits::SESSION_TOUCH {
        repo::touch_session(app, &hash, now).await?;
    }
    Ok(Some(session.account))
}

/// Ends a session. An unknown token is no error.
pub async fn sign_out(app: &App, token: &str) -> Result<(), Internal> {
    repo::delete_session(app, &token_hash(token)).await
}

//! Sessions: found by the hash of their token; ended by time, by sign-out, or by their account from another device.

use std::net::IpAddr;

use super::{
    Account, limits, repo,
    sign_in::token_hash,
    tokens::{TokenBounds, bearer},
};
use crate::{
    app::{App, Timestamp},
    error::{Forbidden, Internal, ReadError},
    ids::{AllianceId, SessionId},
    problem::failure,
    viewer::{Act, ConfirmItIsYou, Origin, ProvedBy},
};

/// Whoever asks, as long as what proves it is worth something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who it is.
    pub account: Account,
    /// What proves it.
    pub proof: Proof,
    /// The network address that they ask from, for the record of changes: whoever takes the request fills it in.
    pub address: Option<IpAddr>,
}

/// What proves who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A browser that signed in.
    Device {
        /// Its session.
        id: SessionId,
        /// When the person last proved who they are: signing in, or confirming it later.
        proved_at: Timestamp,
    },
    /// A program with an API token, which may do less than its person.
    Token(TokenBounds),
}

/// What a request carries to prove who asks.
#[derive(Clone)]
pub enum Credential {
    /// The value of a browser's cookie.
    Device(String),
    /// An API token.
    Token(String),
}

impl Proof {
    /// Whether it is good for this alliance at all.
    pub(super) fn enters(&self, id: AllianceId) -> bool {
        match self {
            Self::Device { .. } => true,
            Self::Token(bounds) => bounds.alliance_id == id,
        }
    }
}

impl Session {
    /// By what, and from where, they ask.
    pub(super) fn origin(&self) -> Origin {
        let proved_by = match &self.proof {
            Proof::Device { id, .. } => ProvedBy::Session(*id),
            Proof::Token(bounds) => ProvedBy::Token(bounds.id),
        };
        Origin { proved_by, address: self.address }
    }

    /// The session of a browser. A token does not reach what belongs to the account itself.
    pub fn device(&self) -> Result<SessionId, Forbidden> {
        match &self.proof {
            Proof::Device { id, .. } => Ok(*id),
            Proof::Token(_) => Err(Forbidden),
        }
    }

    /// Refuses `act` to whoever proved too long ago who they are. A program is not asked, as
    /// [`crate::viewer::Viewer::require_confirmed`] says.
    pub(crate) fn require_confirmed(&self, now: Timestamp, act: Act) -> Result<(), ConfirmItIsYou> {
        match &self.proof {
            Proof::Device { proved_at, .. } if *proved_at + act.within() <= now => {
                Err(ConfirmItIsYou { before: act })
            }
            Proof::Device { .. } | Proof::Token(_) => Ok(()),
        }
    }
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
    /// A token cannot end sessions.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
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

/// Whom a credential speaks for, or `None`. Notes the use now and then.
pub async fn identify(app: &App, credential: &Credential) -> Result<Option<Session>, Internal> {
    match credential {
        Credential::Device(token) => session(app, token).await,
        Credential::Token(token) => bearer(app, token).await,
    }
}

/// The live sessions of the account, the one used last first.
pub async fn devices(app: &App, session: &Session) -> Result<Vec<Device>, ReadError> {
    session.device()?;
    Ok(repo::devices(app, session.account.id, app.clock.now()).await?)
}

/// Ends one session of the account, at once.
pub async fn end_session(app: &App, own: &Session, id: SessionId) -> Result<(), EndSessionError> {
    own.device()?;
    match repo::delete_session_of(app, own.account.id, id).await? {
        0 => Err(EndSessionError::UnknownSession),
        _ => Ok(()),
    }
}

/// Ends every session of the account but `this`, at once. Returns how many there were.
pub async fn end_other_sessions(app: &App, own: &Session) -> Result<u64, EndSessionError> {
    let this = own.device()?;
    let mut tx = app.db.machine().await?;
    let ended = repo::delete_other_sessions(&mut tx, own.account.id, this).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Ends the session of a token. An unknown token is no error.
pub async fn sign_out(app: &App, token: &str) -> Result<(), Internal> {
    let mut tx = app.db.machine().await?;
    repo::delete_session(&mut tx, &token_hash(token)).await?;
    tx.commit().await
}

failure!(EndSessionError {
    UnknownSession => "sessionId",
} nested { Forbidden, Internal });

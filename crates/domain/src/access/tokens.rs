//! API tokens: what a program carries in a person's name. One enters one alliance, may do what was chosen of what the
//! person may do there at the time of asking, and ends on a day. It takes a recent proof to make one, and none to use one:
//! nobody is there to prove anything, and what it may do was chosen by whoever had proved it.

use chrono::TimeDelta;

use super::{AllianceEntry, EnterError, Session, enter, enter_by_id, limits, record_event, repo, sign_in};
use crate::{
    app::{App, Timestamp},
    error::{Forbidden, Internal, ReadError},
    ids::{AllianceId, ApiTokenId},
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission},
};

/// What every token begins with, so that people and scanners of source code know one again.
const PREFIX: &str = "ensemble_";

/// A token as its person sees it. What it looks like is shown once, in [`NewToken`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The token.
    pub id: ApiTokenId,
    /// The one alliance that it enters.
    pub alliance: AllianceEntry,
    /// What it is for.
    pub name: String,
    /// What it may do, as long as its person may do it too; in the order of the role table.
    pub permissions: Vec<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
    /// When it was last used, give or take five minutes; `None` if never.
    pub last_used_at: Option<Timestamp>,
}

/// What a token allows whoever carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBounds {
    /// The token.
    pub id: ApiTokenId,
    /// The one alliance that it enters.
    pub alliance_id: AllianceId,
    /// What it may do at the most.
    pub permissions: Vec<Permission>,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct CreateToken {
    /// The short address of the alliance.
    pub slug: String,
    /// What it is for, at most 60 characters; no two of a person's tokens in an alliance have one name.
    pub name: String,
    /// What it may do. Seeing the alliance, and what comes of what it does, is part of it.
    pub permissions: Vec<Permission>,
    /// How many days it works, 1 to 365.
    pub days: u16,
}

/// A token that was made.
pub struct NewToken {
    /// As it is listed from now on.
    pub token: ApiToken,
    /// What the program sends as `Authorization: Bearer …`. Nobody can see it again.
    pub secret: String,
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateTokenError {
    /// A token cannot make tokens.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No role in this alliance, or no such alliance.
    #[error("Please choose an alliance in which you have a role.")]
    UnknownAlliance,
    /// The alliance asks everybody for a second step, and the person has none.
    #[error("This alliance asks everybody for a second step at sign-in. Set one up in your account first.")]
    NeedsSecondStep,
    /// Empty, or longer than 60 characters.
    #[error("Please say in at most 60 characters what the token is for.")]
    InvalidName,
    /// Another of the person's tokens has this name.
    #[error("You have a token of this name. Choose another name, or revoke that one first.")]
    NameTaken,
    /// Nothing chosen.
    #[error("Please choose what the token may do.")]
    NoPermission,
    /// More than the person may do.
    #[error("A token may do no more than you may do yourself.")]
    BeyondYours,
    /// Outside 1 to 365.
    #[error("A token works for 1 to 365 days.")]
    InvalidDays,
    /// As many as anybody needs.
    #[error("You have 20 tokens in this alliance. Revoke one that is not used any more.")]
    TooMany,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Why a token was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeTokenError {
    /// A token cannot revoke tokens.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such token of this account, or no longer.
    #[error("This token is revoked already.")]
    UnknownToken,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// The account's tokens, the newest first, expired ones among them until they are revoked.
pub async fn tokens(app: &App, session: &Session) -> Result<Vec<ApiToken>, ReadError> {
    session.device()?;
    Ok(repo::tokens(app, session.account.id).await?)
}

/// Makes a token.
pub async fn create_token(
    app: &App,
    session: &Session,
    input: CreateToken,
) -> Result<NewToken, CreateTokenError> {
    use CreateTokenError as E;
    let this = session.device()?;
    session.require_confirmed(app.clock.now(), Act::CreateToken)?;
    let name = one_line(&input.name, 60).ok_or(E::InvalidName)?;
    if !(1..=365).contains(&input.days) {
        return Err(E::InvalidDays);
    }
    let entered = match enter(app, session, &input.slug).await {
        Ok(entered) => entered.ok_or(E::UnknownAlliance)?,
        Err(EnterError::NeedsSecondStep) => return Err(E::NeedsSecondStep),
        Err(EnterError::Internal(error)) => return Err(error.into()),
    };
    if input.permissions.is_empty() {
        return Err(E::NoPermission);
    }
    if input.permissions.iter().any(|permission| entered.viewer.reach(*permission).is_err()) {
        return Err(E::BeyondYours);
    }
    let is_chosen = |one: &Permission| {
        *one == Permission::SeeAlliance
            || input.permissions.iter().any(|chosen| chosen == one || chosen.needs() == Some(*one))
    };
    let now = app.clock.now();
    let token = ApiToken {
        id: ApiTokenId::new(app),
        alliance: entered.alliance,
        name,
        permissions: Permission::all().filter(is_chosen).collect(),
        created_at: now,
        expires_at: now + TimeDelta::days(input.days.into()),
        last_used_at: None,
    };
    let secret = format!("{PREFIX}{}", sign_in::hex(&app.rng.bytes::<32>()));

    let mut tx = app.db.machine().await?;
    // What ends every session and token of an account misses none that is made at the same time.
    if !repo::hold_session(&mut tx, this).await? {
        return Err(Forbidden.into());
    }
    if repo::count_tokens(&mut tx, session.account.id, token.alliance.id).await? >= limits::TOKENS {
        return Err(E::TooMany);
    }
    repo::insert_token(&mut tx, session.account.id, &token, &sign_in::token_hash(&secret)).await?;
    // Before the token is worth anything: a record too many is better than one that is missing.
    let until = token.expires_at.format("%-d %b %Y");
    record_event(app, &entered.viewer, &format!("Made the API token “{}”, good until {until}", token.name))
        .await?;
    tx.commit().await?;
    Ok(NewToken { token, secret })
}

/// Makes a token of the account worthless, at once.
pub async fn revoke_token(app: &App, session: &Session, id: ApiTokenId) -> Result<(), RevokeTokenError> {
    session.device()?;
    let (alliance_id, name) =
        repo::delete_token(app, session.account.id, id).await?.ok_or(RevokeTokenError::UnknownToken)?;
    // Whoever has left the alliance takes away a token that was worth nothing there.
    match enter_by_id(app, session, alliance_id).await {
        Ok(Some(entered)) => {
            record_event(app, &entered.viewer, &format!("Revoked the API token “{name}”")).await?;
        }
        Ok(None) | Err(EnterError::NeedsSecondStep) => {}
        Err(EnterError::Internal(error)) => return Err(error.into()),
    }
    Ok(())
}

/// Whom a token speaks for, or `None`. Notes the use now and then.
pub(super) async fn bearer(app: &App, token: &str) -> Result<Option<Session>, Internal> {
    let now = app.clock.now();
    let hash = sign_in::token_hash(token);
    let Some((session, last_used_at)) = repo::find_token(app, &hash, now).await? else { return Ok(None) };
    if last_used_at.is_none_or(|at| at < now - limits::SESSION_TOUCH) {
        repo::touch_token(app, &hash, now).await?;
    }
    Ok(Some(session))
}

failure!(CreateTokenError {
    UnknownAlliance => "slug",
    NeedsSecondStep => "slug",
    InvalidName => "name",
    NameTaken => "name",
    NoPermission => "permissions",
    BeyondYours => "permissions",
    InvalidDays => "days",
    TooMany => "slug",
} nested { Forbidden, Unconfirmed, Internal });
failure!(RevokeTokenError {
    UnknownToken => "tokenId",
} nested { Forbidden, Internal });

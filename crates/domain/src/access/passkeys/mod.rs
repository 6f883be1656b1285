//! Passkeys: a key on a device of the person's own, which gives it out only to them (WebAuthn). One signs in by itself, in
//! place of the code from the mail and the second step: having the device is one factor, and the finger, face or number
//! that it asks for is another.
//!
//! A browser answers a challenge of ours, which is kept here, counts once, and ends after five minutes. Of a passkey only
//! the public half is kept: it is worth nothing to whoever has the database.

mod add_passkey;
mod begin_passkey;
mod confirm_with_passkey;
mod remove_passkey;
mod rename_passkey;
mod repo;
mod sign_in_with_passkey;

pub use add_passkey::{AddPasskey, AddPasskeyError, add_passkey};
pub use begin_passkey::{BeginPasskeyError, begin_passkey};
pub use confirm_with_passkey::{ConfirmWithPasskeyError, begin_passkey_confirmation, confirm_with_passkey};
pub use remove_passkey::{RemovePasskeyError, remove_passkey};
pub use rename_passkey::{RenamePasskeyError, rename_passkey};
pub use sign_in_with_passkey::{
    SignInWithPasskey, SignInWithPasskeyError, begin_passkey_sign_in, sign_in_with_passkey,
};

pub(super) use repo::{delete_ended_challenges, delete_passkeys};

use url::Url;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{DiscoverableAuthentication, Passkey as Key, PublicKeyCredential},
};

use webauthn_rs_proto::AllowCredentials;

use super::{Account, Session, limits, sign_in};
use crate::{
    app::{App, Timestamp},
    db::MachineTx,
    error::{Internal, ReadError},
    ids::{AccountId, PasskeyId},
};

/// A passkey as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The passkey.
    pub id: PasskeyId,
    /// What the person calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last proved who they are; `None` if never.
    pub last_used_at: Option<Timestamp>,
}

/// What a browser is asked, once.
#[derive(Debug, Clone)]
pub struct PasskeyChallenge {
    /// Comes back with the answer, within five minutes.
    pub challenge: String,
    /// What `navigator.credentials` takes, as JSON; binary values are in base64url.
    pub options: String,
}

/// What an answer is good for, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Add,
    SignIn,
    Confirm,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::SignIn => "sign_in",
            Self::Confirm => "confirm",
        }
    }
}

/// The account's passkeys, the newest first.
pub async fn passkeys(app: &App, session: &Session) -> Result<Vec<Passkey>, ReadError> {
    session.device()?;
    Ok(repo::passkeys(app, session.account.id).await?)
}

/// Whether passkeys can be used here: browsers tie each to the name of the site, so a site that is reached by a number
/// has none.
#[must_use]
pub fn has_passkeys(app: &App) -> bool {
    origin(app).is_some()
}

/// The address of the site, if it has a name.
fn origin(app: &App) -> Option<Url> {
    Url::parse(&app.links.origin()).ok().filter(|origin| origin.domain().is_some())
}

/// What judges answers: they are good for this site alone, and prove that the device made sure of its person.
fn ceremony(app: &App) -> Result<Option<Webauthn>, Internal> {
    let Some(origin) = origin(app) else { return Ok(None) };
    let site = app.links.host();
    let built = WebauthnBuilder::new(site, &origin).and_then(|builder| builder.rp_name(site).build());
    Ok(Some(built.map_err(Internal::new)?))
}

/// Keeps what an answer will be judged by.
async fn keep(
    app: &App,
    tx: &mut MachineTx,
    (purpose, account_id): (Purpose, Option<AccountId>),
    (options, state): (&impl serde::Serialize, &impl serde::Serialize),
) -> Result<PasskeyChallenge, Internal> {
    let challenge = sign_in::new_token(app);
    let kept = repo::Challenge {
        token_hash: sign_in::token_hash(&challenge),
        purpose: purpose.as_str(),
        account_id,
        state: serde_json::to_value(state)?,
        expires_at: app.clock.now() + limits::PASSKEY_CHALLENGE_LIFETIME,
    };
    repo::insert_challenge(tx, &kept).await?;
    Ok(PasskeyChallenge { challenge, options: serde_json::to_string(options)? })
}

/// Takes what was kept for an answer. It is gone by that, whatever becomes of the answer, so `tx` has to be committed.
async fn take<S: serde::de::DeserializeOwned>(
    app: &App,
    tx: &mut MachineTx,
    challenge: &str,
    (purpose, account_id): (Purpose, Option<AccountId>),
) -> Result<Option<S>, Internal> {
    let hash = sign_in::token_hash(challenge);
    let kept = repo::take_challenge(tx, &hash, app.clock.now()).await?;
    let fits = kept.filter(|kept| kept.purpose == purpose.as_str() && kept.account_id == account_id);
    Ok(fits.map(|kept| serde_json::from_value(kept.state)).transpose()?)
}

/// A challenge that any passkey of this site answers; the browser offers those of `account`, if one is named.
async fn ask(
    app: &App,
    (purpose, account_id): (Purpose, Option<AccountId>),
) -> Result<Option<PasskeyChallenge>, Internal> {
    let Some(ceremony) = ceremony(app)? else { return Ok(None) };
    let (mut options, state) = ceremony.start_discoverable_authentication().map_err(Internal::new)?;
    // It is asked for by a button, not offered in a field.
    options.mediation = None;
    let mut tx = app.db.machine().await?;
    if let Some(account_id) = account_id {
        let own = repo::keys(&mut tx, account_id).await?;
        options.public_key.allow_credentials = own.iter().map(allowed).collect();
    }
    let asked = keep(app, &mut tx, (purpose, account_id), (&options, &state)).await?;
    tx.commit().await?;
    Ok(Some(asked))
}

fn allowed(key: &Key) -> AllowCredentials {
    AllowCredentials { type_: "public-key".to_owned(), id: key.cred_id().clone(), transports: None }
}

/// Whose passkey answered the challenge, if it is a right answer: to this challenge, from this site's own pages, by a
/// device that made sure of its person, and with a counter that has gone on. `tx` has to be committed whatever it is.
async fn prove(
    app: &App,
    tx: &mut MachineTx,
    (purpose, account_id): (Purpose, Option<AccountId>),
    (challenge, answer): (&str, &str),
) -> Result<Option<Account>, Internal> {
    let Some(ceremony) = ceremony(app)? else { return Ok(None) };
    let state: Option<DiscoverableAuthentication> = take(app, tx, challenge, (purpose, account_id)).await?;
    let (Some(state), Ok(answer)) = (state, serde_json::from_str::<PublicKeyCredential>(answer)) else {
        return Ok(None);
    };
    let Some(found) = repo::lock_passkey(tx, answer.get_credential_id()).await? else { return Ok(None) };
    // Whoever signs in is named by the answer itself; else it may leave the name out, and may not give another.
    let named = answer.get_user_unique_id().map(|handle| handle == found.account.id.0.as_bytes());
    if !named.unwrap_or(account_id.is_some()) || account_id.is_some_and(|id| id != found.account.id) {
        return Ok(None);
    }
    let mut key: Key = serde_json::from_value(found.key)?;
    let Ok(judged) = ceremony.finish_discoverable_authentication_v2(&answer, state, &key) else {
        return Ok(None);
    };
    if !judged.user_verified() {
        return Ok(None);
    }
    key.update_credential(&judged);
    repo::use_passkey(tx, found.id, &serde_json::to_value(&key)?, app.clock.now()).await?;
    Ok(Some(found.account))
}

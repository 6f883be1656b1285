//! "Let me add a passkey."

use webauthn_rs_proto::ResidentKeyRequirement;

use super::{
    super::{Session, limits},
    PasskeyChallenge, Purpose, ceremony, keep, repo,
};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    problem::failure,
    viewer::{Act, ConfirmItIsYou},
};

/// Why nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginPasskeyError {
    /// A token cannot change how its person signs in.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// The site is reached by a number.
    #[error("Passkeys need a site with a name, and this one is reached by a number.")]
    SiteHasNoName,
    /// As many as anybody needs.
    #[error("You have 20 passkeys. Remove one that is not used any more.")]
    TooManyPasskeys,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Begins to add a passkey to the account: gives what the browser asks the device. Nothing is added before
/// [`super::add_passkey`].
pub async fn begin_passkey(app: &App, session: &Session) -> Result<PasskeyChallenge, BeginPasskeyError> {
    use BeginPasskeyError as E;
    session.device()?;
    session.require_confirmed(app.clock.now(), Act::BeginPasskey)?;
    let account = &session.account;
    let ceremony = ceremony(app)?.ok_or(E::SiteHasNoName)?;

    let mut tx = app.db.machine().await?;
    let known: Vec<_> = repo::keys(&mut tx, account.id).await?;
    if known.len() >= limits::PASSKEYS {
        return Err(E::TooManyPasskeys);
    }
    let known = known.iter().map(|key| key.cred_id().clone()).collect();
    let email = account.email.as_str();
    let (mut options, state) = ceremony
        .start_passkey_registration(account.id.0, email, email, Some(known))
        .map_err(Internal::new)?;
    // One that the device finds by itself: signing in with it begins without an address.
    if let Some(chosen) = &mut options.public_key.authenticator_selection {
        chosen.require_resident_key = true;
        chosen.resident_key = Some(ResidentKeyRequirement::Required);
    }
    let begun = keep(app, &mut tx, (Purpose::Add, Some(account.id)), (&options, &state)).await?;
    tx.commit().await?;
    Ok(begun)
}

failure!(BeginPasskeyError { SiteHasNoName, TooManyPasskeys } nested { Forbidden, Unconfirmed, Internal });

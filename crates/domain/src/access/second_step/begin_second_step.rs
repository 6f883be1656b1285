//! "Ask me for a second step."

use super::{
    super::{Session, limits},
    codes, repo,
};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    problem::failure,
    viewer::{Act, ConfirmItIsYou},
};

/// What an app has to be told, once, before its first code can be typed.
#[derive(Clone)]
pub struct SecondStepSetUp {
    /// Comes back with the first code. Nothing is stored until then, and it is worth nothing after 15 minutes or in
    /// another account.
    pub set_up: String,
    /// What the app makes its codes from, to be typed into it: letters and digits in groups of four.
    pub secret: String,
    /// The same for an app that reads pictures, as an `otpauth:` address.
    pub address: String,
}

/// Why no set-up was begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginSecondStepError {
    /// A token cannot change how its person signs in.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is one.
    #[error("You have a second step already. Take it off first, then set up another.")]
    AlreadySet,
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Begins to set up the account's second step. It is not asked for before [`super::confirm_second_step`].
pub async fn begin_second_step(
    app: &App,
    session: &Session,
) -> Result<SecondStepSetUp, BeginSecondStepError> {
    session.device()?;
    if repo::second_step(app, session.account.id).await?.is_some() {
        return Err(BeginSecondStepError::AlreadySet);
    }
    session.require_confirmed(app.clock.now(), Act::BeginSecondStep)?;
    let secret = app.rng.bytes();
    let ends_at = app.clock.now() + limits::SET_UP_LIFETIME;
    let set_up = codes::seal_set_up(app, session.account.id, &secret, ends_at)?;
    Ok(described(app, session, secret, set_up)?)
}

/// The set-up that was begun, to be shown again after a wrong first code; `None` once it has ended.
pub fn second_step_set_up(
    app: &App,
    session: &Session,
    set_up: &str,
) -> Result<Option<SecondStepSetUp>, Internal> {
    let secret = codes::open_set_up(app, session.account.id, set_up);
    secret.map(|secret| described(app, session, secret, set_up.to_owned())).transpose()
}

fn described(
    app: &App,
    session: &Session,
    secret: codes::AppSecret,
    set_up: String,
) -> Result<SecondStepSetUp, Internal> {
    Ok(SecondStepSetUp {
        set_up,
        secret: codes::spelled(secret)?,
        address: codes::address(secret, app.links.host(), session.account.email.as_str())?,
    })
}

failure!(BeginSecondStepError { AlreadySet } nested { Forbidden, Unconfirmed, Internal });

//! "I have another address now."

use super::{
    super::{EmailAddress, NotAnEmailAddress, Session, limits},
    Move, SendAddressCode, repo,
};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    ids::new_uuid,
    problem::failure,
    viewer::{Act, ConfirmItIsYou},
};

/// Why no code was sent.
#[derive(Debug, thiserror::Error)]
pub enum ChangeAddressError {
    /// A token cannot change how its person signs in.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Not a mail address.
    #[error(transparent)]
    InvalidEmail(#[from] NotAnEmailAddress),
    /// Nothing would change.
    #[error("You sign in with this address already.")]
    SameAddress,
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// Five within 15 minutes, of this account or to this address.
    #[error("Several codes were sent in the last 15 minutes. Type the newest one, or wait a while.")]
    TooManyCodes,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Mails a code to the address that the account shall have. Nothing changes before [`super::confirm_address`].
pub async fn change_address(app: &App, session: &Session, email: &str) -> Result<(), ChangeAddressError> {
    use ChangeAddressError as E;
    session.device()?;
    let to = EmailAddress::parse(email)?;
    if to == session.account.email {
        return Err(E::SameAddress);
    }
    let now = app.clock.now();
    session.require_confirmed(now, Act::ChangeAddress)?;
    let asked = Move {
        id: new_uuid(now, app.rng.bytes()),
        account_id: session.account.id,
        from: session.account.email.clone(),
        to,
        asked_at: now,
    };
    let mut tx = app.db.machine().await?;
    if repo::asked_since(&mut tx, &asked, now - limits::CODE_LIFETIME).await? >= limits::CODES_PER_ADDRESS {
        return Err(E::TooManyCodes);
    }
    repo::insert(&mut tx, &asked).await?;
    tx.enqueue(app, &SendAddressCode { change_id: asked.id }).await?;
    Ok(tx.commit().await?)
}

failure!(ChangeAddressError {
    InvalidEmail => "email",
    SameAddress => "email",
    TooManyCodes => "email",
} nested { Forbidden, Unconfirmed, Internal });

//! "My passkey says who I am."

use super::{
    super::sign_in::{Browser, SignedIn, begin_session},
    PasskeyChallenge, Purpose, ask, prove,
};
use crate::{app::App, error::Internal, problem::failure};

/// An attempt to sign in with a passkey.
#[derive(Debug, Clone, Copy)]
pub struct SignInWithPasskey<'a> {
    /// The challenge of [`begin_passkey_sign_in`].
    pub challenge: &'a str,
    /// What the browser answered, as JSON.
    pub answer: &'a str,
    /// The browser.
    pub browser: Browser<'a>,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInWithPasskeyError {
    /// Not a passkey of anybody here, or not a right answer: which of these is not told.
    #[error("That passkey does not sign in here. Try again, or sign in with a code by mail.")]
    WrongAnswer,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// What the browser asks for to sign in with a passkey; `None` where there are none.
pub async fn begin_passkey_sign_in(app: &App) -> Result<Option<PasskeyChallenge>, Internal> {
    ask(app, (Purpose::SignIn, None)).await
}

/// Signs in whoever's passkey answers. It stands for both steps.
pub async fn sign_in_with_passkey(
    app: &App,
    input: SignInWithPasskey<'_>,
) -> Result<SignedIn, SignInWithPasskeyError> {
    let mut tx = app.db.machine().await?;
    let Some(account) = prove(app, &mut tx, (Purpose::SignIn, None), (input.challenge, input.answer)).await?
    else {
        tx.commit().await?;
        return Err(SignInWithPasskeyError::WrongAnswer);
    };
    let signed = begin_session(app, &mut tx, account, input.browser).await?;
    tx.commit().await?;
    Ok(signed)
}

failure!(SignInWithPasskeyError {
    WrongAnswer => "answer",
} nested { Internal });

//! "And here is my second step."

use super::{
    second_step::{delete_start, prove, start},
    sign_in::{Browser, SignedIn, begin_session, token_hash},
};
use crate::{app::App, error::Internal, problem::failure};

/// The second half of signing in.
#[derive(Debug, Clone, Copy)]
pub struct FinishSignIn<'a> {
    /// The token of [`super::Started::SecondStep`].
    pub started: &'a str,
    /// The code of the app, or a recovery code, as typed.
    pub code: &'a str,
    /// Where it is typed.
    pub browser: Browser<'a>,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum FinishSignInError {
    /// Wrong, used before, too many tries, or begun too long ago: which of these is not told.
    #[error(
        "That code does not work. Type the newest one. If it stays like this, sign in again from the beginning; \
         after many wrong codes it can take up to a day."
    )]
    WrongCode,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Signs in whoever has typed the code from the mail and now proves the second step.
pub async fn finish_sign_in(app: &App, input: FinishSignIn<'_>) -> Result<SignedIn, FinishSignInError> {
    let started = token_hash(input.started);
    let mut tx = app.db.machine().await?;
    // Of two at once, as by a double click, the second waits here for the first and then finds nothing: it is no guess.
    let Some(account) = start(&mut tx, &started, app.clock.now()).await? else {
        return Err(FinishSignInError::WrongCode);
    };
    if !prove(app, &mut tx, account.id, input.code).await? {
        tx.commit().await?;
        return Err(FinishSignInError::WrongCode);
    }
    delete_start(&mut tx, &started).await?;
    let signed = begin_session(app, &mut tx, account, input.browser).await?;
    tx.commit().await?;
    Ok(signed)
}

failure!(FinishSignInError {
    WrongCode => "code",
} nested { Internal });

//! "Here is my app's first code."

use super::{
    super::{Session, passkeys, repo as sign_in_repo},
    SecondStepChange, SendSecondStepNotice, codes, new_recovery_codes, repo,
};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    problem::failure,
};

/// The end of a set-up.
#[derive(Debug, Clone)]
pub struct ConfirmSecondStep {
    /// What [`super::begin_second_step`] gave.
    pub set_up: String,
    /// The code that the app shows, as typed.
    pub code: String,
}

/// Why no second step was set.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmSecondStepError {
    /// A token cannot change how its person signs in.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is one.
    #[error("You have a second step already. Take it off first, then set up another.")]
    AlreadySet,
    /// Begun more than 15 minutes ago, or by another account.
    #[error("This took more than 15 minutes. Please begin again, and scan the new picture.")]
    SetUpTooOld,
    /// Not the code of the secret that was shown.
    #[error("That code does not work. Type the six digits that the app shows now; its clock must be right.")]
    WrongCode,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Sets the second step once its first code proves that the app has the secret. Every other device is signed out, and every
/// API token and passkey of the account ends: one step was enough for them, so whoever reads the mail may have made them.
/// Returns the ten recovery codes; nobody can see them again.
pub async fn confirm_second_step(
    app: &App,
    session: &Session,
    input: ConfirmSecondStep,
) -> Result<Vec<String>, ConfirmSecondStepError> {
    use ConfirmSecondStepError as E;
    let this = session.device()?;
    let account_id = session.account.id;
    let now = app.clock.now();
    let secret = codes::open_set_up(app, account_id, &input.set_up).ok_or(E::SetUpTooOld)?;
    let step = codes::step_of(secret, &codes::tidied(&input.code), now)?.ok_or(E::WrongCode)?;
    let sealed = codes::seal(app, account_id, &secret)?;

    let mut tx = app.db.machine().await?;
    repo::lock_account(&mut tx, account_id).await?;
    repo::insert_second_step(&mut tx, account_id, (&sealed, step), now).await?;
    let new = new_recovery_codes(app, &mut tx, account_id).await?;
    // In this order: a session makes tokens and passkeys until it ends.
    sign_in_repo::delete_other_sessions(&mut tx, account_id, this).await?;
    let ended_tokens = sign_in_repo::delete_tokens(&mut tx, account_id).await?;
    passkeys::delete_passkeys(&mut tx, account_id).await?;
    SendSecondStepNotice::queue(app, &mut tx, account_id, SecondStepChange::Set { ended_tokens }).await?;
    tx.commit().await?;
    Ok(new)
}

failure!(ConfirmSecondStepError {
    AlreadySet,
    SetUpTooOld => "setUp",
    WrongCode => "code",
} nested { Forbidden, Internal });

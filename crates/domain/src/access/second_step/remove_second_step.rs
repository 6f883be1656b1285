//! "Do not ask me for a second step any more."

use super::{super::Session, SecondStepChange, SendSecondStepNotice, prove, repo};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    problem::failure,
};

/// Why the second step stayed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveSecondStepError {
    /// A token cannot change how its person signs in.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Wrong, used before, too many tries, or no second step at all.
    #[error("That code does not work. Type the newest code of your app, or a recovery code not used before.")]
    WrongCode,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Takes the second step off for whoever proves it with `code`, with its recovery codes.
pub async fn remove_second_step(
    app: &App,
    session: &Session,
    code: &str,
) -> Result<(), RemoveSecondStepError> {
    session.device()?;
    let account_id = session.account.id;
    let mut tx = app.db.machine().await?;
    if !prove(app, &mut tx, account_id, code).await? {
        tx.commit().await?;
        return Err(RemoveSecondStepError::WrongCode);
    }
    repo::delete_second_step(&mut tx, account_id).await?;
    SendSecondStepNotice::queue(app, &mut tx, account_id, SecondStepChange::Removed).await?;
    Ok(tx.commit().await?)
}

failure!(RemoveSecondStepError {
    WrongCode => "code",
} nested { Forbidden, Internal });

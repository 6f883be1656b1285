//! For a person who has lost the phone and the recovery codes too: the operator, who knows them, takes it off.

use super::{super::EmailAddress, SecondStepChange, SendSecondStepNotice, repo};
use crate::{app::App, error::Internal};

/// Why nothing was taken off.
#[derive(Debug, thiserror::Error)]
pub enum TakeOffSecondStepError {
    /// No account with this address, or one without a second step.
    #[error("no account with this address has a second step")]
    NotSet,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Takes the second step of the account with this address off, and tells the person by mail. Without it the code from the
/// mail signs in, so whoever decides this has made sure who asks.
pub async fn take_off_second_step(app: &App, email: &str) -> Result<(), TakeOffSecondStepError> {
    let email = EmailAddress::parse(email).map_err(|_| TakeOffSecondStepError::NotSet)?;
    let account_id = repo::account_of(app, &email).await?.ok_or(TakeOffSecondStepError::NotSet)?;
    let mut tx = app.db.machine().await?;
    if repo::delete_second_step(&mut tx, account_id).await? == 0 {
        return Err(TakeOffSecondStepError::NotSet);
    }
    SendSecondStepNotice::queue(app, &mut tx, account_id, SecondStepChange::Removed).await?;
    Ok(tx.commit().await?)
}

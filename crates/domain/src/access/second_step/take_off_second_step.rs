//! For a person who has lost the phone and the recovery codes too: the operator, who knows them, takes it off.

use super::{
    super::{EmailAddress, repo as sign_in_repo},
    SecondStepChange, SendSecondStepNotice, repo,
};
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

/// What ended with the second step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenOff {
    /// How many devices were signed out.
    pub sessions: u64,
    /// How many API tokens were revoked.
    pub tokens: u64,
}

/// Takes the second step of the account with this address off, signs it out everywhere, revokes its API tokens, and tells
/// the person by mail: it may be somebody else who set the second step and keeps the person out. Without it the code from
/// the mail signs in, so whoever decides this has made sure who asks.
pub async fn take_off_second_step(app: &App, email: &str) -> Result<TakenOff, TakeOffSecondStepError> {
    let email = EmailAddress::parse(email).map_err(|_| TakeOffSecondStepError::NotSet)?;
    let account_id = repo::account_of(app, &email).await?.ok_or(TakeOffSecondStepError::NotSet)?;
    let mut tx = app.db.machine().await?;
    if repo::delete_second_step(&mut tx, account_id).await? == 0 {
        return Err(TakeOffSecondStepError::NotSet);
    }
    // In this order: a session makes tokens until it ends.
    let sessions = sign_in_repo::delete_sessions(&mut tx, account_id).await?;
    let tokens = sign_in_repo::delete_tokens(&mut tx, account_id).await?;
    let change = SecondStepChange::TakenOff { ended_tokens: tokens };
    SendSecondStepNotice::queue(app, &mut tx, account_id, change).await?;
    tx.commit().await?;
    Ok(TakenOff { sessions, tokens })
}

//! For a person who has lost the phone and the recovery codes too: the operator, who knows them, takes it off.

use super::{
    super::{EmailAddress, passkeys, repo as sign_in_repo},
    SecondStepChange, SendSecondStepNotice, repo,
};
use crate::{app::App, error::Internal};

/// Why nothing was taken off.
#[derive(Debug, thiserror::Error)]
pub enum TakeOffSecondStepError {
    /// No account with this address, or one without a second step and passkeys.
    #[error("no account with this address has a second step or a passkey")]
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

/// Takes the second step and the passkeys of the account with this address off, signs it out everywhere, revokes its API
/// tokens, and tells the person by mail: it may be somebody else who set them and keeps the person out. Without them the
/// code from the mail signs in, so whoever decides this has made sure who asks.
pub async fn take_off_second_step(app: &App, email: &str) -> Result<TakenOff, TakeOffSecondStepError> {
    let email = EmailAddress::parse(email).map_err(|_| TakeOffSecondStepError::NotSet)?;
    let account_id = repo::account_of(app, &email).await?.ok_or(TakeOffSecondStepError::NotSet)?;
    let mut tx = app.db.machine().await?;
    let steps = repo::delete_second_step(&mut tx, account_id).await?;
    // In this order: a session makes tokens and passkeys until it ends.
    let sessions = sign_in_repo::delete_sessions(&mut tx, account_id).await?;
    let tokens = sign_in_repo::delete_tokens(&mut tx, account_id).await?;
    if steps + passkeys::delete_passkeys(&mut tx, account_id).await? == 0 {
        return Err(TakeOffSecondStepError::NotSet);
    }
    let change = SecondStepChange::TakenOff { ended_tokens: tokens };
    SendSecondStepNotice::queue(app, &mut tx, account_id, change).await?;
    tx.commit().await?;
    Ok(TakenOff { sessions, tokens })
}

//! What the person is told by mail: if it was not them, they learn it.

use serde::{Deserialize, Serialize};

use super::{super::EmailAddress, repo};
use crate::{
    app::{App, Timestamp},
    db::MachineTx,
    error::Internal,
    ids::{AccountId, new_uuid},
    jobs::Job,
};

/// What happened to an account's second step or its passkeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondStepChange {
    /// It is asked for from now on.
    Set {
        /// How many API tokens ended with it.
        ended_tokens: u64,
    },
    /// The person took it off.
    Removed,
    /// The operator took it off.
    TakenOff {
        /// How many API tokens ended with it.
        ended_tokens: u64,
    },
    /// A recovery code stood in for the app.
    RecoveryCodeUsed {
        /// How many are left.
        left: i64,
    },
    /// There are ten new recovery codes, and the old ones are worth nothing.
    RecoveryCodesRenewed,
    /// A passkey signs in from now on.
    PasskeyAdded,
    /// A passkey does so no more.
    PasskeyRemoved,
}

/// Mails a person what happened to their second step.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendSecondStepNotice {
    /// This mail.
    pub id: uuid::Uuid,
    /// Whose second step it is.
    pub account_id: AccountId,
    /// What happened.
    pub change: SecondStepChange,
    /// When.
    pub at: Timestamp,
}

impl Job for SendSecondStepNotice {
    const KIND: &'static str = "send_second_step_notice";
}

impl SendSecondStepNotice {
    /// Queues the mail in the transaction of the change.
    pub(in crate::access) async fn queue(
        app: &App,
        tx: &mut MachineTx,
        account_id: AccountId,
        change: SecondStepChange,
    ) -> Result<(), Internal> {
        let at = app.clock.now();
        let notice = Self { id: new_uuid(at, app.rng.bytes()), account_id, change, at };
        tx.enqueue(app, &notice).await?;
        Ok(())
    }
}

/// A notice and whom it goes to.
#[derive(Debug)]
pub struct SecondStepNotice {
    /// The account's address.
    pub to: EmailAddress,
    /// What happened.
    pub change: SecondStepChange,
    /// When.
    pub at: Timestamp,
}

/// Loads the mail of a job; `None` once the account is gone.
pub async fn second_step_notice(
    app: &App,
    job: &SendSecondStepNotice,
) -> Result<Option<SecondStepNotice>, Internal> {
    let to = repo::email_of(app, job.account_id).await?;
    Ok(to.map(|to| SecondStepNotice { to, change: job.change, at: job.at }))
}

//! The mail with the code that proves the new address.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{EmailAddress, limits},
    Purpose, repo,
};
use crate::{
    app::App,
    error::Internal,
    jobs::{Job, Priority},
};

/// Mails the code that proves a new address.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendAddressCode {
    /// Which change it is for.
    pub change_id: Uuid,
}

impl Job for SendAddressCode {
    const KIND: &'static str = "send_address_code";
    const TIMEOUT: Duration = Duration::from_secs(30);
    const PRIORITY: Priority = Priority::SomebodyWaits;
}

/// What the mail to the new address says.
#[derive(Debug)]
pub struct AddressCode {
    /// Whose address is to be proved.
    pub to: EmailAddress,
    /// Six digits.
    pub code: String,
    /// How many minutes they still work.
    pub minutes: i64,
    /// The address that the account has until then.
    pub from: EmailAddress,
}

/// Loads the mail of a job; `None` once the code was used or has expired.
pub async fn address_code(app: &App, job: &SendAddressCode) -> Result<Option<AddressCode>, Internal> {
    let now = app.clock.now();
    let asked = repo::unproved(app, job.change_id, now - limits::CODE_LIFETIME).await?;
    Ok(asked.map(|asked| AddressCode {
        code: Purpose::Prove.digits(app, asked.id),
        // Begun minutes count, so that a mail that leaves at once says what the page says.
        minutes: ((asked.asked_at + limits::CODE_LIFETIME - now).num_seconds() + 59) / 60,
        to: asked.to,
        from: asked.from,
    }))
}

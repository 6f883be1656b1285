//! "Send me a code."

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{EmailAddress, NotAnEmailAddress, code_digits, limits, repo};
use crate::{
    app::App,
    error::Internal,
    ids::new_uuid,
    jobs::{Job, Priority},
    problem::failure,
};

/// Why no code was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RequestSignInCodeError {
    /// Not a mail address.
    #[error(transparent)]
    InvalidEmail(#[from] NotAnEmailAddress),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Mails a code, or the advice that no alliance knows this address.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendSignInCode {
    /// The code.
    pub code_id: uuid::Uuid,
}

impl Job for SendSignInCode {
    const KIND: &'static str = "send_sign_in_code";
    const TIMEOUT: Duration = Duration::from_secs(30);
    const PRIORITY: Priority = Priority::SomebodyWaits;
}

/// Queues a mail with a code for `email`. Answers alike, and as fast, whether or not anybody knows the address:
/// the mail says which.
pub async fn request_sign_in_code(app: &App, email: &str) -> Result<(), RequestSignInCodeError> {
    request(app, email, false).await
}

/// The same for somebody who wants to found an alliance: no alliance need know the address.
pub async fn request_sign_up_code(app: &App, email: &str) -> Result<(), RequestSignInCodeError> {
    request(app, email, true).await
}

async fn request(app: &App, email: &str, to_found: bool) -> Result<(), RequestSignInCodeError> {
    let email = EmailAddress::parse(email)?;
    let now = app.clock.now();
    let mut tx = app.db.machine().await?;
    // Beyond the limit the answer stays the same and nothing is sent: a stranger learns nothing, and cannot fill
    // a mailbox.
    if repo::codes_since(&mut tx, &email, now - limits::CODE_LIFETIME).await? < limits::CODES_PER_ADDRESS {
        let code_id = new_uuid(now, app.rng.bytes());
        repo::insert_code(&mut tx, code_id, (&email, to_found), now).await?;
        tx.enqueue(app, &SendSignInCode { code_id }).await?;
    }
    Ok(tx.commit().await?)
}

/// What the mail to the address says.
#[derive(Debug)]
pub enum SignInMail {
    /// The code, and for how many minutes it still works.
    Code {
        /// Whose address is to be proved.
        to: EmailAddress,
        /// Six digits.
        code: String,
        /// How long they still work.
        minutes: i64,
    },
    /// Nobody in any alliance has this address.
    NoAccount {
        /// Who asked.
        to: EmailAddress,
    },
}

/// Loads the mail of a job; `None` once the code was used or has expired.
pub async fn sign_in_mail(app: &App, code_id: uuid::Uuid) -> Result<Option<SignInMail>, Internal> {
    let now = app.clock.now();
    let mut tx = app.db.machine().await?;
    let Some(code) = repo::open_code(&mut tx, code_id, now).await? else { return Ok(None) };
    let to = EmailAddress::stored(code.email);
    Ok(Some(if code.to_found || repo::is_known(&mut tx, &to).await? {
        // Begun minutes count, so that a mail that leaves at once says what the page says.
        let minutes = ((code.expires_at - now).num_seconds() + 59) / 60;
        SignInMail::Code { code: code_digits(&app.secret, code.id), to, minutes }
    } else {
        SignInMail::NoAccount { to }
    }))
}

failure!(RequestSignInCodeError {
    InvalidEmail => "email",
} nested { Internal });

//! The development mailbox: where mails land when no SMTP server is named. Not an alliance's: it belongs to whoever
//! runs the process on their own machine.

use serde::{Deserialize, Serialize};

use super::repo;
use crate::{
    app::{App, Timestamp},
    error::Internal,
    ids::new_uuid,
    jobs::{Job, Priority},
};

/// How many mails stay, the newest.
pub const KEEP_MAILS: u16 = 1_000;

/// Deletes all but the newest [`KEEP_MAILS`].
#[derive(Debug, Serialize, Deserialize)]
pub struct PruneDevelopmentMails {}

impl Job for PruneDevelopmentMails {
    const KIND: &'static str = "prune_development_mails";
    const PRIORITY: Priority = Priority::CanWait;
}

/// A mail to be kept.
#[derive(Debug, Clone)]
pub struct NewDevelopmentMail {
    /// The From header.
    pub sender: String,
    /// Addresses.
    pub recipients: Vec<String>,
    /// The subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Names of attached files.
    pub attachments: Vec<String>,
    /// With angle brackets.
    pub message_id: String,
}

/// A mail that was kept.
#[derive(Debug, Clone)]
pub struct DevelopmentMail {
    /// The mail.
    pub id: uuid::Uuid,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// The From header.
    pub sender: String,
    /// Addresses, with commas between.
    pub recipients: String,
    /// The subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Names of attached files.
    pub attachments: Vec<String>,
    /// With angle brackets.
    pub message_id: String,
}

/// Keeps a mail.
pub async fn deliver_to_development_mailbox(app: &App, mail: &NewDevelopmentMail) -> Result<(), Internal> {
    let now = app.clock.now();
    let mut tx = app.db.machine().await?;
    repo::insert_development_mail(&mut tx, new_uuid(now, app.rng.bytes()), mail, now).await?;
    tx.commit().await
}

/// The newest `limit` mails.
pub async fn development_mails(app: &App, limit: u16) -> Result<Vec<DevelopmentMail>, Internal> {
    repo::development_mails(&mut app.db.machine().await?, None, limit.into()).await
}

/// One mail.
pub async fn development_mail(app: &App, id: uuid::Uuid) -> Result<Option<DevelopmentMail>, Internal> {
    Ok(repo::development_mails(&mut app.db.machine().await?, Some(id), 1).await?.into_iter().next())
}

/// Returns how many mails are gone.
pub async fn prune_development_mails(app: &App) -> Result<u64, Internal> {
    let mut tx = app.db.machine().await?;
    let deleted = repo::delete_development_mails(&mut tx, KEEP_MAILS.into()).await?;
    tx.commit().await?;
    Ok(deleted)
}

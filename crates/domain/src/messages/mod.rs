//! Mails: each made once, sent once, and recorded.
//!
//! A mail is a row, unique by what it is about: (alliance, rule, subject, recipient, reference date, occurrence, how
//! often a person sent it again). Making it again is a quiet no-op. A job sends it under a lease, always with the same Message-ID; a crash between
//! the server's answer and our record of it is the one window SMTP leaves open, and such a mail is marked
//! [`DeliveryState::Unknown`] for a person rather than sent twice.

mod development_mailbox;
pub(crate) mod repo;
mod send_again;
mod send_mail;

pub use development_mailbox::{
    DevelopmentMail, KEEP_MAILS, NewDevelopmentMail, PruneDevelopmentMails, deliver_to_development_mailbox,
    development_mail, development_mails, prune_development_mails,
};
pub use send_again::{SendAgainError, send_again};
pub use send_mail::{Begun, Composed, Content, Outcome, SendMail, Sending, begin_sending, settle_sending};

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::{
    access::EmailAddress,
    app::{App, Timestamp},
    db::Tx,
    error::{Internal, ReadError},
    ids::{DeliveryId, MemberId},
    page::{Page, PageRequest},
    viewer::{Permission, Reading},
};

/// Why a mail is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// An invoice was issued.
    InvoiceIssued,
    /// An invoice is soon due, due, or overdue.
    InvoiceReminder,
    /// A credit note was issued.
    CreditNoteIssued,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::InvoiceIssued, Self::InvoiceReminder, Self::CreditNoteIssued];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvoiceIssued => "invoice_issued",
            Self::InvoiceReminder => "invoice_reminder",
            Self::CreditNoteIssued => "credit_note_issued",
        }
    }

    /// The rule as a person reads it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::InvoiceIssued => "Invoice",
            Self::InvoiceReminder => "Reminder",
            Self::CreditNoteIssued => "Credit note",
        }
    }

    pub(crate) fn stored(name: &str) -> Result<Self, Internal> {
        Self::ALL
            .into_iter()
            .find(|rule| rule.as_str() == name)
            .ok_or_else(|| Internal::new("a stored mail rule is not known"))
    }
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Queued.
    Waiting,
    /// On its way.
    Sending,
    /// The mail server took it.
    Sent,
    /// The mail server refused it for good: the address is wrong.
    Refused,
    /// Begun, and nobody knows how it ended: its sender said nothing for longer than sending takes, whatever became of
    /// its job.
    Unknown,
    /// No longer true when its turn came: paid, held or disputed meanwhile.
    Withdrawn,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Sending, Self::Sent, Self::Refused, Self::Unknown, Self::Withdrawn];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub(crate) fn stored(name: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == name).unwrap_or(Self::Unknown)
    }

    /// It ended, and as far as anybody knows the recipient does not have it.
    #[must_use]
    pub fn has_failed(self) -> bool {
        match self {
            Self::Refused | Self::Unknown | Self::Withdrawn => true,
            Self::Waiting | Self::Sending | Self::Sent => false,
        }
    }
}

/// One mail to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The mail.
    pub id: DeliveryId,
    /// Why.
    pub rule: Rule,
    /// What it is about: an invoice or a credit note.
    pub subject_id: uuid::Uuid,
    /// The member it concerns.
    pub member_id: MemberId,
    /// To whom.
    pub recipient: EmailAddress,
    /// For a reminder: its level, in days from the due date.
    pub occurrence: i16,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i16,
    /// Its subject line, once composed.
    pub mail_subject: Option<String>,
    /// What the mail server last said.
    pub last_reply: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When the mail server took it.
    pub sent_at: Option<Timestamp>,
}

/// What a mail is about: with the recipient, its identity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effect {
    pub(crate) rule: Rule,
    pub(crate) subject_id: uuid::Uuid,
    pub(crate) member_id: MemberId,
    pub(crate) reference_date: NaiveDate,
    pub(crate) occurrence: i16,
    /// How often it was made before, each time without success; 0 for what the program sends by itself.
    pub(crate) again: i16,
}

/// Queues the mails of an effect, one for each recipient. Those made before are left as they are.
pub(crate) async fn queue_mails(
    app: &App,
    tx: &mut Tx,
    effect: &Effect,
    recipients: &[EmailAddress],
) -> Result<(), Internal> {
    queue(app, tx, recipients.iter().map(|recipient| (*effect, recipient))).await?;
    Ok(())
}

/// Queues the mails of an effect once more: to those recipients who neither have it nor are about to get it. Returns the
/// new mails.
pub(crate) async fn queue_again(
    app: &App,
    tx: &mut Tx,
    effect: &Effect,
    recipients: &[EmailAddress],
) -> Result<Vec<DeliveryId>, Internal> {
    let last = repo::last(tx, effect).await?;
    let again = recipients.iter().filter_map(|recipient| {
        let again = match last.iter().find(|last| last.recipient == *recipient) {
            None => 0,
            Some(last) if last.state.has_failed() => last.again.saturating_add(1),
            Some(_) => return None,
        };
        Some((Effect { again, ..*effect }, recipient))
    });
    queue(app, tx, again).await
}

async fn queue<'a>(
    app: &App,
    tx: &mut Tx,
    mails: impl Iterator<Item = (Effect, &'a EmailAddress)>,
) -> Result<Vec<DeliveryId>, Internal> {
    let now = app.clock.now();
    let mut jobs = Vec::new();
    for (effect, recipient) in mails {
        let id = DeliveryId::new(app);
        let message_id = format!("<{id}@{}>", app.links.host());
        if repo::insert(tx, id, &effect, (recipient, &message_id, now)).await? {
            jobs.push(SendMail { delivery_id: id });
        }
    }
    tx.enqueue_all(app, &jobs).await?;
    Ok(jobs.into_iter().map(|job| job.delivery_id).collect())
}

/// Which mails are listed. Empty fields filter nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeliveryFilter {
    /// In one state.
    pub state: Option<DeliveryState>,
    /// About one subject, such as an invoice.
    pub subject_id: Option<uuid::Uuid>,
}

/// Where a list of mails goes on: before this time and mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeliveryCursor {
    /// When the last one shown was queued.
    pub created_at: Timestamp,
    /// And its id.
    pub id: DeliveryId,
}

/// Mails of the alliance, the newest first.
pub async fn deliveries(
    reading: &Reading,
    filter: &DeliveryFilter,
    page: &PageRequest<DeliveryCursor>,
    now: Timestamp,
) -> Result<Page<Delivery>, ReadError> {
    let mut tx = reading.require(Permission::SeeMessages).await?;
    Ok(repo::deliveries(&mut tx, filter, page, now).await?)
}

/// One mail of the alliance.
pub async fn delivery(
    reading: &Reading,
    id: DeliveryId,
    now: Timestamp,
) -> Result<Option<Delivery>, ReadError> {
    let mut tx = reading.require(Permission::SeeMessages).await?;
    Ok(repo::delivery(&mut tx, id, now).await?)
}

/// The mails about these subjects, the oldest first.
pub async fn deliveries_about(
    reading: &Reading,
    subjects: &[uuid::Uuid],
    now: Timestamp,
) -> Result<Vec<Delivery>, ReadError> {
    let mut tx = reading.require(Permission::SeeMessages).await?;
    Ok(repo::deliveries_about(&mut tx, subjects, now).await?)
}

/// The text parts of these mails as they were composed; of those from before texts were kept, and of those that are not
/// composed yet, there is none.
pub async fn delivery_texts(
    reading: &Reading,
    ids: &[DeliveryId],
) -> Result<HashMap<DeliveryId, String>, ReadError> {
    let mut tx = reading.require(Permission::SeeMessages).await?;
    Ok(repo::texts(&mut tx, ids).await?)
}

/// How many mails are in each state; states without mails are left out.
pub async fn delivery_counts(
    reading: &Reading,
    now: Timestamp,
) -> Result<Vec<(DeliveryState, i64)>, ReadError> {
    let mut tx = reading.require(Permission::SeeMessages).await?;
    Ok(repo::counts(&mut tx, now).await?)
}

//! Sending one mail: take its lease, load what it says, and record how it ended.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{
    DeliveryState, Rule,
    repo::{self, LeaseAnswer},
};
use crate::{
    access::EmailAddress,
    alliances::{self, Alliance},
    app::{App, Timestamp},
    error::ReadError,
    funding::invoices::{self, Chasing, CreditNote, InvoiceRecord, Printed},
    ids::{CreditNoteId, DeliveryId, InvoiceId},
    jobs::Job,
    money::Pence,
    people,
    viewer::{Permission, Viewer},
};

/// Longer than a body may take ([`Job::TIMEOUT`]), so that a lease never runs out under a sender that is alive. Longer,
/// too, than a dead process keeps its job: the next attempt meets the lease and comes again.
const LEASE: TimeDelta = TimeDelta::minutes(2);

/// Sends one mail.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendMail {
    /// Which.
    pub delivery_id: DeliveryId,
}

impl Job for SendMail {
    const KIND: &'static str = "send_mail";
}

/// What an attempt to send finds.
#[derive(Debug, Clone)]
pub enum Begun {
    /// The lease is ours: send it.
    Sending(Box<Sending>),
    /// An earlier attempt holds the lease. It may be alive, or dead: that is known when the lease has run out, so the
    /// work is not over and must be tried again.
    Held,
    /// An earlier attempt died with the lease, after or before the mail server took the mail. It is about money, so it
    /// is not sent twice: it is marked for a person, who asks or sends it again.
    Unknown,
    /// Nothing to send: it was sent or refused before, or is no longer true (then it is withdrawn).
    Over,
}

/// A mail under lease, with what it says.
#[derive(Debug, Clone)]
pub struct Sending {
    /// To whom.
    pub recipient: EmailAddress,
    /// The same at every attempt.
    pub message_id: String,
    /// The Date header, the same at every attempt.
    pub date: Timestamp,
    /// Who sends.
    pub alliance: Alliance,
    /// What it says.
    pub content: Content,
    /// The address of the invoice's page; `None` when whoever has the recipient's address may not see it, or cannot sign
    /// in, as an office's shared mailbox cannot.
    pub page: Option<String>,
    /// Where the attached file is kept.
    pub attachment: String,
}

/// What a mail says.
#[derive(Debug, Clone)]
pub enum Content {
    /// Here is your invoice.
    InvoiceIssued(Box<InvoiceRecord>),
    /// The invoice is soon due, due, or overdue.
    InvoiceReminder {
        /// The invoice with what is still to be paid.
        record: Box<InvoiceRecord>,
        /// Days from the due date, negative before it.
        days_from_due: i16,
    },
    /// Here is your credit note.
    CreditNoteIssued {
        /// The credit note.
        note: CreditNote,
        /// The invoice it takes back from.
        record: Box<InvoiceRecord>,
    },
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The server took it.
    Sent {
        /// What it said.
        reply: String,
    },
    /// The server will never take it.
    Refused {
        /// What it said.
        reply: String,
    },
    /// It was not taken this time; the mail waits again.
    TryAgain {
        /// Why.
        reason: String,
    },
}

/// Takes the mail's lease and loads it.
pub async fn begin_sending(app: &App, viewer: &Viewer, id: DeliveryId) -> Result<Begun, ReadError> {
    let scope = viewer.require(Permission::IssueInvoices)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let leased = match repo::lease(&mut tx, id, (now, now + LEASE)).await? {
        LeaseAnswer::Taken(leased) => leased,
        LeaseAnswer::Held => return Ok(Begun::Held),
        LeaseAnswer::Over => return Ok(Begun::Over),
        LeaseAnswer::RanOut => {
            tx.commit().await?;
            return Ok(Begun::Unknown);
        }
    };
    if !alliance.is_confirmed
        && !people::repo::is_of_team(&mut tx, &leased.recipient, alliance.date(now)).await?
    {
        let reply = "The alliance is on trial: until it is confirmed, its mail goes to its own team only.";
        let end = repo::Settled { reply: Some(reply), ..withdrawn() };
        repo::settle(&mut tx, id, &end).await?;
        tx.commit().await?;
        return Ok(Begun::Over);
    }
    let rule = Rule::stored(&leased.rule)?;
    let credit_note = match rule {
        Rule::CreditNoteIssued => {
            invoices::repo::credit_note(&mut tx, CreditNoteId(leased.subject_id)).await?
        }
        Rule::InvoiceIssued | Rule::InvoiceReminder => None,
    };
    let invoice_id = credit_note.as_ref().map_or(InvoiceId(leased.subject_id), |note| note.invoice_id);
    let record = invoices::repo::invoices_by_ids(&mut tx, &[invoice_id]).await?.into_iter().next();
    // A reminder looks once more: what was paid, held or disputed since it was queued is not asked for.
    let is_true = record.as_ref().is_some_and(|record| match rule {
        Rule::InvoiceReminder => {
            record.balance.outstanding > Pence::ZERO && record.balance.chasing == Chasing::Usual
        }
        Rule::InvoiceIssued => record.balance.credited < record.invoice.gross,
        Rule::CreditNoteIssued => credit_note.is_some(),
    });
    let Some(record) = record.filter(|_| is_true).map(Box::new) else {
        repo::settle(&mut tx, id, &withdrawn()).await?;
        tx.commit().await?;
        return Ok(Begun::Over);
    };
    let recipient = EmailAddress::stored(leased.recipient);
    let (member_id, today) = (record.invoice.member_id, alliance.date(now));
    let may_see = people::repo::may_see_money(&mut tx, &recipient, member_id, today).await?;
    tx.commit().await?;

    let printed = match &credit_note {
        Some(note) => Printed::CreditNote(note.id),
        None => Printed::Invoice(invoice_id),
    };
    let page = may_see.then(|| app.links.to(&format!("/{}/invoices/{invoice_id}", alliance.slug)));
    let content = match (rule, credit_note) {
        (Rule::CreditNoteIssued, Some(note)) => Content::CreditNoteIssued { note, record },
        (Rule::InvoiceReminder, _) => Content::InvoiceReminder { record, days_from_due: leased.occurrence },
        _ => Content::InvoiceIssued(record),
    };
    Ok(Begun::Sending(Box::new(Sending {
        recipient,
        message_id: leased.message_id,
        date: leased.created_at,
        attachment: printed.store_key(viewer),
        alliance,
        content,
        page,
    })))
}

/// The end of a mail that is not sent.
fn withdrawn<'a>() -> repo::Settled<'a> {
    repo::Settled {
        state: DeliveryState::Withdrawn,
        mail_subject: None,
        mail_text: None,
        reply: None,
        sent_at: None,
    }
}

/// The words of a mail, as they were composed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
}

/// Records how the attempt ended, with the words as sent; without them where it came to none. Saying it again is harmless.
pub async fn settle_sending(
    app: &App,
    viewer: &Viewer,
    id: DeliveryId,
    (composed, outcome): (Option<&Composed>, &Outcome),
) -> Result<(), ReadError> {
    let scope = viewer.require(Permission::IssueInvoices)?;
    let now = app.clock.now();
    let (state, reply, sent_at) = match outcome {
        Outcome::Sent { reply } => (DeliveryState::Sent, reply, Some(now)),
        Outcome::Refused { reply } => (DeliveryState::Refused, reply, None),
        Outcome::TryAgain { reason } => (DeliveryState::Waiting, reason, None),
    };
    let mut tx = app.db.begin(scope).await?;
    let end = repo::Settled {
        state,
        mail_subject: composed.map(|composed| composed.subject.as_str()),
        mail_text: composed.map(|composed| composed.text.as_str()),
        reply: Some(reply),
        sent_at,
    };
    repo::settle(&mut tx, id, &end).await?;
    Ok(tx.commit().await?)
}

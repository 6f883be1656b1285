//! Sending one mail of an alliance.

use std::time::{Duration, Instant};

use domain::{
    error::ReadError,
    funding::invoices::{Invoice, InvoiceRecord},
    ids::DeliveryId,
    messages::{Begun, Composed, Content, Outcome, SendMail, Sending, begin_sending, settle_sending},
};
use mail::{Attachment, Balance, BankAccount, Email, ReminderLevel, SendError, mails};
use object_store::ObjectStoreExt;

use super::{
    Deps,
    post::{Letter, alliance_of},
};
use crate::{JobContext, JobError, metrics};

/// How long an outcome may take to be recorded while the database is away. With the sending it stays within the time of
/// the body.
const RECORD_WITHIN: Duration = Duration::from_secs(10);
/// The pause before an outcome that could not be recorded is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// Takes the mail's lease, sends it and records how that ended. A mail that was sent before, or is no longer true, is
/// not sent; one that an earlier attempt may be sending is looked at again later.
pub(super) async fn send_mail(context: JobContext<Deps>, job: SendMail) -> Result<(), JobError> {
    let (app, viewer) = (&context.app, &context.viewer);
    let sending = match begin_sending(app, viewer, job.delivery_id).await? {
        Begun::Sending(sending) => *sending,
        Begun::Held => return Err(JobError::Retry("an earlier attempt may still be sending it".into())),
        Begun::Unknown => {
            tracing::warn!("nobody knows whether the mail server took the mail");
            metrics::mail("unknown");
            return Ok(());
        }
        Begun::Over => return Ok(()),
    };
    let (composed, outcome) = match attempt(&context, sending).await {
        Ok((composed, reply)) => (Some(composed), Outcome::Sent { reply }),
        Err(Failed::Refused(composed, reply)) => (composed, Outcome::Refused { reply }),
        Err(Failed::TryAgain(reason)) => (None, Outcome::TryAgain { reason }),
    };
    record(&context, job.delivery_id, (composed.as_ref(), &outcome)).await?;
    match outcome {
        // Who refused it is told on the mail's own page: there is nothing to run again.
        Outcome::Sent { .. } | Outcome::Refused { .. } => Ok(()),
        Outcome::TryAgain { reason } => Err(JobError::Retry(reason)),
    }
}

/// What the mail server said is known here alone: a database that is away for a moment is waited for, or the mail would
/// be one of which nobody knows.
async fn record(
    context: &JobContext<Deps>,
    id: DeliveryId,
    ended: (Option<&Composed>, &Outcome),
) -> Result<(), ReadError> {
    let started = Instant::now();
    loop {
        match settle_sending(&context.app, &context.viewer, id, ended).await {
            Err(ReadError::Internal(error)) if started.elapsed() < RECORD_WITHIN => {
                tracing::warn!(error = error.detail(), "the end of a mail waits to be recorded");
                tokio::time::sleep(PAUSE).await;
            }
            recorded => return recorded,
        }
    }
}

enum Failed {
    Refused(Option<Composed>, String),
    TryAgain(String),
}

async fn attempt(context: &JobContext<Deps>, sending: Sending) -> Result<(Composed, String), Failed> {
    let file = context.deps.store.get(&sending.attachment.as_str().into()).await;
    let file = file.map_err(|error| Failed::TryAgain(format!("the file store: {error}")))?;
    let pdf = file.bytes().await.map_err(|error| Failed::TryAgain(format!("the file store: {error}")))?;
    let email = compose(context, &sending, pdf.to_vec()).map_err(|error| match error {
        JobError::Discard(reason) => Failed::Refused(None, reason),
        JobError::Retry(reason) => Failed::TryAgain(reason),
    })?;
    let sent = context.deps.post.send(&context.app, &email).await;
    let composed = Composed { subject: email.subject, text: email.text };
    match sent {
        Ok(reply) => Ok((composed, reply)),
        Err(SendError::Discard { reason, .. }) => Err(Failed::Refused(Some(composed), reason)),
        Err(SendError::Retry { reason }) => Err(Failed::TryAgain(reason)),
    }
}

fn compose(context: &JobContext<Deps>, sending: &Sending, pdf: Vec<u8>) -> Result<Email, JobError> {
    let (alliance, page) = (&sending.alliance, sending.page.clone());
    let letter = |name: String| Letter {
        from_name: &alliance.name,
        reply_to: Some(&alliance.letterhead.contact_email),
        to: sending.recipient.as_str(),
        message_id: sending.message_id.clone(),
        date: sending.date,
        attachments: vec![Attachment { name, content_type: "application/pdf".into(), content: pdf }],
    };
    let post = &context.deps.post;
    match &sending.content {
        Content::InvoiceIssued(record) => {
            let invoice = &record.invoice;
            let mail = mails::InvoiceIssued {
                alliance: alliance_of(alliance),
                school: invoice.member_name.clone(),
                payer: invoice.bill_to_name.clone(),
                number: invoice.number.clone(),
                period_start: invoice.period_start,
                period_end: invoice.period_end,
                total: invoice.gross.0,
                due_on: invoice.due_on,
                purchase_order: invoice.purchase_order.clone(),
                bank: bank(invoice),
                page,
            };
            post.compose(&mail, letter(format!("Invoice {}.pdf", invoice.number)))
        }
        Content::InvoiceReminder { record, days_from_due } => {
            let invoice = &record.invoice;
            let mail = mails::InvoiceReminder {
                alliance: alliance_of(alliance),
                school: invoice.member_name.clone(),
                payer: invoice.bill_to_name.clone(),
                number: invoice.number.clone(),
                period_start: invoice.period_start,
                period_end: invoice.period_end,
                purchase_order: invoice.purchase_order.clone(),
                due_on: invoice.due_on,
                level: ReminderLevel::from_days(*days_from_due),
                balance: balance(record),
                bank: bank(invoice),
                page,
            };
            post.compose(&mail, letter(format!("Invoice {}.pdf", invoice.number)))
        }
        Content::CreditNoteIssued { note, record } => {
            let mail = mails::CreditNoteIssued {
                alliance: alliance_of(alliance),
                school: record.invoice.member_name.clone(),
                payer: record.invoice.bill_to_name.clone(),
                number: note.number.clone(),
                invoice_number: record.invoice.number.clone(),
                reason: note.reason.clone(),
                amount: note.gross.0,
                balance: balance(record),
                page,
            };
            post.compose(&mail, letter(format!("Credit note {}.pdf", note.number)))
        }
    }
}

fn balance(record: &InvoiceRecord) -> Balance {
    let balance = &record.balance;
    Balance { total: record.invoice.gross.0, credited: balance.credited.0, received: balance.received.0 }
}

/// The account as printed on the invoice, with the reference that finds it again.
fn bank(invoice: &Invoice) -> BankAccount {
    let bank = &invoice.letterhead.bank;
    BankAccount {
        name: bank.name.clone(),
        sort_code: bank.sort_code.clone(),
        number: bank.number.clone(),
        reference: invoice.number.clone(),
    }
}

//! A person sends a mail again that was refused, or of which nobody knows whether it arrived.

use super::{Delivery, DeliveryState, Rule, queue_again, repo};
use crate::{
    access::add_event,
    app::App,
    error::{Forbidden, Internal},
    funding::invoices,
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::{CreditNoteId, DeliveryId, InvoiceId},
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Why the mail is not sent again.
#[derive(Debug, thiserror::Error)]
pub enum SendAgainError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such mail in this alliance.
    #[error("There is no such mail.")]
    UnknownMail,
    /// A sender has it at this moment.
    #[error(
        "It is being sent at this moment. In two minutes it is known what became of it; look again then."
    )]
    BeingSent,
    /// It waits, was sent, or was withdrawn.
    #[error("Only a mail that was refused, or of which nobody knows whether it arrived, can be sent again.")]
    NotFailed,
    /// The payer has no address today.
    #[error(
        "The payer has no address for mails about invoices. Give it an accounts address or a finance contact first."
    )]
    NoAddress,
    /// Nobody is left to send it to.
    #[error("Everybody who gets mails for this payer has it, or it is on its way to them.")]
    NothingToSend,
    /// The key was used for something else.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Queues the mail for the addresses that its payer has today, except those that have it. The earlier mail stays as it
/// ended; each new one has a Message-ID of its own, and looks once more whether it is still true. Returns the new ones.
pub async fn send_again(
    app: &App,
    viewer: &Viewer,
    id: DeliveryId,
    key: Option<&IdempotencyKey>,
) -> Result<Vec<Delivery>, SendAgainError> {
    let scope = viewer.require(Permission::IssueInvoices)?;
    let mut tx = app.db.begin(scope).await?;
    let now = app.clock.now();
    let person_id = viewer.person_id();
    let once = Once { person_id, key, operation: "send_again", input: &id, result_id: id.0, now };
    let is_done = idempotency::claim(&mut tx, once).await?.is_some();
    // A sender that died for good left it as if it were on its way.
    repo::give_up(&mut tx, id, now).await?;
    let (effect, state) = repo::effect_for_update(&mut tx, id).await?.ok_or(SendAgainError::UnknownMail)?;
    if is_done {
        // What was made then, and since.
        let mut mails = repo::deliveries_about(&mut tx, &[effect.subject_id], now).await?;
        mails.retain(|mail| mail.id > id && (mail.rule, mail.occurrence) == (effect.rule, effect.occurrence));
        return Ok(mails);
    }
    match state {
        DeliveryState::Refused | DeliveryState::Unknown => {}
        DeliveryState::Sending => return Err(SendAgainError::BeingSent),
        DeliveryState::Waiting | DeliveryState::Sent | DeliveryState::Withdrawn => {
            return Err(SendAgainError::NotFailed);
        }
    }
    let invoice_id = match effect.rule {
        Rule::InvoiceIssued | Rule::InvoiceReminder => InvoiceId(effect.subject_id),
        Rule::CreditNoteIssued => {
            let note = invoices::repo::credit_note(&mut tx, CreditNoteId(effect.subject_id)).await?;
            note.ok_or(SendAgainError::UnknownMail)?.invoice_id
        }
    };
    let record = invoices::repo::invoices_by_ids(&mut tx, &[invoice_id]).await?.into_iter().next();
    let record = record.ok_or(SendAgainError::UnknownMail)?;
    let recipients = invoices::payer_recipients(&mut tx, record.invoice.payer_id).await?;
    if recipients.is_empty() {
        return Err(SendAgainError::NoAddress);
    }
    let new = queue_again(app, &mut tx, &effect, &recipients).await?;
    if new.is_empty() {
        return Err(SendAgainError::NothingToSend);
    }
    let mut mails = repo::deliveries_about(&mut tx, &[effect.subject_id], now).await?;
    mails.retain(|mail| new.contains(&mail.id));
    add_event(app, &mut tx, &format!("Sent a mail about {} again", record.invoice.number)).await?;
    tx.commit().await?;
    Ok(mails)
}

failure!(SendAgainError {
    UnknownMail => "deliveryId",
    BeingSent => "deliveryId",
    NotFailed => "deliveryId",
    NoAddress => "deliveryId",
    NothingToSend => "deliveryId",
} nested { Forbidden, Internal, Idempotency });

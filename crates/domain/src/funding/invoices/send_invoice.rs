//! A person sends an invoice that had no address when it was issued, or whose addresses have changed since.

use super::{
    InvoiceRecord, repo,
    send::{issued, payer_recipients},
};
use crate::{
    access::add_event,
    app::App,
    error::{Forbidden, Internal},
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::InvoiceId,
    messages,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Why the invoice is not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendInvoiceError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such invoice in this alliance.
    #[error("That invoice is not one of this alliance's.")]
    UnknownInvoice,
    /// Nothing of it is left to ask for.
    #[error("This invoice is credited in full, so it is no longer sent.")]
    Credited,
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

/// Queues the invoice for the addresses that its payer has today, except those that have it.
pub async fn send_invoice(
    app: &App,
    viewer: &Viewer,
    id: InvoiceId,
    key: Option<&IdempotencyKey>,
) -> Result<InvoiceRecord, SendInvoiceError> {
    let scope = viewer.require(Permission::IssueInvoices)?;
    let mut tx = app.db.begin(scope).await?;
    let (person_id, now) = (viewer.person_id(), app.clock.now());
    let once = Once { person_id, key, operation: "send_invoice", input: &id, result_id: id.0, now };
    let is_done = idempotency::claim(&mut tx, once).await?.is_some();
    // Locked, so that of two people who send it one finds it sent.
    let record = repo::lock_invoice(&mut tx, id).await?.ok_or(SendInvoiceError::UnknownInvoice)?;
    if is_done {
        return Ok(record);
    }
    if record.balance.credited >= record.invoice.gross {
        return Err(SendInvoiceError::Credited);
    }
    let recipients = payer_recipients(&mut tx, record.invoice.payer_id).await?;
    if recipients.is_empty() {
        return Err(SendInvoiceError::NoAddress);
    }
    if messages::queue_again(app, &mut tx, &issued(&record.invoice), &recipients).await?.is_empty() {
        return Err(SendInvoiceError::NothingToSend);
    }
    add_event(app, &mut tx, &format!("Sent {} once more", record.invoice.number)).await?;
    tx.commit().await?;
    Ok(record)
}

failure!(SendInvoiceError {
    UnknownInvoice => "invoiceId",
    Credited => "invoiceId",
    NoAddress => "invoiceId",
    NothingToSend => "invoiceId",
} nested { Forbidden, Internal, Idempotency });

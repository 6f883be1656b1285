//! Taking back a payment that never was: it was mistyped, or it bounced.

use serde::Serialize;

use super::{Payment, repo, reverse_allocation};
use crate::{
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    funding::invoices,
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::PaymentId,
    money::Pence,
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// A payment to be taken back.
#[derive(Debug, Clone, Serialize)]
pub struct ReversePayment {
    /// Which.
    pub payment_id: PaymentId,
    /// Why, at most 300 characters.
    pub reason: String,
}

/// Why it stands.
#[derive(Debug, thiserror::Error)]
pub enum ReversePaymentError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No such payment in this alliance.
    #[error("That payment is not one of this alliance's.")]
    UnknownPayment,
    /// It was taken back before.
    #[error("That payment was taken back before.")]
    AlreadyReversed,
    /// Money of it was sent back, so it did arrive.
    #[error(
        "{refunded} of this payment was sent back to the payer, so it cannot be taken back as one that never came."
    )]
    Refunded {
        /// What was sent back.
        refunded: Pence,
    },
    /// No reason.
    #[error("Please say why, in at most 300 characters.")]
    InvalidReason,
    /// The key was used for something else.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Takes back a payment and, with it, whatever of it was set against invoices: each of those entries is reversed by one
/// of its own, and the invoices need their money again. The payment stays in the list, and counts for nothing.
pub async fn reverse_payment(
    app: &App,
    viewer: &Viewer,
    input: ReversePayment,
    key: Option<&IdempotencyKey>,
) -> Result<Payment, ReversePaymentError> {
    use ReversePaymentError as E;
    let scope = viewer.require(Permission::RecordPayments)?;
    viewer.require_confirmed(Act::ReversePayment)?;
    let reason = one_line(&input.reason, 300).ok_or(E::InvalidReason)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let person_id = viewer.person_id();
    let result_id = input.payment_id.0;
    let once = Once { person_id, key, operation: "reverse_payment", input: &input, result_id, now };
    let is_done = idempotency::claim(&mut tx, once).await?.is_some();
    let payment = repo::lock_payment(&mut tx, input.payment_id).await?.ok_or(E::UnknownPayment)?;
    if is_done {
        return Ok(payment);
    }
    if payment.reversal_reason.is_some() {
        return Err(E::AlreadyReversed);
    }
    if payment.refunded > Pence::ZERO {
        return Err(E::Refunded { refunded: payment.refunded });
    }
    // The payment first and then its invoices in order, as everywhere; then look again under the locks.
    let set = repo::allocations_of_payments(&mut tx, &[payment.id]).await?;
    let mut invoice_ids: Vec<_> = set.iter().map(|allocation| allocation.invoice_id).collect();
    invoice_ids.sort_unstable();
    invoice_ids.dedup();
    let mut locked = Vec::with_capacity(invoice_ids.len());
    for id in invoice_ids {
        locked.extend(invoices::repo::lock_invoice(&mut tx, id).await?);
    }
    let by = reverse_allocation::Reversal { reason: &reason, by: person_id, now };
    for allocation in repo::allocations_of_payments(&mut tx, &[payment.id]).await? {
        let record = locked.iter().find(|record| record.invoice.id == allocation.invoice_id);
        if let Some(record) = record.filter(|_| allocation.is_live()) {
            reverse_allocation::reverse(app, &mut tx, (&record.invoice, &allocation), &by).await?;
        }
    }
    repo::insert_reversal(&mut tx, payment.id, &by).await?;
    tx.announce(&[Change::Payment(payment.id)]).await?;
    tx.commit().await?;
    Ok(Payment { allocated: Pence::ZERO, reversal_reason: Some(reason), ..payment })
}

failure!(ReversePaymentError {
    UnknownPayment => "paymentId",
    AlreadyReversed => "paymentId",
    Refunded => "paymentId",
    InvalidReason => "reason",
} nested { Forbidden, Unconfirmed, Internal, Idempotency });

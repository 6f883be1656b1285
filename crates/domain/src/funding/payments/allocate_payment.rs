//! Setting a payment against one or many invoices.

use serde::Serialize;

use super::{Payment, repo};
use crate::{
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    funding::invoices,
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::{AllocationId, InvoiceId, PaymentId},
    ledger,
    money::Pence,
    problem::failure,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// How a payment is split.
#[derive(Debug, Clone, Serialize)]
pub struct AllocatePayment {
    /// Which payment.
    pub payment_id: PaymentId,
    /// One part for each invoice; all of them are set or none.
    pub parts: Vec<Part>,
}

/// A part of a payment for one invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Which invoice.
    pub invoice_id: InvoiceId,
    /// How much, above zero.
    pub amount: Pence,
}

/// Why nothing was set.
#[derive(Debug, thiserror::Error)]
pub enum AllocatePaymentError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No such payment in this alliance.
    #[error("That payment is not one of this alliance's.")]
    UnknownPayment,
    /// No such invoice in this alliance.
    #[error("That invoice is not one of this alliance's.")]
    UnknownInvoice,
    /// No parts, a part of nought or less, or one invoice twice.
    #[error("Give each invoice once, with an amount above nought.")]
    InvalidParts,
    /// The parts come to more than is free.
    #[error("These add up to {wanted}, but only {free} is left.")]
    MoreThanFree {
        /// What was asked for.
        wanted: Pence,
        /// What is free.
        free: Pence,
    },
    /// A part is more than its invoice still needs.
    #[error("Invoice {number} needs {outstanding} only. What is over stays with the payment.")]
    MoreThanOutstanding {
        /// Which invoice.
        number: String,
        /// What it needs.
        outstanding: Pence,
    },
    /// The key was used for something else.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Sets parts of a payment against invoices and returns the payment as it is now. An over-payment stays free and can
/// be set against a later invoice.
pub async fn allocate_payment(
    app: &App,
    viewer: &Viewer,
    input: AllocatePayment,
    key: Option<&IdempotencyKey>,
) -> Result<Payment, AllocatePaymentError> {
    use AllocatePaymentError as E;
    let scope = viewer.require(Permission::RecordPayments)?;
    viewer.require_confirmed(Act::AllocatePayment)?;
    // In the order of invoices, so that two who share several never wait for each other.
    let mut parts = input.parts.clone();
    parts.sort_by_key(|part| part.invoice_id);
    let is_twice = parts.windows(2).any(|pair| pair[0].invoice_id == pair[1].invoice_id);
    if parts.is_empty() || is_twice || parts.iter().any(|part| part.amount <= Pence::ZERO) {
        return Err(E::InvalidParts);
    }
    let wanted = Pence::try_sum(parts.iter().map(|part| part.amount)).ok_or(E::InvalidParts)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let person_id = viewer.person_id();
    let result_id = input.payment_id.0;
    let once = Once { person_id, key, operation: "allocate_payment", input: &input, result_id, now };
    let is_done = idempotency::claim(&mut tx, once).await?.is_some();
    let mut payment = repo::lock_payment(&mut tx, input.payment_id).await?.ok_or(E::UnknownPayment)?;
    if is_done {
        return Ok(payment);
    }
    let free = payment.free();
    if wanted > free {
        return Err(E::MoreThanFree { wanted, free });
    }
    let mut changes = vec![Change::Payment(payment.id)];
    for part in parts {
        let record =
            invoices::repo::lock_invoice(&mut tx, part.invoice_id).await?.ok_or(E::UnknownInvoice)?;
        let outstanding = record.balance.outstanding;
        if part.amount > outstanding {
            return Err(E::MoreThanOutstanding { number: record.invoice.number, outstanding });
        }
        let allocation = repo::NewAllocation {
            id: AllocationId::new(app),
            payment_id: payment.id,
            invoice_id: part.invoice_id,
            amount: part.amount,
            reverses_id: None,
            reason: String::new(),
            allocated_by: person_id,
        };
        repo::insert_allocation(&mut tx, &allocation, now).await.map_err(Internal::from)?;
        let entry =
            ledger::contribution(app, (&record.invoice, allocation.id), part.amount, payment.received_on);
        ledger::repo::insert(&mut tx, &[entry], now).await?;
        changes.push(Change::Invoice(part.invoice_id, record.invoice.member_id));
    }
    tx.announce(&changes).await?;
    tx.commit().await?;
    payment.allocated = Pence(payment.allocated.0 + wanted.0);
    Ok(payment)
}

failure!(AllocatePaymentError {
    UnknownPayment => "paymentId",
    UnknownInvoice => "parts",
    InvalidParts => "parts",
    MoreThanFree => "parts",
    MoreThanOutstanding => "parts",
} nested { Forbidden, Unconfirmed, Internal, Idempotency });

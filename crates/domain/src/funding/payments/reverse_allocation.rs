//! Taking back what was set against an invoice: by a person, or because the invoice was credited.

use serde::Serialize;

use super::{Allocation, Payment, repo};
use crate::{
    app::{App, Timestamp},
    changes::Change,
    db::Tx,
    error::{Forbidden, Internal},
    funding::invoices::{self, Invoice},
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::{AllocationId, PersonId},
    ledger,
    money::Pence,
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission, Reach, Viewer},
};

/// An allocation to be reversed.
#[derive(Debug, Clone, Serialize)]
pub struct ReverseAllocation {
    /// Which.
    pub allocation_id: AllocationId,
    /// Why, at most 300 characters.
    pub reason: String,
}

/// Why it stands.
#[derive(Debug, thiserror::Error)]
pub enum ReverseAllocationError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No such allocation in this alliance.
    #[error("That entry is not one of this alliance's.")]
    UnknownAllocation,
    /// It was reversed before, or is a reversal.
    #[error("That entry was taken back before.")]
    AlreadyReversed,
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

/// Reverses an allocation: the invoice needs the money again, and the payment has it free.
pub async fn reverse_allocation(
    app: &App,
    viewer: &Viewer,
    input: ReverseAllocation,
    key: Option<&IdempotencyKey>,
) -> Result<Payment, ReverseAllocationError> {
    use ReverseAllocationError as E;
    let scope = viewer.require(Permission::RecordPayments)?;
    viewer.require_confirmed(Act::ReverseAllocation)?;
    let reason = one_line(&input.reason, 300).ok_or(E::InvalidReason)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let person_id = viewer.person_id();
    let result_id = input.allocation_id.0;
    let once = Once { person_id, key, operation: "reverse_allocation", input: &input, result_id, now };
    let is_done = idempotency::claim(&mut tx, once).await?.is_some();
    let found = repo::allocation(&mut tx, input.allocation_id).await?.ok_or(E::UnknownAllocation)?;
    // The payment first and then the invoice, as everywhere; then look again under the locks.
    let payment = repo::lock_payment(&mut tx, found.payment_id).await?.ok_or(E::UnknownAllocation)?;
    if is_done {
        return Ok(payment);
    }
    let record =
        invoices::repo::lock_invoice(&mut tx, found.invoice_id).await?.ok_or(E::UnknownAllocation)?;
    let allocation = repo::allocation(&mut tx, found.id).await?.ok_or(E::UnknownAllocation)?;
    if !allocation.is_live() {
        return Err(E::AlreadyReversed);
    }
    let by = Reversal { reason: &reason, by: person_id, now };
    reverse(app, &mut tx, (&record.invoice, &allocation), &by).await?;
    let payment = repo::payments_by_ids(&mut tx, &[found.payment_id]).await?.into_iter().next();
    tx.commit().await?;
    payment.ok_or(E::UnknownAllocation)
}

/// Why and by whom something is taken back.
pub(super) struct Reversal<'a> {
    pub(super) reason: &'a str,
    pub(super) by: Option<PersonId>,
    pub(super) now: Timestamp,
}

/// Adds the opposite of an allocation. Its payment and its invoice are locked by the caller.
pub(super) async fn reverse(
    app: &App,
    tx: &mut Tx,
    (invoice, allocation): (&Invoice, &Allocation),
    reversal: &Reversal<'_>,
) -> Result<(), Internal> {
    let row = repo::NewAllocation {
        id: AllocationId::new(app),
        payment_id: allocation.payment_id,
        invoice_id: allocation.invoice_id,
        amount: Pence(-allocation.amount.0),
        reverses_id: Some(allocation.id),
        reason: reversal.reason.to_owned(),
        allocated_by: reversal.by,
    };
    repo::insert_allocation(tx, &row, reversal.now).await?;
    let entry = ledger::contribution(app, (invoice, row.id), row.amount, allocation.received_on);
    ledger::repo::insert(tx, &[entry], reversal.now).await?;
    let invoice = Change::Invoice(invoice.id, invoice.member_id);
    tx.announce(&[Change::Payment(allocation.payment_id), invoice]).await
}

/// Sets free what was paid beyond a credited invoice's sum: the newest allocations are reversed, and what the invoice
/// still needs of the last one is set again. The invoice is locked by the caller.
pub(crate) async fn set_free(
    app: &App,
    tx: &mut Tx,
    (invoice, excess): (&Invoice, Pence),
    by: Option<PersonId>,
) -> Result<(), Internal> {
    let now = app.clock.now();
    let mut left = excess.0;
    let allocations = repo::allocations_of_invoices(tx, &Reach::Alliance, &[invoice.id]).await?;
    let live = allocations.iter().rev().filter(|row| row.is_live());
    for allocation in live {
        if left <= 0 {
            break;
        }
        let reversal = Reversal { reason: "The invoice was credited.", by, now };
        reverse(app, tx, (invoice, allocation), &reversal).await?;
        let keep = allocation.amount.0 - left;
        if keep > 0 {
            let row = repo::NewAllocation {
                id: AllocationId::new(app),
                payment_id: allocation.payment_id,
                invoice_id: invoice.id,
                amount: Pence(keep),
                reverses_id: None,
                reason: String::new(),
                allocated_by: by,
            };
            repo::insert_allocation(tx, &row, now).await?;
            let entry = ledger::contribution(app, (invoice, row.id), row.amount, allocation.received_on);
            ledger::repo::insert(tx, &[entry], now).await?;
        }
        left -= allocation.amount.0;
    }
    Ok(())
}

failure!(ReverseAllocationError {
    UnknownAllocation => "allocationId",
    AlreadyReversed => "allocationId",
    InvalidReason => "reason",
} nested { Forbidden, Unconfirmed, Internal, Idempotency });

//! Money received, and what it was set against.
//!
//! A payment, an allocation and a refund are only ever added. A mistake is answered by a further row, so at every
//! moment: received = allocated + sent back + free, for each payment that stands and for the alliance.

mod allocate_payment;
mod already_recorded;
mod bank_file;
mod change_payer_of_payment;
mod import_bank_statement;
mod record_payment;
mod refund_payment;
pub(crate) mod repo;
mod reverse_allocation;
mod reverse_payment;
mod reverse_refund;
mod suggest;

pub use allocate_payment::{AllocatePayment, AllocatePaymentError, Part, allocate_payment};
pub use bank_file::{BankFile, BankFileError, BankLine, RejectedLine, bank_text, read_bank_file};
pub use change_payer_of_payment::{ChangePayerOfPayment, ChangePayerOfPaymentError, change_payer_of_payment};
pub use import_bank_statement::{
    BankImport, ExpectedReceipts, HeldReceipt, ImportBankStatement, ImportBankStatementError, Receipt,
    import_bank_statement, plan_bank_import,
};
pub use record_payment::{RecordPayment, RecordPaymentError, record_payment};
pub use refund_payment::{RefundPayment, RefundPaymentError, refund_payment};
pub(crate) use reverse_allocation::set_free;
pub use reverse_allocation::{ReverseAllocation, ReverseAllocationError, reverse_allocation};
pub use reverse_payment::{ReversePayment, ReversePaymentError, reverse_payment};
pub use reverse_refund::{ReverseRefund, ReverseRefundError, reverse_refund};
pub use suggest::{Suggestion, suggestions};

use chrono::NaiveDate;

use crate::{
    app::Timestamp,
    error::ReadError,
    ids::{AllocationId, InvoiceId, PayerId, PaymentId, RefundId},
    money::Pence,
    page::{Page, PageRequest},
    viewer::{Permission, Reading},
};

/// Money received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The payment.
    pub id: PaymentId,
    /// The day it reached the bank.
    pub received_on: NaiveDate,
    /// How much.
    pub amount: Pence,
    /// Who paid, when known.
    pub payer_id: Option<PayerId>,
    /// Who paid, as the bank or the person who recorded it wrote.
    pub payer_text: String,
    /// What the payer quoted.
    pub reference: String,
    /// How it came.
    pub method: Method,
    /// What of it is set against invoices.
    pub allocated: Pence,
    /// What of it was sent back.
    pub refunded: Pence,
    /// Why it was taken back whole, if it was: it counts for nothing then.
    pub reversal_reason: Option<String>,
}

impl Payment {
    /// What of it is neither set against an invoice nor sent back.
    #[must_use]
    pub fn free(&self) -> Pence {
        match self.reversal_reason {
            Some(_) => Pence::ZERO,
            None => Pence(self.amount.0 - self.allocated.0 - self.refunded.0),
        }
    }
}

/// Money of a payment that was sent back to the payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The refund.
    pub id: RefundId,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// The day it left the bank.
    pub sent_on: NaiveDate,
    /// How much, above zero.
    pub amount: Pence,
    /// Why.
    pub reason: String,
    /// Why it was taken back, if it was: it counts for nothing then.
    pub reversal_reason: Option<String>,
}

/// A payment was put down to another payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayerChange {
    /// Which payment.
    pub payment_id: PaymentId,
    /// Who had paid it until then, if that was known.
    pub from: Option<PayerId>,
    /// Who paid it from then on, if that is known.
    pub to: Option<PayerId>,
    /// Why.
    pub reason: String,
    /// When.
    pub changed_at: Timestamp,
}

/// How a payment came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// A bank transfer.
    Bacs,
    /// A cheque.
    Cheque,
    /// A card.
    Card,
    /// An internal recharge between ledgers of one local authority.
    Journal,
    /// Any other way.
    Other,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 5] = [Self::Bacs, Self::Cheque, Self::Card, Self::Journal, Self::Other];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bacs => "bacs",
            Self::Cheque => "cheque",
            Self::Card => "card",
            Self::Journal => "journal",
            Self::Other => "other",
        }
    }

    /// The method of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// Why no money can have arrived on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceivedOnError {
    /// After today.
    #[error("is in the future")]
    InTheFuture,
    /// More than ten years ago: a slip of the pen.
    #[error("is more than ten years ago")]
    LongAgo,
}

/// Checks the day on which money is said to have arrived.
fn check_received_on(date: NaiveDate, today: NaiveDate) -> Result<(), ReceivedOnError> {
    match (today - date).num_days() {
        ..0 => Err(ReceivedOnError::InTheFuture),
        0..=3_660 => Ok(()),
        _ => Err(ReceivedOnError::LongAgo),
    }
}

/// A part of a payment set against an invoice, or the reversal of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// The allocation.
    pub id: AllocationId,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// Against which invoice.
    pub invoice_id: InvoiceId,
    /// How much; a reversal is below zero.
    pub amount: Pence,
    /// What this row reverses.
    pub reverses_id: Option<AllocationId>,
    /// Whether a later row reversed this one.
    pub is_reversed: bool,
    /// Why, for a reversal.
    pub reason: String,
    /// The day the payment reached the bank.
    pub received_on: NaiveDate,
}

impl Allocation {
    /// Whether it counts: neither taken back nor the taking back of another.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !self.is_reversed && self.reverses_id.is_none()
    }
}

/// What a payment can be found by. One of which money was sent back is also open or matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentState {
    /// Something of it is free.
    Open,
    /// Nothing of it is free.
    Matched,
    /// Something of it was sent back.
    Refunded,
    /// It was taken back whole.
    Reversed,
}

impl PaymentState {
    /// The name in filters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Matched => "matched",
            Self::Refunded => "refunded",
            Self::Reversed => "reversed",
        }
    }
}

/// Which payments are listed. Empty fields filter nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Part of the reference, or of the payer's name or words, in any case.
    pub text: Option<String>,
    /// In any of these states; every state when empty.
    pub states: Vec<PaymentState>,
    /// Of one payer.
    pub payer_id: Option<PayerId>,
}

/// Where a list of payments goes on: before this day and payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PaymentCursor {
    /// The day of the last one shown.
    pub received_on: NaiveDate,
    /// And its id.
    pub id: PaymentId,
}

/// What was received, and how much of it is set against invoices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PaymentTotals {
    /// How many payments, with those that were taken back.
    pub count: i64,
    /// What those come to that stand.
    pub received: Pence,
    /// How many have something free.
    pub unmatched: i64,
    /// What is free.
    pub free: Pence,
    /// How many had something sent back.
    pub refunds: i64,
    /// What was sent back.
    pub refunded: Pence,
    /// How many were taken back whole.
    pub reversed: i64,
}

/// Payments of the alliance, the newest first. A school sees payments on its own invoices there, not this list:
/// one payment may be for several schools.
pub async fn payments(
    reading: &Reading,
    filter: &PaymentFilter,
    page: &PageRequest<PaymentCursor>,
) -> Result<Page<Payment>, ReadError> {
    let mut tx = reading.require(Permission::SeeMoney).await?;
    Ok(repo::payments(&mut tx, filter, page).await?)
}

/// These payments.
pub async fn payments_by_ids(reading: &Reading, ids: &[PaymentId]) -> Result<Vec<Payment>, ReadError> {
    let mut tx = reading.require(Permission::SeeMoney).await?;
    Ok(repo::payments_by_ids(&mut tx, ids).await?)
}

/// How many payments the filter finds, and what they come to.
pub async fn payment_totals(reading: &Reading, filter: &PaymentFilter) -> Result<PaymentTotals, ReadError> {
    let mut tx = reading.require(Permission::SeeMoney).await?;
    Ok(repo::totals(&mut tx, filter).await?)
}

/// What was sent back of these payments, the oldest first.
pub async fn refunds_of_payments(reading: &Reading, ids: &[PaymentId]) -> Result<Vec<Refund>, ReadError> {
    let mut tx = reading.require(Permission::SeeMoney).await?;
    Ok(repo::refunds_of_payments(&mut tx, ids).await?)
}

/// How the payers of these payments were changed, the oldest first.
pub async fn payer_changes(reading: &Reading, ids: &[PaymentId]) -> Result<Vec<PayerChange>, ReadError> {
    let mut tx = reading.require(Permission::SeeMoney).await?;
    Ok(repo::payer_changes(&mut tx, ids).await?)
}

/// What was set against these invoices, as far as they are within reach, the oldest first.
pub async fn allocations_of_invoices(
    reading: &Reading,
    ids: &[InvoiceId],
) -> Result<Vec<Allocation>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::allocations_of_invoices(&mut tx, &reach, ids).await?)
}

/// What these payments were set against, the oldest first.
pub async fn allocations_of_payments(
    reading: &Reading,
    ids: &[PaymentId],
) -> Result<Vec<Allocation>, ReadError> {
    let mut tx = reading.require(Permission::SeeMoney).await?;
    Ok(repo::allocations_of_payments(&mut tx, ids).await?)
}

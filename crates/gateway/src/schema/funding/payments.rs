//! Payments and what they were set against.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{
    error::ReadError,
    funding::{
        invoices,
        payments::{
            self, Allocation, Method, PayerChange, Payment, PaymentCursor, PaymentFilter, PaymentState,
            Receipt, Refund, Suggestion,
        },
    },
    ids::{InvoiceId, PayerId, PaymentId},
    viewer::Permission,
};

use super::invoices::InvoiceObject;
use crate::schema::{
    batches::Batch,
    connection::{self, PageInfo},
    context::Inside,
    errors,
    ids::{self, Kind},
    scalars::{Date, Pence},
    schools::PayerObject,
};

/// Money received.
pub(crate) struct PaymentObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) payment: Payment,
}

#[Object(name = "Payment")]
impl PaymentObject {
    /// Opaque, and good for ever.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Payment, self.inside.id(), self.payment.id.0)
    }

    /// The day it reached the bank.
    async fn received_on(&self) -> Date {
        self.payment.received_on.into()
    }

    /// How much.
    async fn amount(&self) -> Pence {
        self.payment.amount.into()
    }

    /// What of it is set against invoices.
    async fn allocated(&self) -> Pence {
        self.payment.allocated.into()
    }

    /// What of it is neither set against an invoice nor sent back.
    async fn free(&self) -> Pence {
        self.payment.free().into()
    }

    /// What of it was sent back to the payer.
    async fn refunded(&self) -> Pence {
        self.payment.refunded.into()
    }

    /// Why it was taken back whole, if it was: it counts for nothing then.
    async fn reversal_reason(&self) -> Option<&str> {
        self.payment.reversal_reason.as_deref()
    }

    /// What was sent back, the oldest first, with what of that was taken back.
    async fn refunds(&self) -> Result<Vec<RefundObject>> {
        let found = self.inside.load::<RefundsOfPayment>(self.payment.id).await?.unwrap_or_default();
        Ok(found
            .into_iter()
            .map(|refund| RefundObject { inside: Arc::clone(&self.inside), refund })
            .collect())
    }

    /// Who paid, as the bank or the person who recorded it wrote.
    async fn payer_text(&self) -> &str {
        &self.payment.payer_text
    }

    /// What the payer quoted.
    async fn reference(&self) -> &str {
        &self.payment.reference
    }

    /// How it came.
    async fn method(&self) -> MethodEnum {
        self.payment.method.into()
    }

    /// Who paid, when known.
    async fn payer(&self) -> Result<Option<PayerObject>> {
        match self.payment.payer_id {
            None => Ok(None),
            Some(id) => self.inside.payer(id).await,
        }
    }

    /// How it was put down to other payers since it was recorded, the oldest first.
    async fn payer_changes(&self) -> Result<Vec<PayerChangeObject>> {
        let found = self.inside.load::<PayerChangesOfPayment>(self.payment.id).await?.unwrap_or_default();
        let object = |change| PayerChangeObject { inside: Arc::clone(&self.inside), change };
        Ok(found.into_iter().map(object).collect())
    }

    /// What it was set against, reversals included, the oldest first.
    async fn allocations(&self) -> Result<Vec<AllocationObject>> {
        let found = self.inside.load::<AllocationsOfPayment>(self.payment.id).await?.unwrap_or_default();
        Ok(found.into_iter().map(|row| AllocationObject { inside: Arc::clone(&self.inside), row }).collect())
    }

    /// Which invoices it is probably for, the surest first. A person decides.
    async fn suggestions(&self) -> Result<Vec<SuggestionObject>> {
        let open = self.inside.load::<OpenInvoices>(()).await?.unwrap_or_default();
        let object = |suggestion| SuggestionObject { inside: Arc::clone(&self.inside), suggestion };
        Ok(payments::suggestions(&self.payment, &open).into_iter().map(object).collect())
    }
}

/// Money of a payment that was sent back.
pub(crate) struct RefundObject {
    inside: Arc<Inside>,
    refund: Refund,
}

#[Object(name = "Refund")]
impl RefundObject {
    /// Opaque, and good for ever.
    async fn id(&self) -> ID {
        ids::encode(Kind::Refund, self.inside.id(), self.refund.id.0)
    }

    /// The day it left the bank.
    async fn sent_on(&self) -> Date {
        self.refund.sent_on.into()
    }

    /// How much.
    async fn amount(&self) -> Pence {
        self.refund.amount.into()
    }

    /// Why.
    async fn reason(&self) -> &str {
        &self.refund.reason
    }

    /// Why it was taken back, if it was: it counts for nothing then.
    async fn reversal_reason(&self) -> Option<&str> {
        self.refund.reversal_reason.as_deref()
    }
}

/// A payment was put down to another payer.
pub(crate) struct PayerChangeObject {
    inside: Arc<Inside>,
    change: PayerChange,
}

#[Object(name = "PaymentPayerChange")]
impl PayerChangeObject {
    /// Who had paid it until then, if that was known.
    async fn from(&self) -> Result<Option<PayerObject>> {
        match self.change.from {
            None => Ok(None),
            Some(id) => self.inside.payer(id).await,
        }
    }

    /// Who paid it from then on, if that is known.
    async fn to(&self) -> Result<Option<PayerObject>> {
        match self.change.to {
            None => Ok(None),
            Some(id) => self.inside.payer(id).await,
        }
    }

    /// Why.
    async fn reason(&self) -> &str {
        &self.change.reason
    }

    /// When.
    async fn changed_at(&self) -> DateTime<Utc> {
        self.change.changed_at
    }
}

/// A receipt of a bank statement that is new.
pub(crate) struct ReceiptObject {
    pub(super) inside: Arc<Inside>,
    pub(super) receipt: Receipt,
}

#[Object(name = "BankReceipt")]
impl ReceiptObject {
    /// Its line in the file, counted from 1 with the heading.
    async fn line(&self) -> u64 {
        self.receipt.line
    }

    /// The day it reached the bank.
    async fn received_on(&self) -> Date {
        self.receipt.payment.received_on.into()
    }

    /// How much.
    async fn amount(&self) -> Pence {
        self.receipt.payment.amount.into()
    }

    /// What the bank says of it.
    async fn payer_text(&self) -> &str {
        &self.receipt.payment.payer_text
    }

    /// What the payer quoted, where the bank has a column for it.
    async fn reference(&self) -> &str {
        &self.receipt.payment.reference
    }

    /// Who paid, where the invoices that it quotes or the name tell it.
    async fn payer(&self) -> Result<Option<PayerObject>> {
        match self.receipt.payment.payer_id {
            None => Ok(None),
            Some(id) => self.inside.payer(id).await,
        }
    }

    /// Which invoices it is probably for, the surest first. A person decides.
    async fn suggestions(&self) -> Vec<SuggestionObject> {
        let object = |suggestion: &Suggestion| SuggestionObject {
            inside: Arc::clone(&self.inside),
            suggestion: suggestion.clone(),
        };
        self.receipt.suggestions.iter().map(object).collect()
    }
}

/// A proposal for a payment.
pub(crate) struct SuggestionObject {
    inside: Arc<Inside>,
    suggestion: Suggestion,
}

#[Object(name = "Suggestion")]
impl SuggestionObject {
    /// Why.
    async fn reason(&self) -> &str {
        &self.suggestion.reason
    }

    /// What would be set against what.
    async fn parts(&self) -> Vec<SuggestedPart> {
        let object = |part: &payments::Part| SuggestedPart { inside: Arc::clone(&self.inside), part: *part };
        self.suggestion.parts.iter().map(object).collect()
    }
}

/// A part of a proposal.
pub(crate) struct SuggestedPart {
    inside: Arc<Inside>,
    part: payments::Part,
}

#[Object]
impl SuggestedPart {
    /// Which invoice.
    async fn invoice(&self) -> Result<Option<InvoiceObject>> {
        self.inside.invoice(self.part.invoice_id).await
    }

    /// How much.
    async fn amount(&self) -> Pence {
        self.part.amount.into()
    }
}

/// A part of a payment set against an invoice, or the reversal of one.
pub(crate) struct AllocationObject {
    inside: Arc<Inside>,
    row: Allocation,
}

#[Object(name = "Allocation")]
impl AllocationObject {
    /// Opaque, and good for ever.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Allocation, self.inside.id(), self.row.id.0)
    }

    /// How much; a reversal is below nought.
    async fn amount(&self) -> Pence {
        self.row.amount.into()
    }

    /// The day the payment reached the bank.
    async fn received_on(&self) -> Date {
        self.row.received_on.into()
    }

    /// Whether it takes back an earlier one.
    async fn is_reversal(&self) -> bool {
        self.row.reverses_id.is_some()
    }

    /// Whether a later one took it back.
    async fn is_reversed(&self) -> bool {
        self.row.is_reversed
    }

    /// Why, for a reversal.
    async fn reason(&self) -> &str {
        &self.row.reason
    }

    /// Of which payment; null when payments are not yours to see.
    async fn payment_id(&self) -> Option<ID> {
        let is_seen = self.inside.viewer().may(Permission::SeeMoney);
        is_seen.then(|| ids::encode(Kind::Payment, self.inside.id(), self.row.payment_id.0))
    }

    /// Against which invoice.
    async fn invoice(&self) -> Result<Option<InvoiceObject>> {
        self.inside.invoice(self.row.invoice_id).await
    }
}

/// How a payment came.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "PaymentMethod", remote = "Method")]
pub(crate) enum MethodEnum {
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

/// What a payment can be found by. One of which money was sent back is also open or matched.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "PaymentState", remote = "PaymentState")]
pub(crate) enum PaymentStateEnum {
    /// Something of it is free.
    Open,
    /// Nothing of it is free.
    Matched,
    /// Something of it was sent back.
    Refunded,
    /// It was taken back whole.
    Reversed,
}

/// Which payments; empty fields filter nothing.
#[derive(InputObject, Default)]
#[graphql(name = "PaymentFilter")]
pub(crate) struct PaymentFilterInput {
    /// Part of the reference, or of the payer's name or words.
    text: Option<String>,
    /// In any of these states.
    states: Option<Vec<PaymentStateEnum>>,
    /// Of one payer.
    payer_id: Option<ID>,
}

impl PaymentFilterInput {
    fn filter(self, inside: &Inside) -> PaymentFilter {
        PaymentFilter {
            text: self.text.filter(|text| !text.trim().is_empty()).map(|text| text.trim().to_owned()),
            states: self.states.unwrap_or_default().into_iter().map(Into::into).collect(),
            payer_id: self.payer_id.map(|id| PayerId(ids::local(Kind::Payer, inside.id(), &id))),
        }
    }
}

/// How many payments there are, and what they come to.
#[derive(SimpleObject)]
#[graphql(name = "PaymentTotals")]
pub(crate) struct PaymentTotalsObject {
    /// How many payments, with those that were taken back.
    count: i64,
    /// What those come to that stand.
    received: Pence,
    /// How many have something that is neither set against an invoice nor sent back.
    unmatched: i64,
    /// What that comes to.
    free: Pence,
    /// How many had something sent back.
    refunds: i64,
    /// What was sent back.
    refunded: Pence,
    /// How many were taken back whole.
    reversed: i64,
}

/// Counts the payments of a list.
pub(crate) struct PaymentTotal {
    inside: Arc<Inside>,
    filter: PaymentFilter,
}

impl PaymentTotal {
    async fn count(&self) -> Result<i64> {
        let totals = payments::payment_totals(&self.inside.reading, &self.filter).await;
        Ok(totals.map_err(errors::read)?.count)
    }
}

connection::connection! {
    /// Payments in pages.
    PaymentConnection of PaymentObject, total: PaymentTotal
}

pub(crate) async fn payments(
    inside: &Arc<Inside>,
    filter: PaymentFilterInput,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<PaymentConnection> {
    let list = inside.list("payments");
    let filter = filter.filter(inside);
    let page = list.page(first, after)?;
    let page = payments::payments(&inside.reading, &filter, &page).await.map_err(errors::read)?;
    let cursor = |last: &Payment| PaymentCursor { received_on: last.received_on, id: last.id };
    let end_cursor = page.items.last().map(|last| list.cursor(&cursor(last)));
    let object = |payment| PaymentObject { inside: Arc::clone(inside), payment };
    Ok(PaymentConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: page.items.into_iter().map(object).collect(),
        total: PaymentTotal { inside: Arc::clone(inside), filter },
    })
}

pub(crate) async fn payment_totals(
    inside: &Arc<Inside>,
    filter: PaymentFilterInput,
) -> Result<PaymentTotalsObject> {
    let filter = filter.filter(inside);
    let totals = payments::payment_totals(&inside.reading, &filter).await.map_err(errors::read)?;
    Ok(PaymentTotalsObject {
        count: totals.count,
        received: totals.received.into(),
        unmatched: totals.unmatched,
        free: totals.free.into(),
        refunds: totals.refunds,
        refunded: totals.refunded.into(),
        reversed: totals.reversed,
    })
}

struct PaymentById;

impl Batch for PaymentById {
    type Key = PaymentId;
    type Value = Payment;

    async fn read(inside: &Inside, keys: &[PaymentId]) -> Result<HashMap<PaymentId, Payment>, ReadError> {
        let found = payments::payments_by_ids(&inside.reading, keys).await?;
        Ok(found.into_iter().map(|payment| (payment.id, payment)).collect())
    }
}

struct AllocationsOfPayment;

impl Batch for AllocationsOfPayment {
    type Key = PaymentId;
    type Value = Vec<Allocation>;

    async fn read(
        inside: &Inside,
        keys: &[PaymentId],
    ) -> Result<HashMap<PaymentId, Vec<Allocation>>, ReadError> {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in payments::allocations_of_payments(&inside.reading, keys).await? {
            found.entry(row.payment_id).or_default().push(row);
        }
        Ok(found)
    }
}

struct AllocationsOfInvoice;

impl Batch for AllocationsOfInvoice {
    type Key = InvoiceId;
    type Value = Vec<Allocation>;

    async fn read(
        inside: &Inside,
        keys: &[InvoiceId],
    ) -> Result<HashMap<InvoiceId, Vec<Allocation>>, ReadError> {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in payments::allocations_of_invoices(&inside.reading, keys).await? {
            found.entry(row.invoice_id).or_default().push(row);
        }
        Ok(found)
    }
}

/// The open invoices that suggestions are made from, read once a request.
struct OpenInvoices;

impl Batch for OpenInvoices {
    type Key = ();
    type Value = Vec<invoices::InvoiceRecord>;

    async fn read(inside: &Inside, _: &[()]) -> Result<HashMap<(), Self::Value>, ReadError> {
        Ok(HashMap::from([((), invoices::open_invoices(&inside.reading, inside.today).await?)]))
    }
}

struct RefundsOfPayment;

impl Batch for RefundsOfPayment {
    type Key = PaymentId;
    type Value = Vec<Refund>;

    async fn read(inside: &Inside, keys: &[PaymentId]) -> Result<HashMap<PaymentId, Vec<Refund>>, ReadError> {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for refund in payments::refunds_of_payments(&inside.reading, keys).await? {
            found.entry(refund.payment_id).or_default().push(refund);
        }
        Ok(found)
    }
}

struct PayerChangesOfPayment;

impl Batch for PayerChangesOfPayment {
    type Key = PaymentId;
    type Value = Vec<PayerChange>;

    async fn read(
        inside: &Inside,
        keys: &[PaymentId],
    ) -> Result<HashMap<PaymentId, Vec<PayerChange>>, ReadError> {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for change in payments::payer_changes(&inside.reading, keys).await? {
            found.entry(change.payment_id).or_default().push(change);
        }
        Ok(found)
    }
}

impl Inside {
    pub(crate) async fn payment(self: &Arc<Self>, id: PaymentId) -> Result<Option<PaymentObject>> {
        let found = self.load::<PaymentById>(id).await?;
        Ok(found.map(|payment| PaymentObject { inside: Arc::clone(self), payment }))
    }

    pub(crate) async fn allocations_of_invoice(
        self: &Arc<Self>,
        id: InvoiceId,
    ) -> Result<Vec<AllocationObject>> {
        let found = self.load::<AllocationsOfInvoice>(id).await?.unwrap_or_default();
        Ok(found.into_iter().map(|row| AllocationObject { inside: Arc::clone(self), row }).collect())
    }
}

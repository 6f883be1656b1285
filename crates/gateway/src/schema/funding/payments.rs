//! Payments and what they were set against.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, Object, Result, SimpleObject};
use domain::{
    error::ReadError,
    funding::{
        invoices::{self, InvoiceFilter, InvoiceState},
        payments::{self, Allocation, Method, Payment, PaymentCursor, PaymentFilter, Suggestion},
    },
    ids::{InvoiceId, PaymentId},
    page::{MAX_PAGE, PageRequest},
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

    /// What of it is not.
    async fn free(&self) -> Pence {
        self.payment.free().into()
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

/// What was received in all.
#[derive(SimpleObject)]
#[graphql(name = "PaymentTotals")]
pub(crate) struct PaymentTotalsObject {
    /// How many payments.
    count: i64,
    /// What they come to.
    received: Pence,
    /// How many have something that is not set against an invoice.
    unmatched: i64,
    /// What that comes to.
    free: Pence,
}

/// Counts the payments of a list.
pub(crate) struct PaymentTotal {
    inside: Arc<Inside>,
    filter: PaymentFilter,
}

impl PaymentTotal {
    async fn count(&self) -> Result<i64> {
        let totals = payments::payment_totals(&self.inside.reading).await.map_err(errors::read)?;
        Ok(match self.filter {
            PaymentFilter::All => totals.count,
            PaymentFilter::Unmatched => totals.unmatched,
        })
    }
}

connection::connection! {
    /// Payments in pages.
    PaymentConnection of PaymentObject, total: PaymentTotal
}

pub(crate) async fn payments(
    inside: &Arc<Inside>,
    unmatched: bool,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<PaymentConnection> {
    let list = inside.list("payments");
    let filter = if unmatched { PaymentFilter::Unmatched } else { PaymentFilter::All };
    let page = list.page(first, after)?;
    let page = payments::payments(&inside.reading, filter, &page).await.map_err(errors::read)?;
    let cursor = |last: &Payment| PaymentCursor { received_on: last.received_on, id: last.id };
    let end_cursor = page.items.last().map(|last| list.cursor(&cursor(last)));
    let object = |payment| PaymentObject { inside: Arc::clone(inside), payment };
    Ok(PaymentConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: page.items.into_iter().map(object).collect(),
        total: PaymentTotal { inside: Arc::clone(inside), filter },
    })
}

pub(crate) async fn payment_totals(inside: &Arc<Inside>) -> Result<PaymentTotalsObject> {
    let totals = payments::payment_totals(&inside.reading).await.map_err(errors::read)?;
    Ok(PaymentTotalsObject {
        count: totals.count,
        received: totals.received.into(),
        unmatched: totals.unmatched,
        free: totals.free.into(),
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
        use InvoiceState::{Disputed, Due, Held, Overdue, PartPaid};
        let filter =
            InvoiceFilter { states: vec![Due, PartPaid, Overdue, Disputed, Held], ..Default::default() };
        let mut open = Vec::new();
        let mut request = PageRequest::first(MAX_PAGE);
        loop {
            let page = invoices::invoices(&inside.reading, &filter, &request, inside.today).await?;
            let last = page.items.last();
            let last = last.map(|record| invoices::InvoiceCursor { sequence: record.invoice.sequence });
            open.extend(page.items);
            if !page.has_next {
                // Money goes to what is due first.
                open.sort_by_key(|record| (record.invoice.due_on, record.invoice.sequence));
                return Ok(HashMap::from([((), open)]));
            }
            request.after = last;
        }
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

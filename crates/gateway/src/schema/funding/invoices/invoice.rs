//! One invoice.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, Object, Result, SimpleObject};
use domain::{
    error::ReadError,
    funding::invoices::{self, Chasing, CreditNote, InvoiceLine, InvoiceRecord, InvoiceState},
    ids::InvoiceId,
    viewer::Permission,
};

use super::credit_note::CreditNoteObject;
use crate::schema::{
    alliances::LetterheadObject,
    batches::Batch,
    context::Inside,
    funding::{budgets::BudgetObject, payments::AllocationObject},
    ids::{self, Kind},
    messages::DeliveryObject,
    scalars::{Date, Pence},
    schools::{MemberObject, PayerObject},
};

/// An issued invoice, as printed, with what became of it.
pub(crate) struct InvoiceObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) record: InvoiceRecord,
}

#[Object(name = "Invoice")]
impl InvoiceObject {
    /// Opaque, and good for ever: issued invoices are never deleted.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Invoice, self.inside.id(), self.record.invoice.id.0)
    }

    /// As printed: one series an alliance, without gaps.
    async fn number(&self) -> &str {
        &self.record.invoice.number
    }

    /// The invoice date, which is the tax point.
    async fn issued_on(&self) -> Date {
        self.record.invoice.issued_on.into()
    }

    /// The day by which to pay.
    async fn due_on(&self) -> Date {
        self.record.invoice.due_on.into()
    }

    /// The first day of what it is for.
    async fn period_start(&self) -> Date {
        self.record.invoice.period_start.into()
    }

    /// The last day of what it is for.
    async fn period_end(&self) -> Date {
        self.record.invoice.period_end.into()
    }

    /// Who issued it, as printed.
    async fn letterhead(&self) -> LetterheadObject {
        self.record.invoice.letterhead.clone().into()
    }

    /// The payer's legal name, as printed.
    async fn bill_to_name(&self) -> &str {
        &self.record.invoice.bill_to_name
    }

    /// The payer's address, as printed.
    async fn bill_to_address(&self) -> &str {
        &self.record.invoice.bill_to_address
    }

    /// The member's name, as printed.
    async fn member_name(&self) -> &str {
        &self.record.invoice.member_name
    }

    /// The purchase order number, as printed.
    async fn purchase_order(&self) -> Option<&str> {
        self.record.invoice.purchase_order.as_deref()
    }

    /// Who placed the order, as printed.
    async fn requested_by(&self) -> Option<&str> {
        self.record.invoice.requested_by.as_deref()
    }

    /// How the share came about, as printed.
    async fn explanation(&self) -> &str {
        &self.record.invoice.explanation
    }

    /// What of it falls into the payer's next financial year, as printed.
    async fn prepayment_note(&self) -> Option<&str> {
        self.record.invoice.prepayment_note.as_deref()
    }

    /// Before VAT.
    async fn net(&self) -> Pence {
        self.record.invoice.net.into()
    }

    /// The VAT.
    async fn vat(&self) -> Pence {
        self.record.invoice.vat.into()
    }

    /// What was to be paid.
    async fn gross(&self) -> Pence {
        self.record.invoice.gross.into()
    }

    /// Taken back by credit notes.
    async fn credited(&self) -> Pence {
        self.record.balance.credited.into()
    }

    /// Payments set against it.
    async fn received(&self) -> Pence {
        self.record.balance.received.into()
    }

    /// Still to be paid.
    async fn outstanding(&self) -> Pence {
        self.record.balance.outstanding.into()
    }

    /// Where it stands today.
    async fn state(&self) -> InvoiceStateEnum {
        self.record.balance.state(self.record.invoice.due_on, self.inside.today).into()
    }

    /// Why it is held or disputed.
    async fn chasing_reason(&self) -> Option<&str> {
        match &self.record.balance.chasing {
            Chasing::Usual => None,
            Chasing::Held { reason } | Chasing::Disputed { reason } => Some(reason),
        }
    }

    /// Its lines, in order.
    async fn lines(&self) -> Result<Vec<InvoiceLineObject>> {
        let lines = self.inside.load::<LinesOfInvoice>(self.record.invoice.id).await?.unwrap_or_default();
        Ok(lines.into_iter().map(Into::into).collect())
    }

    /// Credit notes against it, the oldest first.
    async fn credit_notes(&self) -> Result<Vec<CreditNoteObject>> {
        let notes = self.inside.load::<CreditsOfInvoice>(self.record.invoice.id).await?.unwrap_or_default();
        let object = |note| CreditNoteObject { inside: Arc::clone(&self.inside), note };
        Ok(notes.into_iter().map(object).collect())
    }

    /// What was set against it, reversals included, the oldest first.
    async fn allocations(&self) -> Result<Vec<AllocationObject>> {
        self.inside.allocations_of_invoice(self.record.invoice.id).await
    }

    /// The mails about it, the oldest first; null when they are not yours to see.
    async fn deliveries(&self) -> Result<Option<Vec<DeliveryObject>>> {
        if !self.inside.viewer().may(Permission::SeeMessages) {
            return Ok(None);
        }
        self.inside.deliveries_about(self.record.invoice.id.0).await.map(Some)
    }

    /// Whether the worker has made its PDF.
    async fn is_printed(&self) -> Result<bool> {
        Ok(self.inside.load::<IsPrinted>(self.record.invoice.id).await?.is_some())
    }

    /// Where its PDF is, once the worker has made it: for a person who is signed in, and for a program with a token.
    async fn pdf(&self) -> Result<Option<String>> {
        let id = self.record.invoice.id;
        let is_printed = self.inside.load::<IsPrinted>(id).await?.is_some();
        Ok(is_printed.then(|| self.inside.address(&format!("/invoices/{id}/pdf"))))
    }

    /// The member it is for.
    async fn member(&self) -> Result<Option<MemberObject>> {
        self.inside.member(self.record.invoice.member_id).await
    }

    /// Who settles it.
    async fn payer(&self) -> Result<Option<PayerObject>> {
        self.inside.payer(self.record.invoice.payer_id).await
    }

    /// The budget it raises money for.
    async fn budget(&self) -> Result<Option<BudgetObject>> {
        self.inside.budget(self.record.invoice.budget_id).await
    }
}

/// One line of an invoice.
#[derive(SimpleObject)]
#[graphql(name = "InvoiceLine")]
pub(crate) struct InvoiceLineObject {
    /// What it is for.
    description: String,
    /// How many.
    quantity: u32,
    /// The price of one.
    unit: Pence,
    /// `quantity` times `unit`.
    net: Pence,
    /// `exempt`, `outside_scope`, `zero` or `standard`.
    vat_code: String,
    /// The rate in hundredths of a percent.
    vat_basis_points: i32,
    /// Why VAT treats it so.
    vat_reason: String,
    /// The VAT on this line.
    vat: Pence,
}

impl From<InvoiceLine> for InvoiceLineObject {
    fn from(line: InvoiceLine) -> Self {
        Self {
            description: line.description,
            quantity: line.quantity,
            unit: line.unit.into(),
            net: line.net.into(),
            vat_code: line.vat.treatment.code().to_owned(),
            vat_basis_points: line.vat.treatment.rate().0,
            vat_reason: line.vat.reason,
            vat: line.vat_amount.into(),
        }
    }
}

/// Where an invoice stands.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "InvoiceState", remote = "InvoiceState")]
pub(crate) enum InvoiceStateEnum {
    /// Not yet due, nothing received.
    Due,
    /// Not yet due, part received.
    PartPaid,
    /// The due date has passed.
    Overdue,
    /// Nothing more to pay.
    Paid,
    /// Taken back whole.
    Credited,
    /// The payer questions it.
    Disputed,
    /// Not asked for, for now.
    Held,
}

struct InvoiceById;

impl Batch for InvoiceById {
    type Key = InvoiceId;
    type Value = InvoiceRecord;

    async fn read(
        inside: &Inside,
        keys: &[InvoiceId],
    ) -> Result<HashMap<InvoiceId, InvoiceRecord>, ReadError> {
        let found = invoices::invoices_by_ids(&inside.reading, keys).await?;
        Ok(found.into_iter().map(|record| (record.invoice.id, record)).collect())
    }
}

/// Has a value for each invoice that is printed.
struct IsPrinted;

impl Batch for IsPrinted {
    type Key = InvoiceId;
    type Value = ();

    async fn read(inside: &Inside, keys: &[InvoiceId]) -> Result<HashMap<InvoiceId, ()>, ReadError> {
        let found = invoices::printed_invoices(&inside.reading, keys).await?;
        Ok(found.into_iter().map(|id| (id, ())).collect())
    }
}

struct LinesOfInvoice;

impl Batch for LinesOfInvoice {
    type Key = InvoiceId;
    type Value = Vec<InvoiceLine>;

    async fn read(
        inside: &Inside,
        keys: &[InvoiceId],
    ) -> Result<HashMap<InvoiceId, Vec<InvoiceLine>>, ReadError> {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for (id, line) in invoices::invoice_lines(&inside.reading, keys).await? {
            found.entry(id).or_default().push(line);
        }
        Ok(found)
    }
}

struct CreditsOfInvoice;

impl Batch for CreditsOfInvoice {
    type Key = InvoiceId;
    type Value = Vec<CreditNote>;

    async fn read(
        inside: &Inside,
        keys: &[InvoiceId],
    ) -> Result<HashMap<InvoiceId, Vec<CreditNote>>, ReadError> {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for note in invoices::credit_notes(&inside.reading, keys).await? {
            found.entry(note.invoice_id).or_default().push(note);
        }
        Ok(found)
    }
}

impl Inside {
    pub(crate) async fn invoice(self: &Arc<Self>, id: InvoiceId) -> Result<Option<InvoiceObject>> {
        let found = self.load::<InvoiceById>(id).await?;
        Ok(found.map(|record| InvoiceObject { inside: Arc::clone(self), record }))
    }
}

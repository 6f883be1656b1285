//! Invoices, their plan, and what is owed.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    error::ReadError,
    funding::{
        ageing::Age,
        invoices::{
            self, Chasing, CreditNote, HeldBack, InvoiceCursor, InvoiceFilter, InvoiceLine, InvoiceRecord,
            InvoiceState, PayerOrder, PlannedInvoice, RunPlan,
        },
    },
    ids::{BudgetId, CreditNoteId, InvoiceId, MemberId, PayerId},
    page::{Page, PageRequest},
    viewer::Permission,
};

use super::{budgets::BudgetObject, payments::AllocationObject};
use crate::schema::{
    alliances::LetterheadObject,
    batches::Batch,
    connection::{self, PageInfo},
    context::Inside,
    errors::{self, answer},
    ids::{self, Kind, local},
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

impl From<domain::alliances::Letterhead> for LetterheadObject {
    fn from(letterhead: domain::alliances::Letterhead) -> Self {
        Self {
            legal_name: letterhead.legal_name,
            address: letterhead.address,
            contact_email: letterhead.contact_email,
            vat_number: letterhead.vat_number,
            bank_account_name: letterhead.bank.name,
            sort_code: letterhead.bank.sort_code,
            account_number: letterhead.bank.number,
        }
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

/// A credit against an invoice.
pub(crate) struct CreditNoteObject {
    inside: Arc<Inside>,
    note: CreditNote,
}

#[Object(name = "CreditNote")]
impl CreditNoteObject {
    /// Opaque, and good for ever.
    async fn id(&self) -> ID {
        ids::encode(Kind::CreditNote, self.inside.id(), self.note.id.0)
    }

    /// As printed.
    async fn number(&self) -> &str {
        &self.note.number
    }

    /// Its date.
    async fn issued_on(&self) -> Date {
        self.note.issued_on.into()
    }

    /// Why, as printed.
    async fn reason(&self) -> &str {
        &self.note.reason
    }

    /// Before VAT.
    async fn net(&self) -> Pence {
        self.note.net.into()
    }

    /// The VAT.
    async fn vat(&self) -> Pence {
        self.note.vat.into()
    }

    /// What is taken back.
    async fn gross(&self) -> Pence {
        self.note.gross.into()
    }

    /// Whether the worker has made its PDF.
    async fn is_printed(&self) -> Result<bool> {
        Ok(self.inside.load::<PrintedCreditNote>(self.note.id).await?.is_some())
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

/// Which invoices; empty fields filter nothing.
#[derive(InputObject, Default)]
#[graphql(name = "InvoiceFilter")]
pub(crate) struct InvoiceFilterInput {
    /// Part of a number, member's or payer's name.
    text: Option<String>,
    /// In any of these states today.
    states: Option<Vec<InvoiceStateEnum>>,
    /// Of one budget.
    budget_id: Option<ID>,
    /// Of one member.
    member_id: Option<ID>,
    /// Of one payer.
    payer_id: Option<ID>,
    /// Due on this day or later.
    due_from: Option<Date>,
    /// Due on this day or before.
    due_to: Option<Date>,
}

impl InvoiceFilterInput {
    fn filter(self, inside: &Inside) -> InvoiceFilter {
        let id = |kind, id: Option<ID>| id.map(|id| local(kind, inside.id(), &id));
        InvoiceFilter {
            text: self.text.filter(|text| !text.trim().is_empty()).map(|text| text.trim().to_owned()),
            states: self.states.unwrap_or_default().into_iter().map(Into::into).collect(),
            budget_id: id(Kind::Budget, self.budget_id).map(BudgetId),
            member_id: id(Kind::Member, self.member_id).map(MemberId),
            payer_id: id(Kind::Payer, self.payer_id).map(PayerId),
            due_from: self.due_from.map(|date| date.0),
            due_to: self.due_to.map(|date| date.0),
        }
    }
}

/// How many invoices there are, and what they come to.
#[derive(SimpleObject)]
#[graphql(name = "InvoiceTotals")]
pub(crate) struct InvoiceTotalsObject {
    /// How many.
    count: i64,
    /// What was billed.
    gross: Pence,
    /// Taken back by credit notes.
    credited: Pence,
    /// Payments set against them.
    received: Pence,
    /// Still to be paid.
    outstanding: Pence,
}

/// Counts the invoices of a list.
pub(crate) struct InvoiceTotal {
    inside: Arc<Inside>,
    filter: InvoiceFilter,
}

impl InvoiceTotal {
    async fn count(&self) -> Result<i64> {
        let totals = invoices::invoice_totals(&self.inside.reading, &self.filter, self.inside.today).await;
        Ok(totals.map_err(errors::read)?.count)
    }
}

connection::connection! {
    /// Invoices in pages.
    InvoiceConnection of InvoiceObject, total: InvoiceTotal
}

pub(crate) async fn invoices(
    inside: &Arc<Inside>,
    filter: InvoiceFilterInput,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<InvoiceConnection> {
    invoice_page(inside, filter.filter(inside), first, after).await
}

pub(crate) async fn invoice_page(
    inside: &Arc<Inside>,
    filter: InvoiceFilter,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<InvoiceConnection> {
    let page = inside.list("invoices").page(first, after)?;
    let page = invoices::invoices(&inside.reading, &filter, &page, inside.today).await;
    Ok(in_pages(inside, page.map_err(errors::read)?, filter))
}

/// The invoices of one member, read together with those of the other members that are asked for the same page.
pub(crate) async fn invoices_of_member(
    inside: &Arc<Inside>,
    member_id: MemberId,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<InvoiceConnection> {
    let page = inside.list("invoices").page(first, after)?;
    let found = inside.load::<InvoicesOfMember>((member_id, page)).await?;
    let page = found.unwrap_or(Page { items: Vec::new(), has_next: false });
    let filter = InvoiceFilter { member_id: Some(member_id), ..Default::default() };
    Ok(in_pages(inside, page, filter))
}

fn in_pages(inside: &Arc<Inside>, page: Page<InvoiceRecord>, filter: InvoiceFilter) -> InvoiceConnection {
    let list = inside.list("invoices");
    let cursor = |last: &InvoiceRecord| InvoiceCursor { sequence: last.invoice.sequence };
    let end_cursor = page.items.last().map(|last| list.cursor(&cursor(last)));
    let object = |record| InvoiceObject { inside: Arc::clone(inside), record };
    InvoiceConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: page.items.into_iter().map(object).collect(),
        total: InvoiceTotal { inside: Arc::clone(inside), filter },
    }
}

pub(crate) async fn invoice_totals(
    inside: &Arc<Inside>,
    filter: InvoiceFilterInput,
) -> Result<InvoiceTotalsObject> {
    let filter = filter.filter(inside);
    let totals =
        invoices::invoice_totals(&inside.reading, &filter, inside.today).await.map_err(errors::read)?;
    Ok(InvoiceTotalsObject {
        count: totals.count,
        gross: totals.gross.into(),
        credited: totals.credited.into(),
        received: totals.received.into(),
        outstanding: totals.outstanding.into(),
    })
}

/// What one payer owes, by age.
pub(crate) struct AgedPayerObject {
    inside: Arc<Inside>,
    row: invoices::AgedPayer,
}

#[Object(name = "AgedPayer")]
impl AgedPayerObject {
    /// Who.
    async fn payer(&self) -> Result<Option<PayerObject>> {
        self.inside.payer(self.row.payer_id).await
    }

    /// Not yet due.
    async fn not_yet_due(&self) -> Pence {
        self.row.owed.of(Age::NotYetDue).into()
    }

    /// 1 to 30 days overdue.
    async fn days_1_to_30(&self) -> Pence {
        self.row.owed.of(Age::Days1To30).into()
    }

    /// 31 to 60 days overdue.
    async fn days_31_to_60(&self) -> Pence {
        self.row.owed.of(Age::Days31To60).into()
    }

    /// 61 to 90 days overdue.
    async fn days_61_to_90(&self) -> Pence {
        self.row.owed.of(Age::Days61To90).into()
    }

    /// More than 90 days overdue.
    async fn over_90_days(&self) -> Pence {
        self.row.owed.of(Age::Over90Days).into()
    }

    /// All of it that is not in question.
    async fn owed(&self) -> Pence {
        self.row.owed.total().into()
    }

    /// What is disputed, of any age.
    async fn disputed(&self) -> Pence {
        self.row.disputed.into()
    }
}

pub(crate) async fn aged_debt(inside: &Arc<Inside>) -> Result<Vec<AgedPayerObject>> {
    let rows = invoices::aged_debt(&inside.reading, inside.today).await.map_err(errors::read)?;
    Ok(rows.into_iter().map(|row| AgedPayerObject { inside: Arc::clone(inside), row }).collect())
}

/// What an invoice run would do today.
pub(crate) struct RunPlanObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) plan: RunPlan,
}

#[Object(name = "RunPlan")]
impl RunPlanObject {
    /// What goes out, by member name.
    async fn goes_out(&self) -> Vec<PlannedInvoiceObject> {
        let object = |planned: &PlannedInvoice| PlannedInvoiceObject {
            inside: Arc::clone(&self.inside),
            planned: planned.clone(),
        };
        self.plan.goes_out.iter().map(object).collect()
    }

    /// What is held back, by member name.
    async fn held_back(&self) -> Vec<HeldBackObject> {
        let object =
            |held: &HeldBack| HeldBackObject { inside: Arc::clone(&self.inside), held: held.clone() };
        self.plan.held_back.iter().map(object).collect()
    }

    /// How many invoices.
    async fn count(&self) -> usize {
        self.plan.goes_out.len()
    }

    /// How many payers get them.
    async fn payer_count(&self) -> usize {
        self.plan.payers()
    }

    /// What they come to, VAT included.
    async fn total(&self) -> Pence {
        self.plan.total().into()
    }

    /// What they come to before VAT.
    async fn net_total(&self) -> Pence {
        self.plan.net_total().into()
    }

    /// The order numbers of all payers that pay by order and are still to be invoiced, by legal name.
    async fn purchase_orders(&self) -> Vec<PayerOrderObject> {
        let object =
            |order: &PayerOrder| PayerOrderObject { inside: Arc::clone(&self.inside), order: order.clone() };
        self.plan.orders.iter().map(object).collect()
    }

    /// What the same members contributed to the budget before, without VAT; null when there was none.
    async fn last_year(&self) -> Option<Pence> {
        self.plan.last_year.map(Into::into)
    }

    /// The due date by the alliance's terms.
    async fn due_on(&self) -> Date {
        self.plan.due.date.into()
    }

    /// How the due date comes about.
    async fn due_reason(&self) -> &str {
        &self.plan.due.reason
    }
}

/// An invoice that goes out.
pub(crate) struct PlannedInvoiceObject {
    inside: Arc<Inside>,
    planned: PlannedInvoice,
}

#[Object(name = "PlannedInvoice")]
impl PlannedInvoiceObject {
    /// For whom.
    async fn member(&self) -> MemberObject {
        MemberObject { inside: Arc::clone(&self.inside), member: self.planned.member.clone() }
    }

    /// To whom.
    async fn payer(&self) -> PayerObject {
        PayerObject { inside: Arc::clone(&self.inside), payer: self.planned.payer.clone() }
    }

    /// The share, before VAT.
    async fn net(&self) -> Pence {
        self.planned.net.into()
    }

    /// What is to be paid.
    async fn gross(&self) -> Pence {
        self.planned.gross.into()
    }

    /// The VAT in it.
    async fn vat(&self) -> Pence {
        self.planned.vat_amount.into()
    }

    /// The member's contribution to the budget before, without VAT; null for a new member.
    async fn last_year(&self) -> Option<Pence> {
        self.planned.last_year.map(Into::into)
    }

    /// The payer's order number, when it gave one.
    async fn purchase_order(&self) -> Option<&str> {
        self.planned.purchase_order.as_ref().map(|order| order.number.as_str())
    }

    /// How the share came about.
    async fn explanation(&self) -> &str {
        &self.planned.explanation
    }

    /// Who gets the mail; empty when no address is known.
    async fn recipients(&self) -> Vec<&str> {
        self.planned.recipients.iter().map(domain::access::EmailAddress::as_str).collect()
    }
}

/// The purchase order of a payer that pays by order.
pub(crate) struct PayerOrderObject {
    inside: Arc<Inside>,
    order: PayerOrder,
}

#[Object(name = "PayerOrder")]
impl PayerOrderObject {
    /// Whose.
    async fn payer(&self) -> PayerObject {
        PayerObject { inside: Arc::clone(&self.inside), payer: self.order.payer.clone() }
    }

    /// The number for this budget, once it was given.
    async fn number(&self) -> Option<&str> {
        self.order.order.as_ref().map(|order| order.number.as_str())
    }

    /// Who placed it, as invoices print it.
    async fn requested_by(&self) -> Option<&str> {
        self.order.order.as_ref()?.requested_by.as_deref()
    }
}

/// A member that is not invoiced.
pub(crate) struct HeldBackObject {
    inside: Arc<Inside>,
    held: HeldBack,
}

#[Object(name = "HeldBack")]
impl HeldBackObject {
    /// Whose.
    async fn member(&self) -> MemberObject {
        MemberObject { inside: Arc::clone(&self.inside), member: self.held.member.clone() }
    }

    /// Its payer.
    async fn payer(&self) -> PayerObject {
        PayerObject { inside: Arc::clone(&self.inside), payer: self.held.payer.clone() }
    }

    /// The share; null when it has none.
    async fn amount(&self) -> Option<Pence> {
        self.held.amount.map(Into::into)
    }

    /// Why.
    async fn reason(&self) -> String {
        self.held.reason.to_string()
    }

    /// The number of the invoice that billed it before; null otherwise.
    async fn invoice_number(&self) -> Option<&str> {
        match &self.held.reason {
            invoices::HeldReason::AlreadyInvoiced { number } => Some(number),
            _ => None,
        }
    }

    /// Whether a purchase order number would let it go out.
    async fn needs_purchase_order(&self) -> bool {
        self.held.reason == invoices::HeldReason::PurchaseOrderMissing
    }

    /// Whether `addShare` would let it go out: it joined after the budget was agreed, or has left since.
    async fn needs_share(&self) -> bool {
        use invoices::HeldReason as R;
        matches!(self.held.reason, R::NoShare { .. } | R::Leaves { .. })
    }
}

errors::payload! {
    /// What an invoice run would do.
    PlanRunPayload {
        /// The plan.
        plan: RunPlanObject
    }
}

pub(crate) async fn plan_run(inside: &Arc<Inside>, id: BudgetId) -> Result<PlanRunPayload> {
    let done = answer(invoices::plan_run(&inside.reading, id, inside.today).await)?;
    Ok(done.map(|plan| RunPlanObject { inside: Arc::clone(inside), plan }).into())
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

/// The page of a member's invoices; those who ask for the same page share a statement.
struct InvoicesOfMember;

impl Batch for InvoicesOfMember {
    type Key = (MemberId, PageRequest<InvoiceCursor>);
    type Value = Page<InvoiceRecord>;

    async fn read(
        inside: &Inside,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Page<InvoiceRecord>>, ReadError> {
        let mut wanted: HashMap<_, Vec<_>> = HashMap::new();
        for (member_id, page) in keys {
            wanted.entry(*page).or_default().push(*member_id);
        }
        let mut found = HashMap::new();
        for (page, members) in wanted {
            let pages = invoices::invoices_of_members(&inside.reading, &members, &page).await?;
            found.extend(pages.into_iter().map(|(member_id, invoices)| ((member_id, page), invoices)));
        }
        Ok(found)
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

struct PrintedCreditNote;

impl Batch for PrintedCreditNote {
    type Key = CreditNoteId;
    type Value = ();

    async fn read(inside: &Inside, keys: &[CreditNoteId]) -> Result<HashMap<CreditNoteId, ()>, ReadError> {
        let found = invoices::printed_credit_notes(&inside.reading, keys).await?;
        Ok(found.into_iter().map(|id| (id, ())).collect())
    }
}

impl Inside {
    pub(crate) async fn invoice(self: &Arc<Self>, id: InvoiceId) -> Result<Option<InvoiceObject>> {
        let found = self.load::<InvoiceById>(id).await?;
        Ok(found.map(|record| InvoiceObject { inside: Arc::clone(self), record }))
    }
}

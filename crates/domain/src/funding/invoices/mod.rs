//! Invoices: planned from an agreed budget, issued in runs with numbers that have no gaps, never changed
//! afterwards. Credit notes put them right.

mod credit_invoice;
mod decide_chasing;
mod issue_invoices;
mod override_vat;
mod plan_run;
mod print;
pub(crate) mod repo;
mod send;
mod send_invoice;

pub use credit_invoice::{CreditInvoice, CreditInvoiceError, credit_invoice};
pub use decide_chasing::{DecideChasing, DecideChasingError, decide_chasing};
pub use issue_invoices::{Expected, IssueInvoices, IssueInvoicesError, check_run, issue_invoices};
pub use override_vat::{OverrideVat, OverrideVatError, override_vat};
pub(crate) use plan_run::recipients as recipients_of;
pub use plan_run::{HeldBack, HeldReason, PayerOrder, PlanRunError, PlannedInvoice, RunPlan, plan_run};
pub use print::{
    Printed, PrintedCreditNote, PrintedInvoice, RenderCreditNote, RenderInvoice, StoredDocument,
    credit_note_to_print, document, invoice_to_print, printed_credit_notes, printed_invoices,
    record_document,
};
pub(crate) use send::payer_recipients;
pub use send_invoice::{SendInvoiceError, send_invoice};

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{ageing::AgedDebt, vat::VatDecision};
use crate::{
    alliances::Letterhead,
    error::{Internal, ReadError},
    ids::{BudgetId, CreditNoteId, InvoiceId, InvoiceRunId, MemberId, PayerId},
    money::Pence,
    page::{Page, PageRequest},
    viewer::{Permission, Reading},
};

/// An issued invoice, as printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Invoice {
    /// The invoice.
    pub id: InvoiceId,
    /// The run that issued it.
    pub run_id: InvoiceRunId,
    /// The budget it raises money for.
    pub budget_id: BudgetId,
    /// The member it is for.
    pub member_id: MemberId,
    /// Who settles it.
    pub payer_id: PayerId,
    /// Its place in the alliance's series, from 1.
    pub sequence: i64,
    /// As printed, such as `WEA-0042`: one series an alliance, without gaps.
    pub number: String,
    /// The invoice date, which is the tax point.
    pub issued_on: NaiveDate,
    /// The day by which to pay.
    pub due_on: NaiveDate,
    /// The first day of what it is for.
    pub period_start: NaiveDate,
    /// The last day of what it is for.
    pub period_end: NaiveDate,
    /// Who issued it, as printed.
    pub letterhead: Letterhead,
    /// The payer's legal name, as printed.
    pub bill_to_name: String,
    /// The payer's address, as printed.
    pub bill_to_address: String,
    /// The member's name, as printed.
    pub member_name: String,
    /// The member's reference number, as printed.
    pub member_urn: Option<i32>,
    /// The purchase order number, as printed.
    pub purchase_order: Option<String>,
    /// Who asked for it, as printed.
    pub requested_by: Option<String>,
    /// How the share came about, as printed.
    pub explanation: String,
    /// What of it falls into the payer's next financial year, as printed.
    pub prepayment_note: Option<String>,
    /// Before VAT.
    pub net: Pence,
    /// The VAT.
    pub vat: Pence,
    /// What is to be paid.
    pub gross: Pence,
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// What it is for.
    pub description: String,
    /// How many.
    pub quantity: u32,
    /// The price of one.
    pub unit: Pence,
    /// `quantity` times `unit`.
    pub net: Pence,
    /// How VAT treats it, and why.
    pub vat: VatDecision,
    /// The VAT, rounded half up on this line.
    pub vat_amount: Pence,
}

/// What became of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// Taken back by credit notes.
    pub credited: Pence,
    /// Payments set against it.
    pub received: Pence,
    /// Still to be paid.
    pub outstanding: Pence,
    /// Whether it is asked for.
    pub chasing: Chasing,
}

impl Balance {
    /// The state on a day, as a list shows it.
    #[must_use]
    pub fn state(&self, due_on: NaiveDate, today: NaiveDate) -> InvoiceState {
        if self.outstanding <= Pence::ZERO {
            return if self.received > Pence::ZERO { InvoiceState::Paid } else { InvoiceState::Credited };
        }
        match self.chasing {
            Chasing::Disputed { .. } => InvoiceState::Disputed,
            Chasing::Held { .. } => InvoiceState::Held,
            Chasing::Usual if due_on < today => InvoiceState::Overdue,
            Chasing::Usual if self.received > Pence::ZERO => InvoiceState::PartPaid,
            Chasing::Usual => InvoiceState::Due,
        }
    }
}

/// Whether an invoice is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chasing {
    /// By the reminder levels.
    Usual,
    /// Not for now.
    Held {
        /// Why.
        reason: String,
    },
    /// Not until the payer's question is settled.
    Disputed {
        /// What the payer says.
        reason: String,
    },
}

/// Where an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvoiceState {
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

impl InvoiceState {
    /// Every state.
    pub const ALL: [Self; 7] =
        [Self::Due, Self::PartPaid, Self::Overdue, Self::Paid, Self::Credited, Self::Disputed, Self::Held];

    /// The name in filters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::PartPaid => "part_paid",
            Self::Overdue => "overdue",
            Self::Paid => "paid",
            Self::Credited => "credited",
            Self::Disputed => "disputed",
            Self::Held => "held",
        }
    }
}

/// An invoice with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct InvoiceRecord {
    /// As printed.
    pub invoice: Invoice,
    /// What became of it.
    pub balance: Balance,
}

/// A credit against an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNote {
    /// The credit note.
    pub id: CreditNoteId,
    /// The invoice it takes back from.
    pub invoice_id: InvoiceId,
    /// As printed.
    pub number: String,
    /// Its date.
    pub issued_on: NaiveDate,
    /// Why, as printed.
    pub reason: String,
    /// Before VAT.
    pub net: Pence,
    /// The VAT.
    pub vat: Pence,
    /// What is taken back.
    pub gross: Pence,
}

/// A sum of an invoice that a list can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceSum {
    /// Still to be paid, disputed and held included.
    Outstanding,
    /// Payments set against it.
    Received,
    /// Taken back by credit notes.
    Credited,
}

impl InvoiceSum {
    /// The name in filters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outstanding => "outstanding",
            Self::Received => "received",
            Self::Credited => "credited",
        }
    }
}

/// Which invoices are listed. Empty fields filter nothing.
#[derive(Debug, Clone, Default)]
pub struct InvoiceFilter {
    /// Part of a number, member's or payer's name, in any case.
    pub text: Option<String>,
    /// In any of these states today; every state when empty.
    pub states: Vec<InvoiceState>,
    /// With something of each of these sums.
    pub having: Vec<InvoiceSum>,
    /// Of one budget.
    pub budget_id: Option<BudgetId>,
    /// Of one member.
    pub member_id: Option<MemberId>,
    /// Of one payer.
    pub payer_id: Option<PayerId>,
    /// Due on this day or later.
    pub due_from: Option<NaiveDate>,
    /// Due on this day or before.
    pub due_to: Option<NaiveDate>,
}

/// Where a list of invoices goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct InvoiceCursor {
    /// The place in the series of the last one shown.
    pub sequence: i64,
}

/// How many invoices a filter finds, and what they come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InvoiceTotals {
    /// How many.
    pub count: i64,
    /// What was billed.
    pub gross: Pence,
    /// Taken back by credit notes.
    pub credited: Pence,
    /// Payments set against them.
    pub received: Pence,
    /// Still to be paid.
    pub outstanding: Pence,
}

/// Invoices within reach, the newest first.
pub async fn invoices(
    reading: &Reading,
    filter: &InvoiceFilter,
    page: &PageRequest<InvoiceCursor>,
    today: NaiveDate,
) -> Result<Page<InvoiceRecord>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    let query = repo::Query { filter, reach: &reach, today };
    Ok(repo::invoices(&mut tx, &query, page).await?)
}

/// The same page of each of these members' invoices, as far as they are within reach, the newest first: one statement,
/// whatever their number.
pub async fn invoices_of_members(
    reading: &Reading,
    members: &[MemberId],
    page: &PageRequest<InvoiceCursor>,
) -> Result<HashMap<MemberId, Page<InvoiceRecord>>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::invoices_of_members(&mut tx, &reach, members, page).await?)
}

/// Every invoice of the alliance that needs money, what is due first in front.
pub async fn open_invoices(reading: &Reading, today: NaiveDate) -> Result<Vec<InvoiceRecord>, ReadError> {
    let mut tx = reading.require(Permission::SeeMoney).await?;
    Ok(repo::open_invoices(&mut tx, today).await?)
}

/// How many invoices within reach the filter finds, and what they come to.
pub async fn invoice_totals(
    reading: &Reading,
    filter: &InvoiceFilter,
    today: NaiveDate,
) -> Result<InvoiceTotals, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::totals(&mut tx, &repo::Query { filter, reach: &reach, today }).await?)
}

/// These invoices, as far as they are within reach.
pub async fn invoices_by_ids(reading: &Reading, ids: &[InvoiceId]) -> Result<Vec<InvoiceRecord>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    let found = repo::invoices_by_ids(&mut tx, ids).await?;
    Ok(found.into_iter().filter(|record| reach.includes(record.invoice.member_id)).collect())
}

/// The lines of these invoices, as far as they are within reach, in order.
pub async fn invoice_lines(
    reading: &Reading,
    ids: &[InvoiceId],
) -> Result<Vec<(InvoiceId, InvoiceLine)>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::lines(&mut tx, &reach, ids).await?)
}

/// The credit notes of these invoices, as far as they are within reach, the oldest first.
pub async fn credit_notes(reading: &Reading, ids: &[InvoiceId]) -> Result<Vec<CreditNote>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::credit_notes(&mut tx, &reach, ids).await?)
}

/// Shares of an agreed budget that are not invoiced because their payer's order number is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwaitedOrders {
    /// Of which budget.
    pub budget_id: BudgetId,
    /// How many shares.
    pub count: i64,
    /// What they come to, before VAT.
    pub total: Pence,
}

/// The shares of each agreed budget that wait for an order number, the oldest year first; a budget without such is left
/// out. An invoice run holds back the same ones.
pub async fn awaited_orders(reading: &Reading) -> Result<Vec<AwaitedOrders>, ReadError> {
    let mut tx = reading.require(Permission::SeeMoney).await?;
    Ok(repo::awaited_orders(&mut tx).await?)
}

/// What one payer owes, by age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgedPayer {
    /// Who.
    pub payer_id: PayerId,
    /// Its legal name today.
    pub name: String,
    /// What is owed and not in question.
    pub owed: AgedDebt,
    /// What is disputed, of any age.
    pub disputed: Pence,
}

/// What each payer within reach owes today, by name. Disputed invoices stand apart.
pub async fn aged_debt(reading: &Reading, today: NaiveDate) -> Result<Vec<AgedPayer>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    let owed = repo::owed(&mut tx, &reach).await?;
    drop(tx);
    let too_large = || Internal::new("a sum of open invoices does not fit");
    let mut payers = Vec::new();
    for rows in owed.chunk_by(|one, other| one.payer_id == other.payer_id) {
        let part = |disputed: bool| {
            let rows = rows.iter().filter(move |row| row.is_disputed == disputed);
            AgedDebt::on(today, rows.map(|row| (row.due_on, row.outstanding))).ok_or_else(too_large)
        };
        payers.push(AgedPayer {
            payer_id: rows[0].payer_id,
            name: rows[0].payer_name.clone(),
            owed: part(false)?,
            disputed: part(true)?.total(),
        });
    }
    Ok(payers)
}

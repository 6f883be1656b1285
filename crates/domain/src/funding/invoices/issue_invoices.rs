//! Carrying out a plan: numbers, invoices and the jobs that print and mail them, in one transaction.

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use super::{
    Invoice, RenderInvoice,
    plan_run::{PlanRunError, PlannedInvoice, RunPlan, plan},
    repo,
};
use crate::{
    alliances::{self, Alliance},
    app::App,
    changes::Change,
    db::Tx,
    error::{Forbidden, Internal},
    funding::{
        bank_holidays::bank_holidays,
        budgets::{self, Budget},
        due_date::{Calendar, DueDate, due_date},
    },
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::{BudgetId, InvoiceId, InvoiceRunId},
    money::Pence,
    problem::failure,
    text::plural,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// A run to be issued.
#[derive(Debug, Clone, Serialize)]
pub struct IssueInvoices {
    /// From which agreed budget.
    pub budget_id: BudgetId,
    /// When payment is due; by the alliance's terms when `None`. A working day from today to a year ahead.
    pub due_on: Option<NaiveDate>,
    /// What the preview showed. The run stops when it would now be another.
    pub expected: Option<Expected>,
}

/// What a preview showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// How many invoices.
    pub count: usize,
    /// What they come to.
    pub total: Pence,
}

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueInvoicesError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanRunError),
    /// Nothing goes out.
    #[error("There is nothing to issue: every share is invoiced, nought, or waits for a purchase order.")]
    NothingToIssue,
    /// An invoice without it may charge no VAT.
    #[error(
        "These invoices charge VAT, so they must bear the alliance's VAT number. Give it in the settings first."
    )]
    NoVatNumber,
    /// A share, a payer or an order changed since the preview.
    #[error("Something has changed since you looked: now {}, {}. Please check again.",
        plural(.now.count, "invoice", "invoices"), .now.total)]
    PlanChanged {
        /// What would go out now.
        now: Expected,
    },
    /// In the past or more than a year ahead.
    #[error("The due date must be between today and a year from today.")]
    DueDateOutOfRange,
    /// Nobody pays on that day.
    #[error("The due date falls on a day when offices are closed. The next working day is {}.", .next.format("%A %-d %B %Y"))]
    DueDateClosed {
        /// The next day that is open.
        next: NaiveDate,
    },
    /// The key was used for something else.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Issues every invoice of the plan and returns the run's id. The numbers continue the alliance's series without a
/// gap: the series' row stays locked until they are committed. A worker prints and mails them afterwards.
pub async fn issue_invoices(
    app: &App,
    viewer: &Viewer,
    input: IssueInvoices,
    key: Option<&IdempotencyKey>,
) -> Result<InvoiceRunId, IssueInvoicesError> {
    let scope = viewer.require(Permission::IssueInvoices)?;
    viewer.require_confirmed(Act::IssueInvoices)?;
    let now = app.clock.now();
    let run_id = InvoiceRunId::new(app);

    let mut tx = app.db.begin(scope).await?;
    let person_id = viewer.person_id();
    let once = Once { person_id, key, operation: "issue_invoices", input: &input, result_id: run_id.0, now };
    if let Some(before) = idempotency::claim(&mut tx, once).await? {
        return Ok(InvoiceRunId(before));
    }
    let budget =
        budgets::repo::lock_budget(&mut tx, input.budget_id).await?.ok_or(PlanRunError::UnknownBudget)?;
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let today = alliance.date(now);
    let (plan, due_on) = checked_plan(&mut tx, &alliance, (budget, &input), today).await?;

    let run = repo::NewRun {
        id: run_id,
        budget_id: plan.budget.id,
        issued_on: today,
        due_on,
        issued_by: person_id,
        created_at: now,
    };
    repo::insert_run(&mut tx, &run).await?;
    let count = i64::try_from(plan.goes_out.len()).map_err(Internal::new)?;
    let first = repo::draw_numbers(&mut tx, repo::Series::Invoice, count).await?;
    let invoices: Vec<_> = (first..)
        .zip(&plan.goes_out)
        .map(|(sequence, planned)| {
            let invoice = invoice(app, &alliance, (&plan.budget, &run), planned, sequence);
            (sequence, invoice, planned)
        })
        .collect();
    repo::insert_invoices(&mut tx, &invoices, now).await?;
    let jobs: Vec<_> =
        invoices.iter().map(|(_, invoice, _)| RenderInvoice { invoice_id: invoice.id }).collect();
    tx.enqueue_all(app, &jobs).await?;
    let issued = invoices.iter().map(|(_, invoice, _)| Change::Invoice(invoice.id, invoice.member_id));
    tx.announce(&issued.collect::<Vec<_>>()).await?;
    tx.commit().await?;
    Ok(run_id)
}

/// The plan that [`issue_invoices`] would carry out now, or the error that it would give. Nothing is issued.
pub async fn check_run(
    app: &App,
    viewer: &Viewer,
    input: IssueInvoices,
) -> Result<RunPlan, IssueInvoicesError> {
    let scope = viewer.require(Permission::IssueInvoices)?;
    let mut tx = app.db.snapshot(scope).await?;
    let budget = budgets::repo::budget(&mut tx, input.budget_id).await?;
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let today = alliance.date(app.clock.now());
    let budget = budget.ok_or(PlanRunError::UnknownBudget)?;
    let (plan, due_on) = checked_plan(&mut tx, &alliance, (budget, &input), today).await?;
    let chosen = |_| DueDate { date: due_on, reason: "As you gave it.".into() };
    Ok(RunPlan { due: input.due_on.map_or(plan.due.clone(), chosen), ..plan })
}

/// The plan as the caller expects it, and the due date.
async fn checked_plan(
    tx: &mut Tx,
    alliance: &Alliance,
    (budget, input): (Budget, &IssueInvoices),
    today: NaiveDate,
) -> Result<(RunPlan, NaiveDate), IssueInvoicesError> {
    use IssueInvoicesError as E;
    let plan = plan(tx, alliance, budget, today).await?;
    if plan.goes_out.is_empty() {
        return Err(E::NothingToIssue);
    }
    let charges_vat = plan.goes_out.iter().any(|planned| planned.vat.treatment.is_charged());
    if charges_vat && alliance.letterhead.vat_number.is_none() {
        return Err(E::NoVatNumber);
    }
    let now = Expected { count: plan.goes_out.len(), total: plan.total() };
    if input.expected.is_some_and(|expected| expected != now) {
        return Err(E::PlanChanged { now });
    }
    let Some(due_on) = input.due_on else {
        let due_on = plan.due.date;
        return Ok((plan, due_on));
    };
    if due_on < today || (due_on - today).num_days() > 366 {
        return Err(E::DueDateOutOfRange);
    }
    let closures = alliances::days_closed(tx, today).await?;
    let holidays = bank_holidays(due_on.year(), due_on.year() + 1);
    let calendar = Calendar { bank_holidays: &holidays, closures: &closures };
    let open = due_date(due_on, 0, &calendar).map_err(PlanRunError::from)?;
    if open.date != due_on {
        return Err(E::DueDateClosed { next: open.date });
    }
    Ok((plan, due_on))
}

fn invoice(
    app: &App,
    alliance: &Alliance,
    (budget, run): (&Budget, &repo::NewRun),
    planned: &PlannedInvoice,
    sequence: i64,
) -> Invoice {
    Invoice {
        id: InvoiceId::new(app),
        run_id: run.id,
        budget_id: budget.id,
        member_id: planned.member.id,
        payer_id: planned.payer.id,
        sequence,
        number: format!("{}{sequence:04}", alliance.terms.invoice_prefix),
        issued_on: run.issued_on,
        due_on: run.due_on,
        period_start: budget.starts_on,
        period_end: budget.ends_on,
        letterhead: alliance.letterhead.clone(),
        bill_to_name: planned.payer.legal_name.clone(),
        bill_to_address: planned.payer.address.clone(),
        member_name: planned.member.name.clone(),
        member_urn: planned.member.urn,
        purchase_order: planned.purchase_order.as_ref().map(|order| order.number.clone()),
        requested_by: planned.purchase_order.as_ref().and_then(|order| order.requested_by.clone()),
        explanation: planned.explanation.clone(),
        prepayment_note: prepayment_note(budget, planned.net),
        net: planned.net,
        vat: planned.vat_amount,
        gross: planned.gross,
    }
}

/// Maintained schools close their books on 31 March: what lies beyond it is a prepayment there. Counted by day.
fn prepayment_note(budget: &Budget, net: Pence) -> Option<String> {
    let march_of = |year| NaiveDate::from_ymd_opt(year, 3, 31);
    let year_end = march_of(budget.starts_on.year())
        .filter(|end| *end >= budget.starts_on)
        .or_else(|| march_of(budget.starts_on.year() + 1))?;
    if year_end >= budget.ends_on {
        return None;
    }
    let days = u32::try_from((budget.ends_on - budget.starts_on).num_days() + 1).ok()?;
    let after = u32::try_from((budget.ends_on - year_end).num_days()).ok()?;
    let part = net.fraction(after, days)?;
    Some(format!(
        "If your financial year ends on {}, {part} of the net amount is a prepayment for the months after it.",
        year_end.format("%-d %B %Y")
    ))
}

failure!(IssueInvoicesError {
    NothingToIssue => "budgetId",
    NoVatNumber => "budgetId",
    PlanChanged => "expected",
    DueDateOutOfRange => "dueOn",
    DueDateClosed => "dueOn",
} nested { Forbidden, Unconfirmed, Internal, Plan, Idempotency });

//! The invoice run: the preview, and issuing exactly what it shows.

use askama::Template;
use axum::extract::{Path, Request, State};
use domain::{
    funding::{
        budgets::{AddShare, AgreedShare, RecordPurchaseOrder, add_share, record_purchase_order},
        invoices::{self as operations, Expected, IssueInvoices, OverrideVat, issue_invoices},
        vat::{STANDARD_RATE, VatTreatment},
    },
    idempotency::IdempotencyKey,
    ids::{BudgetId, MemberId, PayerId},
    money::{BasisPoints, Pence},
    problem::Problem,
    viewer::Permission,
};
use gateway::schema::ids::{Kind, decode};
use uuid::Uuid;

use crate::{
    format,
    forms::{Fields, FormState, answer, at, new_key, problem, read_form},
    ids::{self, global},
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Run, "src/pages/run/query.graphql");

#[derive(Template)]
#[template(path = "pages/run/page.html")]
struct Page {
    shell: Shell,
    label: String,
    plan: Option<run::RunAlliancePlanRunPlan>,
    /// Why there is no plan.
    refusal: Option<String>,
    form: FormState,
    /// One form, one run: sending it twice issues once.
    key: String,
    may_issue: bool,
    may_budget: bool,
    base: String,
}

/// How a line may be treated: by the rules, or as the domain names it.
const TREATMENTS: [(&str, &str); 5] = [
    ("", "as the rules have it"),
    ("exempt", "exempt from VAT"),
    ("outside_scope", "outside the scope of VAT"),
    ("zero", "taxable at 0%"),
    ("standard", "taxable at the standard rate, 20%"),
];

type Planned = run::RunAlliancePlanRunPlanGoesOut;
type Order = run::RunAlliancePlanRunPlanPurchaseOrders;
type HeldBack = run::RunAlliancePlanRunPlanHeldBack;

impl Page {
    fn purpose(&self) -> String {
        let Some(plan) = &self.plan else { return "Nothing can be issued yet.".into() };
        if plan.count == 0 {
            return "There is no invoice to issue now.".into();
        }
        let invoices = format::plural(&plan.count, "invoice", "invoices");
        let payers = format::plural(&plan.payer_count, "payer", "payers");
        format!("{invoices} to {payers}, {} in all. Nothing has been sent.", plan.total)
    }

    /// Whose line may be treated otherwise.
    fn lines(&self) -> Vec<(&str, &str)> {
        let planned = self.plan.iter().flat_map(|plan| &plan.goes_out);
        planned.map(|one| (one.member.id.as_str(), one.member.name.as_str())).collect()
    }

    /// How the run is treated but for how many lines.
    fn vat_reason(&self) -> String {
        let Some(plan) = &self.plan else { return String::new() };
        match plan.goes_out.iter().filter(|one| one.is_vat_overridden).count() {
            0 => plan.vat_reason.clone(),
            1 => format!("{} One line is treated otherwise.", plan.vat_reason),
            n => format!("{} {n} lines are treated otherwise.", plan.vat_reason),
        }
    }

    /// How VAT treats a line: `Exempt from VAT`.
    fn vat(one: &Planned) -> String {
        let name = words::name(&one.vat_treatment).to_lowercase();
        let words = TREATMENTS.iter().find(|(treatment, _)| *treatment == name);
        format::capitalised(words.map_or("", |(_, words)| words))
    }

    fn held_back(&self) -> &'static str {
        if self.waiting().is_empty() { "Nobody." } else { "These wait, each for its reason." }
    }

    /// Shares that something holds back.
    fn waiting(&self) -> Vec<&HeldBack> {
        let held = self.plan.iter().flat_map(|plan| &plan.held_back);
        held.filter(|one| one.invoice_number.is_none()).collect()
    }

    /// Shares that an earlier run billed.
    fn invoiced(&self) -> Vec<&HeldBack> {
        let held = self.plan.iter().flat_map(|plan| &plan.held_back);
        held.filter(|one| one.invoice_number.is_some()).collect()
    }

    fn invoiced_as(one: &HeldBack) -> String {
        one.amount.map_or_else(|| one.reason.clone(), |amount| format!("{amount}. {}", one.reason))
    }

    fn is_missing(one: &Order) -> bool {
        one.payer.purchase_order == run::PurchaseOrderRule::REQUIRED && one.number.is_none()
    }

    fn orders(&self) -> impl Iterator<Item = &Order> {
        self.plan.iter().flat_map(|plan| &plan.purchase_orders)
    }

    /// Payers that are not invoiced until they give a number.
    fn missing_orders(&self) -> Vec<&Order> {
        self.orders().filter(|one| Self::is_missing(one)).collect()
    }

    fn other_orders(&self) -> Vec<&Order> {
        self.orders().filter(|one| !Self::is_missing(one)).collect()
    }

    /// Whether the form that was refused is one of those that are folded away.
    fn was_another_sent(&self) -> bool {
        self.other_orders().into_iter().any(|one| self.was_sent_for(one))
    }

    /// Whether the form that was refused is the one of this payer.
    fn was_sent_for(&self, one: &Order) -> bool {
        self.form.is("payer", &one.payer.id, "")
    }
}

type Address = Path<(String, Uuid)>;

async fn page(site: &SharedSite, within: &Within, id: Uuid, form: FormState) -> Result<Page, PageError> {
    let variables = run::Variables { slug: within.slug(), id: global(within, Kind::Budget, id) };
    let data = site.query::<Run>(&within.signed, variables).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let label = alliance.budget.ok_or(PageError::NotFound)?.label;
    let key = form.value("key", "").to_owned();
    Ok(Page {
        shell: within.shell("Check the run"),
        refusal: alliance.plan_run.errors.into_iter().next().map(|error| error.message),
        plan: alliance.plan_run.plan,
        key: if key.is_empty() { new_key(&site.gateway.app) } else { key },
        may_issue: within.may(Permission::IssueInvoices),
        may_budget: within.may(Permission::ManageBudgets),
        base: within.path(&format!("/budgets/{id}")),
        label,
        form,
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
) -> PageResult {
    render(&page(&site, &within, id, FormState::default()).await?)
}

fn read(fields: &Fields, id: Uuid) -> Result<IssueInvoices, Problem> {
    let seen = |name| {
        fields.text(name).parse::<i64>().map_err(|_| problem("expected", "Please load the page again"))
    };
    let count = usize::try_from(seen("count")?).unwrap_or(0);
    let expected = Some(Expected { count, total: Pence(seen("total")?) });
    Ok(IssueInvoices { budget_id: BudgetId(id), due_on: Some(fields.date("dueOn")?), expected })
}

pub(crate) async fn post(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let key = IdempotencyKey(fields.text("key").to_owned());
    let result = match read(&fields, id) {
        Err(problem) => Err(problem),
        Ok(run) => outcome(issue_invoices(&site.gateway.app, within.viewer(), run, Some(&key)).await)?,
    };
    let next = |_| {
        let count = fields.text("count").parse().unwrap_or_default();
        let issued = format::plural(&count, "invoice is", "invoices are");
        (within.path("/invoices"), format!("{issued} issued. Printing and mailing is under way."))
    };
    answer(result, &fields, |form| page(&site, &within, id, form), next).await
}

pub(crate) async fn record_order(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let payer = decode(fields.text("payer")).map_or(Uuid::nil(), |(_, _, id)| id);
    let order = RecordPurchaseOrder {
        payer_id: PayerId(payer),
        budget_id: BudgetId(id),
        number: fields.text("number").to_owned(),
        requested_by: fields.optional("requestedBy"),
    };
    let result = outcome(record_purchase_order(&site.gateway.app, within.viewer(), order).await)?;
    let next = |()| {
        (within.path(&format!("/budgets/{id}/run")), "The purchase order number is recorded.".to_owned())
    };
    answer(result, &fields, |form| page(&site, &within, id, form), next).await
}

pub(crate) async fn override_vat(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let member = decode(fields.text("member")).map_or(Uuid::nil(), |(_, _, id)| id);
    let treatment = fields.text("treatment");
    let rate = if treatment == "standard" { STANDARD_RATE } else { BasisPoints::ZERO };
    let decision = OverrideVat {
        budget_id: BudgetId(id),
        member_id: MemberId(member),
        treatment: VatTreatment::from_code(treatment, rate),
        reason: fields.text("reason").to_owned(),
    };
    let result = if decision.treatment.is_none() && !treatment.is_empty() {
        Err(problem("treatment", "Please choose one of these."))
    } else {
        let done = operations::override_vat(&site.gateway.app, within.viewer(), decision).await;
        outcome(done)?.map_err(|problem| at(problem, "memberId", "member"))
    };
    let done = if treatment.is_empty() {
        "Taken back: the rules hold again."
    } else {
        "Recorded. The invoice will say it too."
    };
    let next = |()| (within.path(&format!("/budgets/{id}/run")), done.to_owned());
    answer(result, &fields, |form| page(&site, &within, id, form), next).await
}

pub(crate) async fn add_member_share(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let member = decode(fields.text("member")).map_or(Uuid::nil(), |(_, _, id)| id);
    let share = AddShare { budget_id: BudgetId(id), member_id: MemberId(member) };
    let result = outcome(add_share(&site.gateway.app, within.viewer(), share).await)?;
    let next = |share: AgreedShare| {
        let said = format!("Its share is {}. The other shares stay as agreed.", share.contribution.amount);
        (within.path(&format!("/budgets/{id}/run")), said)
    };
    answer(result, &fields, |form| page(&site, &within, id, form), next).await
}

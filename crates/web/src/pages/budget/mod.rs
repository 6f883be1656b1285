//! One budget: its lines, its rule, each member's share, and the simulator that tries another rule.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, RawQuery, Request, State};
use domain::{
    funding::{budgets as operations, formula::Formula},
    ids::BudgetId,
    money::Pence,
    problem::{Failure, Problem},
    viewer::Permission,
};
use gateway::schema::ids::Kind;
use uuid::Uuid;

use crate::{
    csv, format,
    forms::{Fields, FormState, read_form},
    formula_form::{self, CONTRIBUTION_KINDS},
    ids::{self, global},
    page::{PageError, PageResult, done, outcome, render, render_refused},
    pages::query,
    session::{Download, Within},
    shell::Shell,
    site::SharedSite,
};

query!(Budget, "src/pages/budget/query.graphql");

#[derive(Template)]
#[template(path = "pages/budget/page.html")]
struct Page {
    shell: Shell,
    budget: budget::BudgetAllianceBudget,
    simulation: Option<budget::BudgetAllianceSimulateSimulation>,
    /// The rule that is tried, in words.
    tried: Option<String>,
    form: FormState,
    values: HashMap<&'static str, String>,
    /// What the simulator was asked, as it stands in the address.
    query: String,
    may_budget: bool,
    may_issue: bool,
    /// Whether every share is seen, not only those of one's own school.
    sees_all: bool,
    base: String,
}

impl Page {
    fn shown(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    fn shares_total(&self) -> Pence {
        Pence(self.budget.shares.iter().map(|share| share.amount.0).sum())
    }

    /// What the agreed shares are short of the budget, or beyond it.
    fn balance(&self) -> Option<(Pence, &'static str)> {
        let beyond = self.shares_total().0 - self.budget.total.0;
        match beyond {
            _ if !self.sees_all => None,
            0 => None,
            1.. => Some((Pence(beyond), "beyond the budget")),
            _ => Some((Pence(-beyond), "short of the budget")),
        }
    }

    /// The heading of the shares, and what their sum is called.
    fn shares_heading(&self) -> &'static str {
        match self.budget.shares.len() {
            _ if self.sees_all => "Each member’s share",
            0 | 1 => "Your school’s share",
            _ => "Your schools’ shares",
        }
    }

    fn shares_caption(&self) -> &'static str {
        match self.budget.shares.len() {
            0 | 1 => "Fixed when the budget was agreed, with how it comes about",
            _ => "Fixed when the budget was agreed, with how each comes about",
        }
    }

    fn shares_words(&self) -> &'static str {
        match self.budget.shares.len() {
            _ if self.sees_all => "agreed shares",
            0 | 1 => "your school’s share",
            _ => "your schools’ shares",
        }
    }

    fn contributions_are(&self) -> &'static str {
        match self.budget.contributions_are {
            budget::ContributionKind::SERVICES => CONTRIBUTION_KINDS[1].1,
            _ => CONTRIBUTION_KINDS[0].1,
        }
    }

    /// What runs have left to be invoiced.
    fn not_invoiced(&self) -> Option<String> {
        let billing = &self.budget.billing;
        if !self.sees_all || !billing.is_begun || billing.open_shares == 0 {
            return None;
        }
        let (shares, waiting) = (billing.open_shares, billing.waiting_for_order);
        let (amount, verb) = (billing.open_amount, if shares == 1 { "is" } else { "are" });
        let why = match waiting {
            0 => String::new(),
            1 if shares == 1 => ": it waits for an order number".to_owned(),
            waiting if waiting == shares => ": they wait for an order number".to_owned(),
            1 => "; 1 of them waits for an order number".to_owned(),
            waiting => format!("; {waiting} of them wait for an order number"),
        };
        Some(format!(
            "{}, {amount}, {verb} not invoiced yet{why}.",
            format::plural(&shares, "share", "shares")
        ))
    }

    /// What is shown of each member, and what a change is a change from.
    fn simulated_words(&self) -> &'static str {
        match &self.simulation {
            Some(simulation) if simulation.tried.is_some() => {
                "As it would be today, with how each comes about. “Share” is by the budget’s rule, “Tried” by the \
                 rule you try, and the change is from the one to the other."
            }
            Some(simulation) if simulation.last_year.is_some() => {
                "As it would be today, with how each comes about and the change from last year; agreeing the budget \
                 fixes it"
            }
            _ => "As it would be today, with how each comes about; agreeing the budget fixes it",
        }
    }

    fn since_last_year(row: &budget::BudgetAllianceSimulateSimulationMembers) -> Option<Pence> {
        Some(Pence(row.current?.0 - row.last_year?.0))
    }

    /// What the simulated total is.
    fn by_rule(&self) -> &'static str {
        let simulation = self.simulation.as_ref();
        if simulation.is_some_and(|simulation| simulation.current.is_estimate) {
            "by the budget’s rule, estimated"
        } else {
            "by the budget’s rule"
        }
    }

    /// The shares as a file: with the rule that is tried, as on the page.
    fn csv(&self) -> String {
        let separator = if self.query.is_empty() { "" } else { "?" };
        format!("{}/shares.csv{separator}{}", self.base, self.query)
    }
}

type Address = Path<(String, Uuid)>;

async fn load(
    site: &SharedSite,
    within: &Within,
    id: Uuid,
    tried: Option<Formula>,
) -> Result<
    (budget::BudgetAllianceBudget, Result<Option<budget::BudgetAllianceSimulateSimulation>, Problem>),
    PageError,
> {
    let variables =
        budget::Variables { slug: within.slug(), id: global(within, Kind::Budget, id), formula: tried };
    let data = site.query::<Budget>(&within.signed, variables).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let budget = alliance.budget.ok_or(PageError::NotFound)?;
    let simulation = match alliance.simulate {
        None => Ok(None),
        Some(payload) => match payload.errors.into_iter().next() {
            None => Ok(payload.simulation),
            Some(error) => Err(Problem { code: "FORMULA".into(), field: None, message: error.message }),
        },
    };
    Ok((budget, simulation))
}

async fn page(
    site: &SharedSite,
    within: &Within,
    id: Uuid,
    (fields, mut problem): (&Fields, Option<Problem>),
) -> Result<Page, PageError> {
    let mut tried = None;
    if !fields.text("base").is_empty() {
        match formula_form::read(fields) {
            Ok(formula) => tried = Some(formula),
            Err(wrong) => problem = Some(wrong),
        }
    }
    let in_words = tried.as_ref().map(Formula::in_words);
    let (budget, simulation) = load(site, within, id, tried).await?;
    let simulation = simulation.unwrap_or_else(|wrong| {
        problem.get_or_insert(wrong);
        None
    });
    let form = match problem {
        None => FormState::kept(fields),
        Some(problem) => FormState::refused(fields, problem),
    };
    Ok(Page {
        shell: within.shell(&format!("Budget {}", budget.label)),
        values: formula_form::values(&budget.formula),
        base: within.path(&format!("/budgets/{id}")),
        may_budget: within.may(Permission::ManageBudgets),
        may_issue: within.may(Permission::IssueInvoices),
        sees_all: within.may(Permission::SeeMoney),
        tried: in_words.filter(|_| simulation.as_ref().is_some_and(|simulation| simulation.tried.is_some())),
        simulation,
        query: String::new(),
        budget,
        form,
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    RawQuery(query): RawQuery,
) -> PageResult {
    let fields = Fields::from_query(query.as_deref());
    let page = page(&site, &within, id, (&fields, None)).await?;
    render(&Page { query: query.unwrap_or_default(), ..page })
}

pub(crate) async fn csv(
    State(site): State<SharedSite>,
    Download(within): Download,
    Path((_, id)): Address,
    RawQuery(query): RawQuery,
) -> PageResult {
    let fields = Fields::from_query(query.as_deref());
    let tried = if fields.text("base").is_empty() { None } else { formula_form::read(&fields).ok() };
    let (budget, simulation) = load(&site, &within, id, tried).await?;
    let sees_all = within.may(Permission::SeeMoney);
    let rows: Vec<_> = match simulation.ok().flatten() {
        Some(simulation) if budget.agreed_at.is_none() => simulation
            .members
            .into_iter()
            .map(|row| {
                let amount = |pence: Option<Pence>| pence.map(csv::amount).unwrap_or_default();
                let name = row.member.map(|member| member.name).unwrap_or_default();
                let how = row.question.unwrap_or(row.brief);
                vec![name, amount(row.current), amount(row.tried), amount(row.last_year), how]
            })
            .collect(),
        _ => budget
            .shares
            .into_iter()
            .map(|share| {
                let name = share.member.map(|member| member.name).unwrap_or_default();
                let how = if sees_all { share.brief } else { share.explanation };
                vec![name, csv::amount(share.amount), String::new(), String::new(), how]
            })
            .collect(),
    };
    let columns = ["Member", "Share", "Tried", "Last year", "How it comes about"];
    csv::download((&site, &within), &format!("shares-{id}.csv"), &columns, rows).await
}

async fn answer<T>(
    (site, within, id): (&SharedSite, &Within, Uuid),
    result: Result<T, impl Into<Failure>>,
    said: &str,
) -> PageResult {
    match outcome(result)? {
        Ok(_) => Ok(done(&within.path(&format!("/budgets/{id}")), said)),
        // The rule's own fields are on another page.
        Err(problem) => {
            let problem = Problem { field: None, ..problem };
            render_refused(&page(site, within, id, (&Fields::default(), Some(problem))).await?)
        }
    }
}

pub(crate) async fn agree(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    read_form(&within.signed, request).await?;
    let result = operations::agree_budget(&site.gateway.app, within.viewer(), BudgetId(id)).await;
    answer((&site, &within, id), result, "The budget is agreed, and each share is fixed.").await
}

pub(crate) async fn reopen(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    read_form(&within.signed, request).await?;
    let result = operations::reopen_budget(&site.gateway.app, within.viewer(), BudgetId(id)).await;
    answer((&site, &within, id), result, "The budget is a draft again.").await
}

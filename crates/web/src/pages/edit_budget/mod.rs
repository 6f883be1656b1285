//! Drafting a budget, or changing a draft.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, Request, State};
use chrono::{Datelike, Months, NaiveDate};
use domain::{
    funding::{
        budgets::{AgreedAmount, DraftBudget, DraftInKindOffer, DraftLine, change_budget, draft_budget},
        formula::{Base, Formula, Rounding},
        vat::ContributionKind,
    },
    ids::{BudgetId, MemberId},
    money::{Pence, UnitPrice},
    problem::Problem,
    viewer::Permission,
};
use gateway::schema::ids::{Kind, decode};
use uuid::Uuid;

use crate::{
    forms::{Fields, FormState, problem, read_form},
    formula_form,
    ids::global,
    lists::read_on,
    page::{PageError, PageResult, done, outcome, render, render_refused},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
};

query!(EditBudget, "src/pages/edit_budget/query.graphql");

/// Empty rows below those that are filled in.
const SPARE_ROWS: usize = 3;

#[derive(Template)]
#[template(path = "pages/edit_budget/page.html")]
struct Page {
    shell: Shell,
    year: String,
    starts_on: String,
    ends_on: String,
    contributions_are: &'static str,
    /// Description and amount.
    lines: Vec<(String, String)>,
    /// Member's id, description and value.
    offers: Vec<(String, String, String)>,
    /// Member's id, reason and amount.
    agreed: Vec<(String, String, String)>,
    members: Vec<edit_budget::EditBudgetAllianceMembersNodes>,
    form: FormState,
    values: HashMap<&'static str, String>,
    back: String,
}

impl Page {
    fn shown(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }
}

/// What most alliances begin with.
fn usual_formula() -> Formula {
    let base = Base::PerPupil {
        base_fee: Pence(30_000),
        per_pupil: UnitPrice(17_500),
        floor: Some(Pence(40_000)),
        cap: None,
    };
    Formula { base, adjustments: Vec::new(), rounding: Rounding::Penny }
}

async fn load(
    site: &SharedSite,
    within: &Within,
    id: Option<Uuid>,
    after: Option<String>,
) -> Result<edit_budget::EditBudgetAlliance, PageError> {
    let id = global(within, Kind::Budget, id.unwrap_or_default());
    let variables = edit_budget::Variables { slug: within.slug(), id, after };
    let data = site.query::<EditBudget>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

async fn page(
    site: &SharedSite,
    within: &Within,
    id: Option<Uuid>,
    refused: Option<(&Fields, Problem)>,
) -> Result<Page, PageError> {
    if !within.may(Permission::ManageBudgets) {
        return Err(PageError::Forbidden);
    }
    let mut alliance = load(site, within, id, None).await?;
    read_on!(alliance.members, |after| load(site, within, id, after));
    let heading = match &alliance.budget {
        Some(budget) => format!("Change budget {}", budget.label),
        None if id.is_some() => return Err(PageError::NotFound),
        None => "Draft a budget".to_owned(),
    };
    let (starts_on, ends_on) = match &alliance.budget {
        Some(budget) => (budget.starts_on, budget.ends_on),
        None => next_year(alliance.today, alliance.terms.year_start_month),
    };
    let mut lines: Vec<_> = alliance
        .budget
        .iter()
        .flat_map(|budget| &budget.lines)
        .map(|line| (line.description.clone(), line.pence.to_string()))
        .collect();
    let mut offers: Vec<_> = alliance
        .budget
        .iter()
        .flat_map(|budget| &budget.in_kind_offers)
        .filter_map(|offer| {
            Some((offer.member.as_ref()?.id.clone(), offer.description.clone(), offer.pence.to_string()))
        })
        .collect();
    let mut agreed: Vec<_> = alliance
        .budget
        .iter()
        .flat_map(|budget| &budget.agreed_amounts)
        .filter_map(|agreed| {
            Some((agreed.member.as_ref()?.id.clone(), agreed.reason.clone(), agreed.pence.to_string()))
        })
        .collect();
    if let Some((fields, _)) = &refused {
        lines = pairs(fields, "line", "lineAmount").collect();
        offers = of_members(fields, "offerMember", ("offer", "offerAmount")).collect();
        agreed = of_members(fields, "agreedMember", ("agreedReason", "agreedAmount")).collect();
    }
    lines.retain(|(text, amount)| !text.is_empty() || !amount.is_empty());
    lines.resize(lines.len() + SPARE_ROWS, <_>::default());
    offers.resize(offers.len() + SPARE_ROWS, <_>::default());
    agreed.resize(agreed.len() + SPARE_ROWS, <_>::default());
    let contributions_are = match alliance.budget.as_ref().map(|budget| &budget.contributions_are) {
        Some(edit_budget::ContributionKind::SERVICES) => ContributionKind::Services.as_str(),
        _ => ContributionKind::SharedCosts.as_str(),
    };
    let usual_label = format!("{}-{}", starts_on.format("%Y"), ends_on.format("%y"));
    Ok(Page {
        shell: within.shell(&heading),
        year: alliance.budget.as_ref().map_or(usual_label, |budget| budget.label.clone()),
        values: formula_form::values(&alliance.budget.map_or_else(usual_formula, |budget| budget.formula)),
        form: refused
            .map_or_else(FormState::default, |(fields, problem)| FormState::refused(fields, problem)),
        contributions_are,
        back: within.path(&id.map_or_else(|| "/budgets".to_owned(), |id| format!("/budgets/{id}"))),
        starts_on: starts_on.to_string(),
        ends_on: ends_on.to_string(),
        members: alliance.members.nodes,
        lines,
        offers,
        agreed,
    })
}

/// The alliance's year that begins next, or the one that has just begun.
fn next_year(today: NaiveDate, start_month: i64) -> (NaiveDate, NaiveDate) {
    let month = u32::try_from(start_month).unwrap_or(9);
    let year = if today.month() > month + 2 { today.year() + 1 } else { today.year() };
    let start = NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(today);
    (start, start + Months::new(12) - chrono::Days::new(1))
}

fn pairs<'a>(
    fields: &'a Fields,
    one: &'a str,
    other: &'a str,
) -> impl Iterator<Item = (String, String)> + 'a {
    fields.all(one).zip(fields.all(other)).map(|(one, other)| (one.to_owned(), other.to_owned()))
}

/// The rows of a table of members that are filled in: the member's id, words and an amount.
fn of_members<'a>(
    fields: &'a Fields,
    member: &'a str,
    (text, amount): (&'a str, &'a str),
) -> impl Iterator<Item = (String, String, String)> + 'a {
    fields
        .all(member)
        .zip(pairs(fields, text, amount))
        .map(|(member, (text, amount))| (member.to_owned(), text, amount))
        .filter(|(_, text, amount)| !text.is_empty() || !amount.is_empty())
}

fn read(fields: &Fields) -> Result<DraftBudget, Problem> {
    let amount = |name: &'static str, text: &str| {
        Pence::parse(text).map_err(|error| problem(name, &format!("The amount “{text}”: {error}")))
    };
    let lines = pairs(fields, "line", "lineAmount")
        .filter(|(text, pence)| !text.is_empty() || !pence.is_empty())
        .map(|(description, pence)| Ok(DraftLine { description, pence: amount("lines", &pence)? }))
        .collect::<Result<_, Problem>>()?;
    let member_id = |id: &str| MemberId(decode(id).map_or(Uuid::nil(), |(_, _, id)| id));
    let offers = of_members(fields, "offerMember", ("offer", "offerAmount"))
        .map(|(member, description, pence)| {
            let pence = amount("inKindOffers", &pence)?;
            Ok(DraftInKindOffer { member_id: member_id(&member), description, pence })
        })
        .collect::<Result<_, Problem>>()?;
    let agreed = of_members(fields, "agreedMember", ("agreedReason", "agreedAmount"))
        .map(|(member, reason, pence)| {
            let pence = amount("agreedAmounts", &pence)?;
            Ok(AgreedAmount { member_id: member_id(&member), pence, reason })
        })
        .collect::<Result<_, Problem>>()?;
    Ok(DraftBudget {
        label: fields.text("label").to_owned(),
        starts_on: fields.date("startsOn")?,
        ends_on: fields.date("endsOn")?,
        formula: formula_form::read(fields)?,
        contributions_are: ContributionKind::parse(fields.text("contributionsAre"))
            .ok_or_else(|| problem("contributionsAre", "Say what contributions are for VAT."))?,
        lines,
        in_kind_offers: offers,
        agreed_amounts: agreed,
    })
}

pub(crate) async fn new(State(site): State<SharedSite>, within: Within) -> PageResult {
    render(&page(&site, &within, None, None).await?)
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Path<(String, Uuid)>,
) -> PageResult {
    render(&page(&site, &within, Some(id), None).await?)
}

async fn save(site: &SharedSite, within: &Within, id: Option<Uuid>, fields: &Fields) -> PageResult {
    let app = &site.gateway.app;
    let result = match read(fields) {
        Err(problem) => Err(problem),
        Ok(draft) => outcome(match id {
            None => draft_budget(app, within.viewer(), draft).await,
            Some(id) => change_budget(app, within.viewer(), BudgetId(id), draft).await,
        })?,
    };
    match result {
        Ok(budget) => Ok(done(
            &within.path(&format!("/budgets/{}", budget.id)),
            &format!("Budget {} is saved as a draft.", budget.label),
        )),
        Err(problem) => render_refused(&page(site, within, id, Some((fields, problem))).await?),
    }
}

pub(crate) async fn draft(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    save(&site, &within, None, &fields).await
}

pub(crate) async fn post(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Path<(String, Uuid)>,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    save(&site, &within, Some(id), &fields).await
}

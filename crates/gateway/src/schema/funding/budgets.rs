//! Budgets, shares and the simulator.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{
    error::ReadError,
    funding::{
        budgets::{self, AgreedShare, Billing, Budget, BudgetCursor},
        formula::{Balance, Question, Share, Shares, Standing},
        vat::ContributionKind,
    },
    ids::BudgetId,
    money,
};

use crate::schema::{
    batches::Batch,
    connection::{self, PageInfo},
    context::Inside,
    errors::{self, UserError, answer},
    ids::{self, Kind},
    scalars::{Date, Formula, Pence, Steps},
    schools::MemberObject,
};

/// What a year costs and how members share it.
pub(crate) struct BudgetObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) budget: Budget,
}

#[Object(name = "Budget")]
impl BudgetObject {
    /// Opaque, and good for as long as the budget exists.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Budget, self.inside.id(), self.budget.id.0)
    }

    /// "2026-27".
    async fn label(&self) -> &str {
        &self.budget.label
    }

    /// The first day of the year.
    async fn starts_on(&self) -> Date {
        self.budget.starts_on.into()
    }

    /// The last day of the year.
    async fn ends_on(&self) -> Date {
        self.budget.ends_on.into()
    }

    /// How members share it.
    async fn formula(&self) -> Formula {
        Formula(self.budget.formula.clone())
    }

    /// What its contributions are for VAT.
    async fn contributions_are(&self) -> ContributionKindEnum {
        self.budget.contributions_are.into()
    }

    /// The formula in one sentence.
    async fn formula_in_words(&self) -> String {
        self.budget.formula.in_words()
    }

    /// When it was agreed; null while it is a draft.
    async fn agreed_at(&self) -> Option<DateTime<Utc>> {
        self.budget.agreed_at
    }

    /// The sum of its lines.
    async fn total(&self) -> Pence {
        self.budget.total.into()
    }

    /// What it consists of, in order.
    async fn lines(&self) -> Result<Vec<BudgetLineObject>> {
        let lines =
            budgets::budget_lines(&self.inside.reading, self.budget.id).await.map_err(errors::read)?;
        let object = |line: budgets::BudgetLine| BudgetLineObject {
            description: line.description,
            pence: line.pence.into(),
        };
        Ok(lines.into_iter().map(object).collect())
    }

    /// What members offer in place of money.
    async fn in_kind_offers(&self) -> Result<Vec<InKindOfferObject>> {
        let offers =
            budgets::in_kind_offers(&self.inside.reading, self.budget.id).await.map_err(errors::read)?;
        let object = |offer| InKindOfferObject { inside: Arc::clone(&self.inside), offer };
        Ok(offers.into_iter().map(object).collect())
    }

    /// What was agreed with particular members in place of what the formula gives.
    async fn agreed_amounts(&self) -> Result<Vec<AgreedAmountObject>> {
        let amounts =
            budgets::agreed_amounts(&self.inside.reading, self.budget.id).await.map_err(errors::read)?;
        let object = |agreed| AgreedAmountObject { inside: Arc::clone(&self.inside), agreed };
        Ok(amounts.into_iter().map(object).collect())
    }

    /// Each member's share, by name, once the budget is agreed.
    async fn shares(&self) -> Result<Vec<ShareObject>> {
        let shares =
            budgets::agreed_shares(&self.inside.reading, self.budget.id).await.map_err(errors::read)?;
        let object = |share| ShareObject { inside: Arc::clone(&self.inside), share };
        Ok(shares.into_iter().map(object).collect())
    }

    /// How far it is invoiced, as far as the viewer reaches.
    async fn billing(&self) -> Result<BillingObject> {
        Ok(self.inside.load::<BillingOf>(self.budget.id).await?.unwrap_or_default().into())
    }
}

/// What the contributions of a year are for VAT.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "ContributionKind", remote = "ContributionKind")]
pub(crate) enum ContributionKindEnum {
    /// A part of the common costs of a voluntary alliance, with nothing supplied in return.
    SharedCosts,
    /// The price of services that a member buys, such as a subscription with benefits.
    Services,
}

/// How far a budget is invoiced. A draft has no shares, so nothing is open.
#[derive(SimpleObject)]
#[graphql(name = "BudgetBilling")]
pub(crate) struct BillingObject {
    /// Whether anything was issued from it: then it stays agreed.
    is_begun: bool,
    /// How many shares with something to pay have no invoice that stands.
    open_shares: usize,
    /// What those shares come to, before VAT.
    open_amount: Pence,
    /// How many of them wait for an order number that their payer requires.
    waiting_for_order: usize,
}

impl From<Billing> for BillingObject {
    fn from(billing: Billing) -> Self {
        Self {
            is_begun: billing.is_begun,
            open_shares: billing.open_shares,
            open_amount: billing.open_amount.into(),
            waiting_for_order: billing.waiting_for_order,
        }
    }
}

struct BillingOf;

impl Batch for BillingOf {
    type Key = BudgetId;
    type Value = Billing;

    async fn read(inside: &Inside, keys: &[BudgetId]) -> Result<HashMap<BudgetId, Billing>, ReadError> {
        budgets::billing(&inside.reading, keys).await
    }
}

/// One line of a budget.
#[derive(SimpleObject)]
#[graphql(name = "BudgetLine")]
pub(crate) struct BudgetLineObject {
    /// What it is for.
    description: String,
    /// What it costs; income from elsewhere is negative.
    pence: Pence,
}

/// What a member offers in place of money.
pub(crate) struct InKindOfferObject {
    inside: Arc<Inside>,
    offer: budgets::InKindOffer,
}

#[Object(name = "InKindOffer")]
impl InKindOfferObject {
    /// Whose.
    async fn member(&self) -> Result<Option<MemberObject>> {
        self.inside.member(self.offer.member_id).await
    }

    /// What is offered.
    async fn description(&self) -> &str {
        &self.offer.description
    }

    /// The agreed value.
    async fn pence(&self) -> Pence {
        self.offer.pence.into()
    }
}

/// An amount agreed with one member in place of what the formula gives.
pub(crate) struct AgreedAmountObject {
    inside: Arc<Inside>,
    agreed: budgets::AgreedAmount,
}

#[Object(name = "AgreedAmount")]
impl AgreedAmountObject {
    /// With whom.
    async fn member(&self) -> Result<Option<MemberObject>> {
        self.inside.member(self.agreed.member_id).await
    }

    /// How much.
    async fn pence(&self) -> Pence {
        self.agreed.pence.into()
    }

    /// Why, as the member's head reads it.
    async fn reason(&self) -> &str {
        &self.agreed.reason
    }
}

/// What one member contributes to an agreed budget.
pub(crate) struct ShareObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) share: AgreedShare,
}

#[Object(name = "Share")]
impl ShareObject {
    /// Opaque, and good until the budget is reopened.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Share, self.inside.id(), self.share.id.0)
    }

    /// Whose.
    async fn member(&self) -> Result<Option<MemberObject>> {
        self.inside.member(self.share.member_id).await
    }

    /// The amount.
    async fn amount(&self) -> Pence {
        self.share.contribution.amount.into()
    }

    /// The steps that led to it, with the figures they used, frozen.
    async fn steps(&self) -> Steps {
        Steps(self.share.contribution.steps.clone())
    }

    /// The steps as one paragraph for the member's head.
    async fn explanation(&self) -> &str {
        &self.share.explanation
    }

    /// The steps in a few words.
    async fn brief(&self) -> String {
        self.share.contribution.brief()
    }
}

/// What one member would contribute if the budget were agreed now.
pub(crate) struct PlannedShareObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) share: AgreedShare,
}

#[Object(name = "PlannedShare")]
impl PlannedShareObject {
    /// Whose.
    async fn member(&self) -> Result<Option<MemberObject>> {
        self.inside.member(self.share.member_id).await
    }

    /// The amount.
    async fn amount(&self) -> Pence {
        self.share.contribution.amount.into()
    }

    /// The steps that lead to it.
    async fn steps(&self) -> Steps {
        Steps(self.share.contribution.steps.clone())
    }

    /// The steps as one paragraph for the member's head.
    async fn explanation(&self) -> &str {
        &self.share.explanation
    }

    /// The steps in a few words.
    async fn brief(&self) -> String {
        self.share.contribution.brief()
    }
}

/// One way to share a budget, worked out and not stored.
#[derive(SimpleObject)]
#[graphql(name = "SharesPreview")]
pub(crate) struct SharesObject {
    /// What members pay together.
    total: Pence,
    /// What is taken off for goods and time.
    in_kind: Pence,
    /// What the budget is short of; nought when it is met.
    shortfall: Pence,
    /// What comes in beyond the budget; nought when it is just met.
    surplus: Pence,
    /// How many members must be asked something first.
    questions: i32,
    /// Whether the amounts are estimates, because one cannot be known without the others.
    is_estimate: bool,
}

impl From<&Shares> for SharesObject {
    fn from(shares: &Shares) -> Self {
        let (shortfall, surplus) = match shares.balance() {
            Balance::Met => (money::Pence::ZERO, money::Pence::ZERO),
            Balance::Shortfall(pence) => (pence, money::Pence::ZERO),
            Balance::Surplus(pence) => (money::Pence::ZERO, pence),
        };
        let (questions, is_estimate) = match shares.standing() {
            Standing::Final => (0, false),
            Standing::SomeOpen { questions } => (questions, false),
            Standing::NoneFinal { questions } => (questions, true),
        };
        Self {
            total: shares.total().into(),
            in_kind: shares.in_kind().into(),
            shortfall: shortfall.into(),
            surplus: surplus.into(),
            questions: i32::try_from(questions).unwrap_or(i32::MAX),
            is_estimate,
        }
    }
}

/// Two ways to share one budget, side by side.
#[derive(SimpleObject)]
pub(crate) struct Simulation {
    /// By the budget's own formula.
    current: SharesObject,
    /// By the formula that is tried, if one is.
    tried: Option<SharesObject>,
    /// What the same members contributed to the budget before, without VAT; null when there was none.
    last_year: Option<Pence>,
    /// Each member, by name.
    members: Vec<SimulatedMember>,
}

/// What one member would pay.
pub(crate) struct SimulatedMember {
    inside: Arc<Inside>,
    current: domain::funding::formula::MemberShare,
    tried: Option<domain::funding::formula::MemberShare>,
    year: domain::funding::proration::Year,
    last_year: Option<money::Pence>,
}

impl SimulatedMember {
    fn shown(&self) -> &domain::funding::formula::MemberShare {
        self.tried.as_ref().unwrap_or(&self.current)
    }
}

#[Object]
impl SimulatedMember {
    /// Who.
    async fn member(&self) -> Result<Option<MemberObject>> {
        self.inside.member(self.current.member).await
    }

    /// By the budget's own formula; null when something must be asked first.
    async fn current(&self) -> Option<Pence> {
        self.current.share.amount().map(Into::into)
    }

    /// By the formula that is tried.
    async fn tried(&self) -> Option<Pence> {
        self.tried.as_ref().and_then(|tried| tried.share.amount()).map(Into::into)
    }

    /// How much more the tried formula asks; below nought when less.
    async fn difference(&self) -> Option<Pence> {
        let tried = self.tried.as_ref()?.share.amount()?;
        let current = self.current.share.amount()?;
        Some(money::Pence(tried.0 - current.0).into())
    }

    /// What a person must answer first.
    async fn question(&self) -> Option<String> {
        let question: Option<&Question> =
            match (&self.current.share, self.tried.as_ref().map(|tried| &tried.share)) {
                (Share::Question(question), _) | (_, Some(Share::Question(question))) => Some(question),
                _ => None,
            };
        question.map(|question| question.ask(&self.current.name))
    }

    /// What the member contributed to the budget before, without VAT; null for a new member.
    async fn last_year(&self) -> Option<Pence> {
        self.last_year.map(Into::into)
    }

    /// How the amount comes about, by the tried formula if there is one, in one paragraph for the member's head.
    async fn explanation(&self) -> String {
        self.shown().share.explain(self.year, &self.inside.alliance.wording)
    }

    /// How the amount comes about, by the tried formula if there is one, in a few words.
    async fn brief(&self) -> String {
        self.shown().share.brief()
    }
}

errors::payload! {
    /// What each member would pay.
    SimulationPayload {
        /// The simulation.
        simulation: Simulation
    }
}

/// Counts the budgets.
pub(crate) struct BudgetTotal {
    inside: Arc<Inside>,
}

impl BudgetTotal {
    async fn count(&self) -> Result<i64> {
        budgets::count_budgets(&self.inside.reading).await.map_err(errors::read)
    }
}

connection::connection! {
    /// Budgets in pages.
    BudgetConnection of BudgetObject, total: BudgetTotal
}

pub(crate) async fn budgets(
    inside: &Arc<Inside>,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<BudgetConnection> {
    let list = inside.list("budgets");
    let page = list.page(first, after)?;
    let page = budgets::budgets(&inside.reading, &page).await.map_err(errors::read)?;
    let cursor = |last: &Budget| BudgetCursor { starts_on: last.starts_on, id: last.id };
    let end_cursor = page.items.last().map(|last| list.cursor(&cursor(last)));
    let object = |budget| BudgetObject { inside: Arc::clone(inside), budget };
    Ok(BudgetConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: page.items.into_iter().map(object).collect(),
        total: BudgetTotal { inside: Arc::clone(inside) },
    })
}

pub(crate) async fn simulate(
    inside: &Arc<Inside>,
    id: BudgetId,
    formula: Option<Formula>,
) -> Result<SimulationPayload> {
    let formula = formula.map(|formula| formula.0);
    let done: Result<_, UserError> =
        answer(budgets::simulate(&inside.reading, id, formula.as_ref(), inside.today).await)?;
    let simulation = match done {
        Err(error) => return Ok(Err(error).into()),
        Ok(simulation) => simulation,
    };
    let totals = SharesObject::from(&simulation.current);
    let tried = simulation.tried.as_ref().map(|(shares, _)| SharesObject::from(shares));
    let year = simulation.current.year;
    let mut trials = simulation.tried.map(|(shares, _)| shares.members.into_iter());
    let before = simulation.last_year;
    let members: Vec<_> = simulation
        .current
        .members
        .into_iter()
        .map(|current| SimulatedMember {
            inside: Arc::clone(inside),
            tried: trials.as_mut().and_then(Iterator::next),
            last_year: before.get(&current.member).copied(),
            current,
            year,
        })
        .collect();
    let last_year = members.iter().filter_map(|member| member.last_year);
    let last_year = last_year.reduce(|a, b| money::Pence(a.0 + b.0)).map(Into::into);
    Ok(Ok(Simulation { current: totals, tried, last_year, members }).into())
}

struct BudgetById;

impl Batch for BudgetById {
    type Key = BudgetId;
    type Value = Budget;

    async fn read(inside: &Inside, keys: &[BudgetId]) -> Result<HashMap<BudgetId, Budget>, ReadError> {
        let found = budgets::budgets_by_ids(&inside.reading, keys).await?;
        Ok(found.into_iter().map(|budget| (budget.id, budget)).collect())
    }
}

impl Inside {
    pub(crate) async fn budget(self: &Arc<Self>, id: BudgetId) -> Result<Option<BudgetObject>> {
        let found = self.load::<BudgetById>(id).await?;
        Ok(found.map(|budget| BudgetObject { inside: Arc::clone(self), budget }))
    }
}

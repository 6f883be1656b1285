//! A year's budget, the formula by which members share it, and the shares once it is agreed.

mod add_share;
mod agree_budget;
mod draft_budget;
mod record_purchase_order;
mod reopen_budget;
pub(crate) mod repo;
mod simulate;

pub use add_share::{AddShare, AddShareError, add_share};
pub use agree_budget::{AgreeBudgetError, OpenQuestions, agree_budget, plan_agreement};
pub use draft_budget::{
    DraftBudget, DraftBudgetError, DraftInKindOffer, DraftLine, change_budget, draft_budget,
};
pub use record_purchase_order::{RecordPurchaseOrder, RecordPurchaseOrderError, record_purchase_order};
pub use reopen_budget::{ReopenBudgetError, reopen_budget};
pub use simulate::{SimulateError, Simulation, simulate};

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    formula::{Contribution, Formula},
    proration::Year,
    vat::ContributionKind,
};
use crate::{
    app::Timestamp,
    error::{Internal, ReadError},
    ids::{BudgetId, BudgetLineId, InKindOfferId, MemberId, ShareId},
    money::Pence,
    page::{Page, PageRequest},
    schools::members::Member,
    viewer::{Permission, Reading},
};

/// What a year costs and how members share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// The budget.
    pub id: BudgetId,
    /// "2026-27".
    pub label: String,
    /// The first day of the year.
    pub starts_on: NaiveDate,
    /// The last day of the year.
    pub ends_on: NaiveDate,
    /// How members share it.
    pub formula: Formula,
    /// What its contributions are for VAT.
    pub contributions_are: ContributionKind,
    /// When it was agreed; `None` while it is a draft.
    pub agreed_at: Option<Timestamp>,
    /// The sum of its lines.
    pub total: Pence,
}

impl Budget {
    /// The year as formulas take it.
    pub fn year(&self) -> Result<Year, Internal> {
        Year::new(self.starts_on, self.ends_on).map_err(Internal::new)
    }
}

/// One line of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetLine {
    /// The line.
    pub id: BudgetLineId,
    /// "Co-ordination, 0.6 of a post".
    pub description: String,
    /// What it costs; income from elsewhere is negative.
    pub pence: Pence,
}

/// What a member offers in place of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InKindOffer {
    /// The offer.
    pub id: InKindOfferId,
    /// Whose.
    pub member_id: MemberId,
    /// "Hall and refreshments for four twilights".
    pub description: String,
    /// The agreed value.
    pub pence: Pence,
}

/// An amount agreed with one member in place of what the formula gives. Where members share the budget itself, the
/// others make up the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedAmount {
    /// With whom.
    pub member_id: MemberId,
    /// How much, nought or more.
    pub pence: Pence,
    /// Why, as the member's head will read it: at most 300 characters.
    pub reason: String,
}

/// What one member contributes to one agreed budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedShare {
    /// The share.
    pub id: ShareId,
    /// Of which budget.
    pub budget_id: BudgetId,
    /// Whose.
    pub member_id: MemberId,
    /// The amount with each step that led to it.
    pub contribution: Contribution,
    /// The steps as one paragraph for the member's head.
    pub explanation: String,
    /// The last day of membership that it was worked out for, where one was known.
    pub left_on: Option<NaiveDate>,
}

impl AgreedShare {
    /// Whether `member`, whose share this is, leaves before the year ends, and it was worked out without knowing it.
    #[must_use]
    pub fn is_outdated(&self, member: &Member, year_ends_on: NaiveDate) -> bool {
        member.left_on != self.left_on && member.left_on.is_some_and(|left| left < year_ends_on)
    }
}

/// How far an agreed budget is invoiced, within the viewer's reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Billing {
    /// Whether anything was issued from it: then it stays agreed.
    pub is_begun: bool,
    /// How many shares with something to pay have no invoice that stands.
    pub open_shares: usize,
    /// What those shares come to, before VAT.
    pub open_amount: Pence,
    /// How many of them wait for an order number that their payer requires.
    pub waiting_for_order: usize,
}

/// A payer's order for a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchaseOrder {
    /// As invoices print it.
    pub number: String,
    /// Who placed it, as invoices print it.
    pub requested_by: Option<String>,
}

/// After which budget a page begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetCursor {
    /// The first day of the budget that the page before ended with.
    pub starts_on: NaiveDate,
    /// And its id.
    pub id: BudgetId,
}

/// The budgets, the newest year first.
pub async fn budgets(reading: &Reading, page: &PageRequest<BudgetCursor>) -> Result<Page<Budget>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::budgets(&mut tx, page).await?)
}

/// How many budgets there are.
pub async fn count_budgets(reading: &Reading) -> Result<i64, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::count_budgets(&mut tx).await?)
}

/// These budgets, in any order; unknown ones are left out.
pub async fn budgets_by_ids(reading: &Reading, ids: &[BudgetId]) -> Result<Vec<Budget>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::budgets_by_ids(&mut tx, ids).await?)
}

/// One budget.
pub async fn budget(reading: &Reading, id: BudgetId) -> Result<Option<Budget>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::budget(&mut tx, id).await?)
}

/// A budget's lines, in order.
pub async fn budget_lines(reading: &Reading, id: BudgetId) -> Result<Vec<BudgetLine>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::lines(&mut tx, id).await?)
}

/// A budget's offers in kind, as far as the viewer reaches.
pub async fn in_kind_offers(reading: &Reading, id: BudgetId) -> Result<Vec<InKindOffer>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    let offers = repo::in_kind_offers(&mut tx, id).await?;
    Ok(offers.into_iter().filter(|offer| reach.includes(offer.member_id)).collect())
}

/// The amounts of a budget that were agreed with particular members, as far as the viewer reaches.
pub async fn agreed_amounts(reading: &Reading, id: BudgetId) -> Result<Vec<AgreedAmount>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    let amounts = repo::agreed_amounts(&mut tx, id).await?;
    Ok(amounts.into_iter().filter(|amount| reach.includes(amount.member_id)).collect())
}

/// The agreed shares of a budget within reach, by member name.
pub async fn agreed_shares(reading: &Reading, id: BudgetId) -> Result<Vec<AgreedShare>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    let shares = repo::shares(&mut tx, id).await?;
    Ok(shares.into_iter().filter(|share| reach.includes(share.member_id)).collect())
}

/// How far each of these budgets is invoiced; drafts, and budgets without a share within reach, are left out.
pub async fn billing(reading: &Reading, ids: &[BudgetId]) -> Result<HashMap<BudgetId, Billing>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    let mut budgets: HashMap<_, Billing> = HashMap::new();
    for share in repo::billed_shares(&mut tx, ids).await? {
        if !reach.includes(share.member_id) {
            continue;
        }
        let billing = budgets.entry(share.budget_id).or_default();
        billing.is_begun |= share.is_begun;
        if share.pence > Pence::ZERO && !share.is_invoiced {
            billing.open_shares += 1;
            billing.open_amount.0 += share.pence.0;
            billing.waiting_for_order += usize::from(share.waits_for_order);
        }
    }
    Ok(budgets)
}

//! Drafting a budget, and changing it while it is a draft.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::{AgreedAmount, Budget, BudgetLine, InKindOffer, repo};
use crate::{
    app::App,
    changes::Change,
    db::{OnConstraint, Tx},
    error::{Forbidden, Internal},
    funding::{
        formula::{Formula, Problem},
        proration::Year,
        vat::ContributionKind,
    },
    ids::{BudgetId, BudgetLineId, InKindOfferId, MemberId},
    money::Pence,
    problem::failure,
    text::{one_line, tidy},
    viewer::{Permission, Viewer},
};

/// A budget as it shall be.
#[derive(Debug, Clone)]
pub struct DraftBudget {
    /// "2026-27", at most 40 characters, one of its kind in the alliance.
    pub label: String,
    /// The first day of the year.
    pub starts_on: NaiveDate,
    /// The last day of the year.
    pub ends_on: NaiveDate,
    /// How members share it.
    pub formula: Formula,
    /// What its contributions are for VAT.
    pub contributions_are: ContributionKind,
    /// What it consists of.
    pub lines: Vec<DraftLine>,
    /// What members offer in place of money.
    pub in_kind_offers: Vec<DraftInKindOffer>,
    /// What was agreed with single members in place of what the formula gives: one amount with each.
    pub agreed_amounts: Vec<AgreedAmount>,
}

/// One line of a budget.
#[derive(Debug, Clone)]
pub struct DraftLine {
    /// What it is, at most 300 characters.
    pub description: String,
    /// What it costs; income from elsewhere is negative.
    pub pence: Pence,
}

/// An offer in place of money.
#[derive(Debug, Clone)]
pub struct DraftInKindOffer {
    /// Whose.
    pub member_id: MemberId,
    /// What is offered.
    pub description: String,
    /// The agreed value, above zero.
    pub pence: Pence,
}

/// Why the budget was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DraftBudgetError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such budget in this alliance.
    #[error("That budget is not one of this alliance's.")]
    UnknownBudget,
    /// Agreed budgets do not change.
    #[error("This budget is agreed. Reopen it first, which is possible until invoices are issued from it.")]
    Agreed,
    /// Empty or longer than 40 characters.
    #[error("Please give the year a short name, such as 2026-27.")]
    InvalidLabel,
    /// Another budget has this name.
    #[error("There is a budget of this name already.")]
    LabelTaken,
    /// Ends before it starts, or lasts longer than 24 months.
    #[error("The last day must be after the first, and a budget lasts two years at the most.")]
    InvalidDates,
    /// No lines at all, or a line without words.
    #[error("Please say what each line is for, and give at least one line.")]
    InvalidLines,
    /// The lines come to less than nothing.
    #[error("The lines come to less than nothing: members cannot share that.")]
    NegativeTotal,
    /// The lines come to more than any budget.
    #[error("The lines come to more than {}. Please look at their amounts.", Pence::LARGEST)]
    TotalTooLarge,
    /// The formula contradicts itself.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    InvalidFormula(Vec<Problem>),
    /// An offer without words or value.
    #[error("Each offer in kind needs a description and a value above zero.")]
    InvalidOffer,
    /// No such member in this alliance.
    #[error("That school is not a member of this alliance.")]
    UnknownMember,
    /// An agreed amount below nought or without a reason.
    #[error("Each agreed amount is nought or more, and needs a reason: the school reads it.")]
    InvalidAgreedAmount,
    /// Two amounts for one member.
    #[error("Only one amount can be agreed with one school.")]
    AgreedTwice,
    /// An amount agreed with no member of this alliance.
    #[error("That school is not a member of this alliance.")]
    AgreedWithUnknown,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Drafts a budget.
pub async fn draft_budget(
    app: &App,
    viewer: &Viewer,
    input: DraftBudget,
) -> Result<Budget, DraftBudgetError> {
    let scope = viewer.require(Permission::ManageBudgets)?;
    let budget = check(BudgetId::new(app), &input)?;

    let mut tx = app.db.begin(scope).await?;
    repo::insert_budget(&mut tx, &budget, app.clock.now())
        .await
        .on_constraint("budgets_label_key", || DraftBudgetError::LabelTaken)?;
    write_parts(app, &mut tx, budget.id, input).await?;
    tx.announce(&[Change::Budget(budget.id)]).await?;
    tx.commit().await?;
    Ok(budget)
}

/// Changes a draft: the budget becomes what `input` says.
pub async fn change_budget(
    app: &App,
    viewer: &Viewer,
    id: BudgetId,
    input: DraftBudget,
) -> Result<Budget, DraftBudgetError> {
    let scope = viewer.require(Permission::ManageBudgets)?;
    let budget = check(id, &input)?;

    let mut tx = app.db.begin(scope).await?;
    let before = repo::lock_budget(&mut tx, id).await?.ok_or(DraftBudgetError::UnknownBudget)?;
    if before.agreed_at.is_some() {
        return Err(DraftBudgetError::Agreed);
    }
    repo::update_budget(&mut tx, &budget)
        .await
        .on_constraint("budgets_label_key", || DraftBudgetError::LabelTaken)?;
    write_parts(app, &mut tx, id, input).await?;
    tx.announce(&[Change::Budget(id)]).await?;
    tx.commit().await?;
    Ok(budget)
}

fn check(id: BudgetId, input: &DraftBudget) -> Result<Budget, DraftBudgetError> {
    use DraftBudgetError as E;
    let label = one_line(&input.label, 40).ok_or(E::InvalidLabel)?;
    Year::new(input.starts_on, input.ends_on).map_err(|_| E::InvalidDates)?;
    let is_text = |text: &str| one_line(text, 300).is_some();
    if input.lines.is_empty() || !input.lines.iter().all(|line| is_text(&line.description)) {
        return Err(E::InvalidLines);
    }
    let total = Pence::try_sum(input.lines.iter().map(|line| line.pence)).ok_or(E::InvalidLines)?;
    if total < Pence::ZERO {
        return Err(E::NegativeTotal);
    }
    if !total.is_reasonable() {
        return Err(E::TotalTooLarge);
    }
    let problems = input.formula.problems();
    if !problems.is_empty() {
        return Err(E::InvalidFormula(problems));
    }
    if !input.in_kind_offers.iter().all(|offer| is_text(&offer.description) && offer.pence > Pence::ZERO) {
        return Err(E::InvalidOffer);
    }
    check_agreed(&input.agreed_amounts)?;
    let (starts_on, ends_on) = (input.starts_on, input.ends_on);
    Ok(Budget {
        id,
        label,
        starts_on,
        ends_on,
        formula: input.formula.clone(),
        contributions_are: input.contributions_are,
        agreed_at: None,
        total,
    })
}

fn check_agreed(amounts: &[AgreedAmount]) -> Result<(), DraftBudgetError> {
    let is_valid = |one: &AgreedAmount| one.pence >= Pence::ZERO && one_line(&one.reason, 300).is_some();
    if !amounts.iter().all(is_valid) {
        return Err(DraftBudgetError::InvalidAgreedAmount);
    }
    let members: HashSet<_> = amounts.iter().map(|amount| amount.member_id).collect();
    if members.len() < amounts.len() {
        return Err(DraftBudgetError::AgreedTwice);
    }
    Ok(())
}

async fn write_parts(
    app: &App,
    tx: &mut Tx,
    id: BudgetId,
    input: DraftBudget,
) -> Result<(), DraftBudgetError> {
    let lines: Vec<_> = (input.lines.into_iter())
        .map(|line| BudgetLine {
            id: BudgetLineId::new(app),
            description: tidy(&line.description),
            pence: line.pence,
        })
        .collect();
    repo::replace_lines(tx, id, &lines).await?;
    let offers: Vec<_> = (input.in_kind_offers.into_iter())
        .map(|offer| InKindOffer {
            id: InKindOfferId::new(app),
            member_id: offer.member_id,
            description: tidy(&offer.description),
            pence: offer.pence,
        })
        .collect();
    repo::replace_in_kind_offers(tx, id, &offers)
        .await
        .on_constraint("in_kind_offers_member_fkey", || DraftBudgetError::UnknownMember)?;
    let agreed: Vec<_> = (input.agreed_amounts.into_iter())
        .map(|agreed| AgreedAmount { reason: tidy(&agreed.reason), ..agreed })
        .collect();
    repo::replace_agreed_amounts(tx, id, &agreed)
        .await
        .on_constraint("agreed_amounts_member_fkey", || DraftBudgetError::AgreedWithUnknown)
}

failure!(DraftBudgetError {
    UnknownBudget => "budgetId",
    Agreed => "budgetId",
    InvalidLabel => "label",
    LabelTaken => "label",
    InvalidDates => "endsOn",
    InvalidLines => "lines",
    NegativeTotal => "lines",
    TotalTooLarge => "lines",
    InvalidFormula => "formula",
    InvalidOffer => "inKindOffers",
    UnknownMember => "inKindOffers",
    InvalidAgreedAmount => "agreedAmounts",
    AgreedTwice => "agreedAmounts",
    AgreedWithUnknown => "agreedAmounts",
} nested { Forbidden, Internal });

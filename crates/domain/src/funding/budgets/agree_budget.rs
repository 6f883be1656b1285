//! Agreeing a budget: each member's share is worked out once more and frozen.

use super::{AgreedShare, Budget, repo, simulate::member_bases};
use crate::{
    alliances,
    app::App,
    changes::Change,
    db::Tx,
    error::{Forbidden, Internal},
    funding::formula::{FormulaError, Share, Shares, share_costs},
    ids::{BudgetId, ShareId},
    problem::failure,
    text::plural,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// Why the budget is not agreed.
#[derive(Debug, thiserror::Error)]
pub enum AgreeBudgetError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No such budget in this alliance.
    #[error("That budget is not one of this alliance's.")]
    UnknownBudget,
    /// It is agreed already.
    #[error("This budget is agreed already.")]
    AlreadyAgreed,
    /// Something must be known first, such as a school's roll.
    #[error(transparent)]
    OpenQuestions(OpenQuestions),
    /// The costs cannot be shared like this.
    #[error(transparent)]
    Formula(#[from] FormulaError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Agrees a draft. From now on the shares stay as they are, whatever becomes of rolls and members; reopening the
/// budget lets them be worked out again, until invoices are issued.
pub async fn agree_budget(app: &App, viewer: &Viewer, id: BudgetId) -> Result<Budget, AgreeBudgetError> {
    use AgreeBudgetError as E;
    let scope = viewer.require(Permission::ManageBudgets)?;
    viewer.require_confirmed(Act::AgreeBudget)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let budget = repo::lock_budget(&mut tx, id).await?.ok_or(E::UnknownBudget)?;
    if budget.agreed_at.is_some() {
        return Err(E::AlreadyAgreed);
    }
    let agreed = frozen_shares(app, &mut tx, &budget).await?;
    repo::insert_shares(&mut tx, &agreed).await?;
    repo::set_agreed(&mut tx, id, Some((now, viewer.person_id()))).await?;
    tx.announce(&[Change::Budget(id)]).await?;
    tx.commit().await?;
    Ok(Budget { agreed_at: Some(now), ..budget })
}

/// The shares as [`agree_budget`] would freeze them now, or the error that it would give. Nothing is stored.
pub async fn plan_agreement(
    app: &App,
    viewer: &Viewer,
    id: BudgetId,
) -> Result<(Budget, Vec<AgreedShare>), AgreeBudgetError> {
    let scope = viewer.require(Permission::ManageBudgets)?;
    let mut tx = app.db.snapshot(scope).await?;
    let budget = repo::budget(&mut tx, id).await?;
    let budget = budget.ok_or(AgreeBudgetError::UnknownBudget)?;
    if budget.agreed_at.is_some() {
        return Err(AgreeBudgetError::AlreadyAgreed);
    }
    let shares = frozen_shares(app, &mut tx, &budget).await?;
    Ok((budget, shares))
}

/// Every member's share as it is known today; a question that is open stops all of them.
async fn frozen_shares(
    app: &App,
    tx: &mut Tx,
    budget: &Budget,
) -> Result<Vec<AgreedShare>, AgreeBudgetError> {
    let alliance = alliances::repo::alliance(tx).await?;
    let bases = member_bases(tx, budget, alliance.date(app.clock.now()), None).await?;
    let year = budget.year()?;
    let shares = share_costs(budget.total, &budget.formula, &bases, year)?;
    let open = OpenQuestions::of(&shares);
    if !open.names.is_empty() {
        return Err(AgreeBudgetError::OpenQuestions(open));
    }
    let frozen = shares.members.iter().zip(&bases).filter_map(|(member, basis)| {
        Some(AgreedShare {
            id: ShareId::new(app),
            budget_id: budget.id,
            member_id: member.member,
            explanation: member.share.explain(year, &alliance.wording),
            contribution: member.share.contribution()?.clone(),
            left_on: basis.left,
        })
    });
    Ok(frozen.collect())
}

/// Schools of which something must be known before a share is final, such as the roll.
#[derive(Debug, thiserror::Error)]
#[error("{} an answer first: {}", plural(.names.len(), "school needs", "schools need"), .names.join(", "))]
pub struct OpenQuestions {
    /// Which, by name.
    pub names: Vec<String>,
}

impl OpenQuestions {
    pub(super) fn of(shares: &Shares) -> Self {
        let open = shares.members.iter().filter(|member| matches!(member.share, Share::Question(_)));
        Self { names: open.map(|member| member.name.clone()).collect() }
    }
}

failure!(AgreeBudgetError {
    UnknownBudget => "budgetId",
    AlreadyAgreed => "budgetId",
    OpenQuestions => "budgetId",
    Formula => "formula",
} nested { Forbidden, Unconfirmed, Internal });

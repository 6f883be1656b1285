//! Reopening an agreed budget, as long as nothing was issued from it.

use super::{Budget, repo};
use crate::{
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    ids::BudgetId,
    problem::failure,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// Why the budget stays agreed.
#[derive(Debug, thiserror::Error)]
pub enum ReopenBudgetError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No such budget in this alliance.
    #[error("That budget is not one of this alliance's.")]
    UnknownBudget,
    /// It is a draft.
    #[error("This budget is a draft already, so there is nothing to reopen.")]
    NotAgreed,
    /// Schools have been asked to pay by it.
    #[error(
        "Invoices were issued from this budget, so it stays as it is. Credit notes put single invoices right."
    )]
    Invoiced,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Makes an agreed budget a draft again and drops its frozen shares.
pub async fn reopen_budget(app: &App, viewer: &Viewer, id: BudgetId) -> Result<Budget, ReopenBudgetError> {
    let scope = viewer.require(Permission::ManageBudgets)?;
    viewer.require_confirmed(Act::ReopenBudget)?;

    let mut tx = app.db.begin(scope).await?;
    let budget = repo::lock_budget(&mut tx, id).await?.ok_or(ReopenBudgetError::UnknownBudget)?;
    if budget.agreed_at.is_none() {
        return Err(ReopenBudgetError::NotAgreed);
    }
    if repo::has_invoices(&mut tx, id).await? {
        return Err(ReopenBudgetError::Invoiced);
    }
    repo::delete_shares(&mut tx, id).await?;
    repo::set_agreed(&mut tx, id, None).await?;
    tx.announce(&[Change::Budget(id)]).await?;
    tx.commit().await?;
    Ok(Budget { agreed_at: None, ..budget })
}

failure!(ReopenBudgetError {
    UnknownBudget => "budgetId",
    NotAgreed => "budgetId",
    Invoiced => "budgetId",
} nested { Forbidden, Unconfirmed, Internal });

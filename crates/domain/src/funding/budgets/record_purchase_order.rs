//! A payer gives its purchase order number for the year.

use super::{PurchaseOrder, repo};
use crate::{
    app::App,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::{BudgetId, PayerId},
    problem::failure,
    text::one_line,
    viewer::{Permission, Viewer},
};

/// A purchase order number.
#[derive(Debug, Clone)]
pub struct RecordPurchaseOrder {
    /// Whose.
    pub payer_id: PayerId,
    /// For which year.
    pub budget_id: BudgetId,
    /// 1 to 40 characters, kept as given.
    pub number: String,
    /// Who placed the order, as invoices print it: at most 120 characters. Some payers ask for it.
    pub requested_by: Option<String>,
}

/// Why the number was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RecordPurchaseOrderError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such payer in this alliance.
    #[error("That payer is not one of this alliance's.")]
    UnknownPayer,
    /// No such budget in this alliance.
    #[error("That budget is not one of this alliance's.")]
    UnknownBudget,
    /// Empty or longer than 40 characters.
    #[error("A purchase order number has 1 to 40 characters.")]
    InvalidNumber,
    /// Longer than 120 characters.
    #[error("Please say who placed the order in at most 120 characters.")]
    InvalidRequestedBy,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Records the number for invoices still to be issued. One given before is replaced; issued invoices keep theirs.
pub async fn record_purchase_order(
    app: &App,
    viewer: &Viewer,
    input: RecordPurchaseOrder,
) -> Result<(), RecordPurchaseOrderError> {
    let scope = viewer.require(Permission::IssueInvoices)?;
    let number = one_line(&input.number, 40).ok_or(RecordPurchaseOrderError::InvalidNumber)?;
    let requested_by = input.requested_by.as_deref().filter(|name| !name.trim().is_empty());
    let requested_by = requested_by
        .map(|name| one_line(name, 120).ok_or(RecordPurchaseOrderError::InvalidRequestedBy))
        .transpose()?;
    let order = PurchaseOrder { number, requested_by };

    let mut tx = app.db.begin(scope).await?;
    let done =
        repo::upsert_purchase_order(&mut tx, input.payer_id, input.budget_id, (&order, app.clock.now()))
            .await;
    match done {
        Err(sqlx::Error::Database(e)) if e.constraint() == Some("purchase_orders_payer_fkey") => {
            return Err(RecordPurchaseOrderError::UnknownPayer);
        }
        other => {
            other.on_constraint("purchase_orders_budget_fkey", || RecordPurchaseOrderError::UnknownBudget)?;
        }
    }
    Ok(tx.commit().await?)
}

failure!(RecordPurchaseOrderError {
    UnknownPayer => "payerId",
    UnknownBudget => "budgetId",
    InvalidNumber => "number",
    InvalidRequestedBy => "requestedBy",
} nested { Forbidden, Internal });

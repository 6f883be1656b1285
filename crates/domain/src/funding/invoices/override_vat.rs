//! One line of a run is treated otherwise for VAT than the rules would have it.

use super::repo;
use crate::{
    alliances,
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    funding::{budgets, vat::VatTreatment},
    ids::{BudgetId, MemberId},
    problem::failure,
    text::one_line,
    viewer::{Permission, Viewer},
};

/// How VAT shall treat one member's line.
#[derive(Debug, Clone)]
pub struct OverrideVat {
    /// Of which year.
    pub budget_id: BudgetId,
    /// Whose line.
    pub member_id: MemberId,
    /// `None`: by the rules again.
    pub treatment: Option<VatTreatment>,
    /// Why, as the invoice says it; 1 to 300 characters.
    pub reason: String,
}

/// Why the line is treated as before.
#[derive(Debug, thiserror::Error)]
pub enum OverrideVatError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such budget in this alliance.
    #[error("That budget is not one of this alliance's.")]
    UnknownBudget,
    /// Before a budget is agreed there are no lines.
    #[error("Agree the budget first: that fixes each school's share.")]
    NotAgreed,
    /// No share of this budget, or no such member.
    #[error("That school has no share of this budget.")]
    UnknownMember,
    /// The share was billed.
    #[error("This share was invoiced as {number}. A credit note puts that right.")]
    AlreadyInvoiced {
        /// Its invoice.
        number: String,
    },
    /// Whoever is not registered makes no supplies that VAT looks at.
    #[error("The alliance is not registered for VAT, so all that it bills is outside its scope.")]
    NotRegistered,
    /// A VAT invoice bears the number.
    #[error("VAT can be charged once the alliance's VAT number is in its settings.")]
    NoVatNumber,
    /// Empty, or longer than 300 characters.
    #[error("Please say why, in at most 300 characters: the invoice says it too.")]
    InvalidReason,
    /// What was decided last says the same.
    #[error("That is how it is already: nothing has changed.")]
    AlreadyDecided,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Decides how VAT treats a member's line in invoices still to be issued.
pub async fn override_vat(app: &App, viewer: &Viewer, input: OverrideVat) -> Result<(), OverrideVatError> {
    use OverrideVatError as E;
    let scope = viewer.require(Permission::IssueInvoices)?;
    let reason = one_line(&input.reason, 300).ok_or(E::InvalidReason)?;

    let mut tx = app.db.begin(scope).await?;
    // A run locks the budget too: what it bills is what was decided before it, or after.
    let budget = budgets::repo::lock_budget(&mut tx, input.budget_id).await?.ok_or(E::UnknownBudget)?;
    if budget.agreed_at.is_none() {
        return Err(E::NotAgreed);
    }
    let shares = budgets::repo::shares(&mut tx, budget.id).await?;
    if shares.iter().all(|share| share.member_id != input.member_id) {
        return Err(E::UnknownMember);
    }
    let invoiced = repo::invoiced_members(&mut tx, budget.id).await?;
    if let Some((_, number)) = invoiced.into_iter().find(|(id, _)| *id == input.member_id) {
        return Err(E::AlreadyInvoiced { number });
    }
    let alliance = alliances::repo::alliance(&mut tx).await?;
    if let Some(treatment) = input.treatment {
        if !alliance.terms.supplier_kind.supplier().may_bill(treatment) {
            return Err(E::NotRegistered);
        }
        if treatment.is_charged() && alliance.letterhead.vat_number.is_none() {
            return Err(E::NoVatNumber);
        }
    }
    let before = repo::vat_overrides(&mut tx, budget.id).await?;
    let before = before.into_iter().find(|(id, _)| *id == input.member_id).map(|(_, decision)| decision);
    let is_same = match (&before, input.treatment) {
        (Some(before), Some(treatment)) => (before.treatment, &before.reason) == (treatment, &reason),
        (before, treatment) => before.is_none() && treatment.is_none(),
    };
    if is_same {
        return Err(E::AlreadyDecided);
    }
    let decision = (input.treatment, reason.as_str());
    let by = (viewer.person_id(), app.clock.now());
    repo::insert_vat_override(&mut tx, (budget.id, input.member_id), decision, by).await?;
    tx.announce(&[Change::Budget(budget.id)]).await?;
    Ok(tx.commit().await?)
}

failure!(OverrideVatError {
    UnknownBudget => "budgetId",
    NotAgreed => "budgetId",
    UnknownMember => "memberId",
    AlreadyInvoiced => "memberId",
    NotRegistered => "treatment",
    NoVatNumber => "treatment",
    AlreadyDecided => "treatment",
    InvalidReason => "reason",
} nested { Forbidden, Internal });

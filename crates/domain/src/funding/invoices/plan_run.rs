//! The plan of an invoice run: exactly what goes out, to whom, and what is held back and why. The preview shows it
//! and the run carries it out, so the two cannot differ.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};

use super::repo;
use crate::{
    access::EmailAddress,
    alliances::{self, Alliance, SupplierKind},
    db::Tx,
    error::{Forbidden, Internal, ReadError},
    funding::{
        bank_holidays::bank_holidays,
        budgets::{self, Budget},
        due_date::{Calendar, DueDate, DueDateError, due_date},
        vat::{Supplier, Supply, VatDecision, usual_treatment},
    },
    ids::{BudgetId, MemberId, ShareId},
    money::Pence,
    people,
    problem::failure,
    schools::members::{self, Member, Payer, PurchaseOrderRule},
    viewer::{Permission, Reach, Reading},
};

/// What a run would do today.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// The agreed budget.
    pub budget: Budget,
    /// The day of issue: today.
    pub issued_on: NaiveDate,
    /// The due date by the alliance's terms, with its reason.
    pub due: DueDate,
    /// What goes out, by member name.
    pub goes_out: Vec<PlannedInvoice>,
    /// What does not, by member name.
    pub held_back: Vec<HeldBack>,
    /// What the same members contributed to the budget before this one.
    pub last_year: Option<Pence>,
}

impl RunPlan {
    /// What all the invoices come to, VAT included.
    #[must_use]
    pub fn total(&self) -> Pence {
        Pence(self.goes_out.iter().map(|planned| planned.gross.0).sum())
    }

    /// How many payers get one or more of them.
    #[must_use]
    pub fn payers(&self) -> usize {
        let mut ids: Vec<_> = self.goes_out.iter().map(|planned| planned.payer.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    }
}

/// An invoice that goes out.
#[derive(Debug, Clone)]
pub struct PlannedInvoice {
    /// The share it bills.
    pub share_id: ShareId,
    /// For whom.
    pub member: Member,
    /// To whom.
    pub payer: Payer,
    /// Before VAT.
    pub net: Pence,
    /// How VAT treats it, and why.
    pub vat: VatDecision,
    /// The VAT.
    pub vat_amount: Pence,
    /// What is to be paid.
    pub gross: Pence,
    /// The payer's order number, when it gave one.
    pub purchase_order: Option<String>,
    /// How the share came about.
    pub explanation: String,
    /// The member's contribution to the budget before this one; `None` for a new member.
    pub last_year: Option<Pence>,
    /// Who gets the mail. Empty when no address is known: the invoice is issued and must be sent by hand.
    pub recipients: Vec<EmailAddress>,
}

/// A share that is not invoiced.
#[derive(Debug, Clone)]
pub struct HeldBack {
    /// Whose.
    pub member: Member,
    /// Its payer.
    pub payer: Payer,
    /// The share.
    pub amount: Pence,
    /// Why.
    pub reason: HeldReason,
}

/// Why a share is not invoiced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldReason {
    /// The payer needs a purchase order and has given none.
    PurchaseOrderMissing,
    /// The share is nought.
    NothingToPay,
    /// It was invoiced before.
    AlreadyInvoiced {
        /// By this invoice.
        number: String,
    },
}

impl std::fmt::Display for HeldReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PurchaseOrderMissing => f.write_str("Needs a purchase order number, and none is recorded."),
            Self::NothingToPay => f.write_str("Its share is nought."),
            Self::AlreadyInvoiced { number } => write!(f, "Invoiced before, as {number}."),
        }
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanRunError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such budget in this alliance.
    #[error("That budget is not one of this alliance's.")]
    UnknownBudget,
    /// Shares are frozen when a budget is agreed; before that there is nothing to bill.
    #[error("Agree the budget first: that fixes each school's share.")]
    NotAgreed,
    /// The alliance's closures leave no day to pay on.
    #[error(transparent)]
    DueDate(#[from] DueDateError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

impl From<ReadError> for PlanRunError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Forbidden(e) => Self::Forbidden(e),
            ReadError::Internal(e) => Self::Internal(e),
        }
    }
}

/// Plans a run as of `today`. Nothing is stored.
pub async fn plan_run(reading: &Reading, id: BudgetId, today: NaiveDate) -> Result<RunPlan, PlanRunError> {
    let mut tx = reading.require(Permission::SeeMoney).await?;
    let budget = budgets::repo::budgets(&mut tx, Some(id)).await?.into_iter().next();
    let alliance = alliances::repo::alliance(&mut tx).await?;
    plan(&mut tx, &alliance, budget.ok_or(PlanRunError::UnknownBudget)?, today).await
}

/// The plan, within the caller's transaction.
pub(super) async fn plan(
    tx: &mut Tx,
    alliance: &Alliance,
    budget: Budget,
    today: NaiveDate,
) -> Result<RunPlan, PlanRunError> {
    if budget.agreed_at.is_none() {
        return Err(PlanRunError::NotAgreed);
    }
    let closures = alliances::repo::closures(tx, today).await?;
    let holidays = bank_holidays(today.year(), today.year() + 1);
    let calendar = Calendar { bank_holidays: &holidays, closures: &closures };
    let due = due_date(today, alliance.terms.payment_terms_days, &calendar)?;

    let shares = budgets::repo::shares(tx, budget.id).await?;
    let ids: Vec<_> = shares.iter().map(|share| share.member_id).collect();
    let mut members: HashMap<_, _> = members::repo::members_by_ids(tx, &ids)
        .await?
        .into_iter()
        .map(|member| (member.id, member))
        .collect();
    let payers: HashMap<_, _> = (members::repo::payers(tx, &Reach::Alliance).await?.into_iter())
        .map(|payer| (payer.id, payer))
        .collect();
    let contacts =
        people::repo::addresses(tx, payers.values().filter_map(|payer| payer.finance_contact_id)).await?;
    let orders: HashMap<_, _> = budgets::repo::purchase_orders(tx, budget.id).await?.into_iter().collect();
    let invoiced: HashMap<_, _> = repo::invoiced_members(tx, budget.id).await?.into_iter().collect();
    let before: HashMap<MemberId, Pence> =
        repo::shares_before(tx, budget.starts_on).await?.into_iter().collect();

    let supplier = match alliance.terms.supplier_kind {
        SupplierKind::EducationBody => Supplier::EligibleBody,
        SupplierKind::TradingCompany => Supplier::TradingCompany,
    };
    let vat = usual_treatment(supplier, Supply::SharedCosts);
    let (mut goes_out, mut held_back) = (Vec::new(), Vec::new());
    for share in shares {
        let missing = || Internal::new("a share's member or payer is missing");
        let member = members.remove(&share.member_id).ok_or_else(missing)?;
        let payer = payers.get(&member.payer_id).ok_or_else(missing)?.clone();
        let amount = share.contribution.amount;
        let purchase_order = orders.get(&payer.id).cloned();
        let reason = if let Some(number) = invoiced.get(&member.id) {
            Some(HeldReason::AlreadyInvoiced { number: number.clone() })
        } else if amount == Pence::ZERO {
            Some(HeldReason::NothingToPay)
        } else if payer.purchase_order == PurchaseOrderRule::Required && purchase_order.is_none() {
            Some(HeldReason::PurchaseOrderMissing)
        } else {
            None
        };
        if let Some(reason) = reason {
            held_back.push(HeldBack { member, payer, amount, reason });
            continue;
        }
        let vat_amount = vat.treatment.on(amount).ok_or_else(|| Internal::new("the VAT does not fit"))?;
        let contact = payer.finance_contact_id.and_then(|id| contacts.get(&id).cloned());
        goes_out.push(PlannedInvoice {
            share_id: share.id,
            last_year: before.get(&member.id).copied(),
            recipients: recipients(payer.accounts_email.clone(), contact),
            member,
            payer,
            net: amount,
            vat: vat.clone(),
            vat_amount,
            gross: Pence(amount.0 + vat_amount.0),
            purchase_order,
            explanation: share.explanation,
        });
    }
    let last_year = goes_out.iter().filter_map(|planned| planned.last_year).reduce(|a, b| Pence(a.0 + b.0));
    Ok(RunPlan { budget, issued_on: today, due, goes_out, held_back, last_year })
}

/// The accounts mailbox first, then the person who is asked about money, each once.
pub(super) fn recipients(accounts: Option<EmailAddress>, contact: Option<EmailAddress>) -> Vec<EmailAddress> {
    let mut all: Vec<_> = accounts.into_iter().chain(contact).collect();
    all.dedup();
    all
}

failure!(PlanRunError {
    UnknownBudget => "budgetId",
    NotAgreed => "budgetId",
    DueDate => "dueOn",
} nested { Forbidden, Internal });

//! The plan of an invoice run: exactly what goes out, to whom, and what is held back and why. The preview shows it
//! and the run carries it out, so the two cannot differ.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};

use super::repo;
use crate::{
    access::EmailAddress,
    alliances::{self, Alliance},
    db::Tx,
    error::{Forbidden, Internal, ReadError},
    funding::{
        bank_holidays::bank_holidays,
        budgets::{self, Budget, PurchaseOrder},
        due_date::{Calendar, DueDate, DueDateError, due_date},
        vat::{VatDecision, usual_treatment},
    },
    ids::{BudgetId, MemberId, PayerId, ShareId},
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
    /// How VAT treats the invoices of the run, and why, but for those of which finance decided otherwise.
    pub vat: VatDecision,
    /// What goes out, by member name.
    pub goes_out: Vec<PlannedInvoice>,
    /// What does not, by member name.
    pub held_back: Vec<HeldBack>,
    /// The order number of every payer that pays by order and is still to be invoiced, by its legal name.
    pub orders: Vec<PayerOrder>,
    /// What the same members contributed to the budget before this one.
    pub last_year: Option<Pence>,
}

impl RunPlan {
    /// What all the invoices come to, VAT included.
    #[must_use]
    pub fn total(&self) -> Pence {
        Pence(self.goes_out.iter().map(|planned| planned.gross.0).sum())
    }

    /// What all the invoices come to before VAT, as shares and last year's contributions are.
    #[must_use]
    pub fn net_total(&self) -> Pence {
        Pence(self.goes_out.iter().map(|planned| planned.net.0).sum())
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
    /// Whether that is finance's decision about this line rather than the rule for all.
    pub is_vat_overridden: bool,
    /// The VAT.
    pub vat_amount: Pence,
    /// What is to be paid.
    pub gross: Pence,
    /// The payer's order, when it gave one.
    pub purchase_order: Option<PurchaseOrder>,
    /// How the share came about, as the member's head reads it.
    pub explanation: String,
    /// The same in a few words.
    pub brief: String,
    /// The member's contribution to the budget before this one; `None` for a new member.
    pub last_year: Option<Pence>,
    /// Who gets the mail. Empty when no address is known: the invoice is issued and must be sent by hand.
    pub recipients: Vec<EmailAddress>,
}

/// The purchase order of a payer that pays by order.
#[derive(Debug, Clone)]
pub struct PayerOrder {
    /// Whose.
    pub payer: Payer,
    /// The order, once it has given one.
    pub order: Option<PurchaseOrder>,
}

/// A member that is not invoiced.
#[derive(Debug, Clone)]
pub struct HeldBack {
    /// Whose.
    pub member: Member,
    /// Its payer.
    pub payer: Payer,
    /// The share; `None` when it has none.
    pub amount: Option<Pence>,
    /// Why.
    pub reason: HeldReason,
}

/// Why a member is not invoiced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldReason {
    /// The payer needs a purchase order and has given none.
    PurchaseOrderMissing,
    /// It was not among the members when the shares were fixed.
    NoShare {
        /// Its first day as a member.
        joined_on: NaiveDate,
    },
    /// It leaves within the year, and its share was worked out without knowing it.
    Leaves {
        /// Its last day as a member.
        left_on: NaiveDate,
    },
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
            Self::NoShare { joined_on } => write!(
                f,
                "A member since {}, but without a share: it was none when the budget was agreed.",
                joined_on.format("%-d %B %Y")
            ),
            Self::Leaves { left_on } => write!(
                f,
                "Its membership ends on {}, and its share was agreed without knowing that.",
                left_on.format("%-d %B %Y")
            ),
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
    let budget = budgets::repo::budget(&mut tx, id).await?;
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
    let closures = alliances::days_closed(tx, today).await?;
    let holidays = bank_holidays(today.year(), today.year() + 1);
    let calendar = Calendar { bank_holidays: &holidays, closures: &closures };
    let due = due_date(today, alliance.terms.payment_terms_days, &calendar)?;

    let shares = budgets::repo::shares(tx, budget.id).await?;
    let mut without: Vec<_> = members::repo::members_between(tx, budget.starts_on, budget.ends_on).await?;
    without.retain(|member| shares.iter().all(|share| share.member_id != member.id));
    let ids: Vec<_> = shares.iter().map(|share| share.member_id).collect();
    let mut members: HashMap<_, _> = members::repo::members_by_ids(tx, &ids)
        .await?
        .into_iter()
        .map(|member| (member.id, member))
        .collect();
    let payers: HashMap<_, _> = (members::repo::payers(tx, &Reach::Alliance, None).await?.into_iter())
        .map(|payer| (payer.id, payer))
        .collect();
    let contacts =
        people::repo::addresses(tx, payers.values().filter_map(|payer| payer.finance_contact_id)).await?;
    let orders: HashMap<_, _> = budgets::repo::purchase_orders(tx, budget.id).await?.into_iter().collect();
    let invoiced: HashMap<_, _> = repo::invoiced_members(tx, budget.id).await?.into_iter().collect();
    let before: HashMap<MemberId, Pence> =
        repo::shares_before(tx, budget.starts_on).await?.into_iter().collect();

    let supplier = alliance.terms.supplier_kind.supplier();
    let usual = usual_treatment(supplier, budget.contributions_are.supply());
    let mut overrides: HashMap<_, _> = repo::vat_overrides(tx, budget.id).await?.into_iter().collect();
    let missing = || Internal::new("a member or its payer is missing");
    let (mut goes_out, mut held_back) = (Vec::new(), Vec::new());
    for share in shares {
        let member = members.remove(&share.member_id).ok_or_else(missing)?;
        let payer = payers.get(&member.payer_id).ok_or_else(missing)?.clone();
        let amount = share.contribution.amount;
        let purchase_order = orders.get(&payer.id).cloned();
        let reason = if let Some(number) = invoiced.get(&member.id) {
            Some(HeldReason::AlreadyInvoiced { number: number.clone() })
        } else if let Some(left_on) = member.left_on.filter(|_| share.is_outdated(&member, budget.ends_on)) {
            Some(HeldReason::Leaves { left_on })
        } else if amount == Pence::ZERO {
            Some(HeldReason::NothingToPay)
        } else if payer.purchase_order == PurchaseOrderRule::Required && purchase_order.is_none() {
            Some(HeldReason::PurchaseOrderMissing)
        } else {
            None
        };
        if let Some(reason) = reason {
            held_back.push(HeldBack { member, payer, amount: Some(amount), reason });
            continue;
        }
        let line = supplier.bill(amount, &usual, overrides.remove(&member.id));
        let line = line.ok_or_else(|| Internal::new("the VAT does not fit"))?;
        let contact = payer.finance_contact_id.and_then(|id| contacts.get(&id).cloned());
        goes_out.push(PlannedInvoice {
            share_id: share.id,
            last_year: before.get(&member.id).copied(),
            recipients: recipients(payer.accounts_email.clone(), contact),
            member,
            payer,
            net: amount,
            vat: line.decision,
            is_vat_overridden: line.is_overridden,
            vat_amount: line.vat,
            gross: line.gross,
            purchase_order,
            brief: share.contribution.brief(),
            explanation: share.explanation,
        });
    }
    for member in without {
        let payer = payers.get(&member.payer_id).ok_or_else(missing)?.clone();
        let reason = HeldReason::NoShare { joined_on: member.joined_on };
        held_back.push(HeldBack { member, payer, amount: None, reason });
    }
    held_back
        .sort_by(|one, other| (&one.member.name, one.member.id).cmp(&(&other.member.name, other.member.id)));
    let orders = payer_orders(&goes_out, &held_back, &orders);
    let last_year = goes_out.iter().filter_map(|planned| planned.last_year).reduce(|a, b| Pence(a.0 + b.0));
    Ok(RunPlan { budget, issued_on: today, due, vat: usual, goes_out, held_back, orders, last_year })
}

/// The orders of all payers that pay by order and are still to be invoiced, each once.
fn payer_orders(
    goes_out: &[PlannedInvoice],
    held_back: &[HeldBack],
    known: &HashMap<PayerId, PurchaseOrder>,
) -> Vec<PayerOrder> {
    let waiting = held_back.iter().filter(|held| !matches!(held.reason, HeldReason::AlreadyInvoiced { .. }));
    let payers = goes_out.iter().map(|planned| &planned.payer).chain(waiting.map(|held| &held.payer));
    let mut payers: Vec<_> = payers.filter(|payer| payer.purchase_order != PurchaseOrderRule::None).collect();
    payers.sort_by(|one, other| (&one.legal_name, one.id).cmp(&(&other.legal_name, other.id)));
    payers.dedup_by_key(|payer| payer.id);
    let order = |payer: &Payer| PayerOrder { payer: payer.clone(), order: known.get(&payer.id).cloned() };
    payers.into_iter().map(order).collect()
}

/// The accounts mailbox first, then the person who is asked about money, each once.
pub(crate) fn recipients(accounts: Option<EmailAddress>, contact: Option<EmailAddress>) -> Vec<EmailAddress> {
    let mut all: Vec<_> = accounts.into_iter().chain(contact).collect();
    all.dedup();
    all
}

failure!(PlanRunError {
    UnknownBudget => "budgetId",
    NotAgreed => "budgetId",
    DueDate => "dueOn",
} nested { Forbidden, Internal });

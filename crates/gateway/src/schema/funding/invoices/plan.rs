//! What an invoice run would do.

use std::sync::Arc;

use async_graphql::{Enum, Object, Result};
use domain::{
    funding::{
        invoices::{self, HeldBack, PayerOrder, PlannedInvoice, RunPlan},
        vat::{STANDARD_RATE, VatTreatment},
    },
    ids::BudgetId,
};

use crate::schema::{
    context::Inside,
    errors::{self, answer},
    scalars::{Date, Pence},
    schools::{MemberObject, PayerObject},
};

/// How VAT treats a line.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "VatTreatment")]
pub(crate) enum VatTreatmentEnum {
    /// A supply that bears no VAT by law, such as education by an eligible body.
    Exempt,
    /// No supply at all, such as a grant.
    OutsideScope,
    /// A taxable supply at 0%.
    Zero,
    /// A taxable supply at the standard rate.
    Standard,
}

impl From<VatTreatmentEnum> for VatTreatment {
    fn from(treatment: VatTreatmentEnum) -> Self {
        match treatment {
            VatTreatmentEnum::Exempt => Self::Exempt,
            VatTreatmentEnum::OutsideScope => Self::OutsideScope,
            VatTreatmentEnum::Zero => Self::Zero,
            VatTreatmentEnum::Standard => Self::Standard { rate: STANDARD_RATE },
        }
    }
}

impl From<VatTreatment> for VatTreatmentEnum {
    fn from(treatment: VatTreatment) -> Self {
        match treatment {
            VatTreatment::Exempt => Self::Exempt,
            VatTreatment::OutsideScope => Self::OutsideScope,
            VatTreatment::Zero => Self::Zero,
            VatTreatment::Standard { .. } => Self::Standard,
        }
    }
}

/// What an invoice run would do today.
pub(crate) struct RunPlanObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) plan: RunPlan,
}

#[Object(name = "RunPlan")]
impl RunPlanObject {
    /// What goes out, by member name.
    async fn goes_out(&self) -> Vec<PlannedInvoiceObject> {
        let object = |planned: &PlannedInvoice| PlannedInvoiceObject {
            inside: Arc::clone(&self.inside),
            planned: planned.clone(),
        };
        self.plan.goes_out.iter().map(object).collect()
    }

    /// What is held back, by member name.
    async fn held_back(&self) -> Vec<HeldBackObject> {
        let object =
            |held: &HeldBack| HeldBackObject { inside: Arc::clone(&self.inside), held: held.clone() };
        self.plan.held_back.iter().map(object).collect()
    }

    /// How many invoices.
    async fn count(&self) -> usize {
        self.plan.goes_out.len()
    }

    /// How many payers get them.
    async fn payer_count(&self) -> usize {
        self.plan.payers()
    }

    /// What they come to, VAT included.
    async fn total(&self) -> Pence {
        self.plan.total().into()
    }

    /// What they come to before VAT.
    async fn net_total(&self) -> Pence {
        self.plan.net_total().into()
    }

    /// The order numbers of all payers that pay by order and are still to be invoiced, by legal name.
    async fn purchase_orders(&self) -> Vec<PayerOrderObject> {
        let object =
            |order: &PayerOrder| PayerOrderObject { inside: Arc::clone(&self.inside), order: order.clone() };
        self.plan.orders.iter().map(object).collect()
    }

    /// What the same members contributed to the budget before, without VAT; null when there was none.
    async fn last_year(&self) -> Option<Pence> {
        self.plan.last_year.map(Into::into)
    }

    /// The due date by the alliance's terms.
    async fn due_on(&self) -> Date {
        self.plan.due.date.into()
    }

    /// How VAT treats the invoices of the run, and why, but for lines of which `overrideVat` decided otherwise.
    async fn vat_reason(&self) -> &str {
        &self.plan.vat.reason
    }

    /// How the due date comes about.
    async fn due_reason(&self) -> &str {
        &self.plan.due.reason
    }
}

/// An invoice that goes out.
pub(crate) struct PlannedInvoiceObject {
    inside: Arc<Inside>,
    planned: PlannedInvoice,
}

#[Object(name = "PlannedInvoice")]
impl PlannedInvoiceObject {
    /// For whom.
    async fn member(&self) -> MemberObject {
        MemberObject { inside: Arc::clone(&self.inside), member: self.planned.member.clone() }
    }

    /// To whom.
    async fn payer(&self) -> PayerObject {
        PayerObject { inside: Arc::clone(&self.inside), payer: self.planned.payer.clone() }
    }

    /// The share, before VAT.
    async fn net(&self) -> Pence {
        self.planned.net.into()
    }

    /// What is to be paid.
    async fn gross(&self) -> Pence {
        self.planned.gross.into()
    }

    /// The VAT in it.
    async fn vat(&self) -> Pence {
        self.planned.vat_amount.into()
    }

    /// How VAT treats it.
    async fn vat_treatment(&self) -> VatTreatmentEnum {
        self.planned.vat.treatment.into()
    }

    /// Why, as the invoice says it.
    async fn vat_reason(&self) -> &str {
        &self.planned.vat.reason
    }

    /// Whether `overrideVat` decided that, rather than the rule for all.
    async fn is_vat_overridden(&self) -> bool {
        self.planned.is_vat_overridden
    }

    /// The member's contribution to the budget before, without VAT; null for a new member.
    async fn last_year(&self) -> Option<Pence> {
        self.planned.last_year.map(Into::into)
    }

    /// The payer's order number, when it gave one.
    async fn purchase_order(&self) -> Option<&str> {
        self.planned.purchase_order.as_ref().map(|order| order.number.as_str())
    }

    /// How the share came about, in one paragraph for the member's head.
    async fn explanation(&self) -> &str {
        &self.planned.explanation
    }

    /// How the share came about in a few words.
    async fn brief(&self) -> &str {
        &self.planned.brief
    }

    /// Who gets the mail; empty when no address is known.
    async fn recipients(&self) -> Vec<&str> {
        self.planned.recipients.iter().map(domain::access::EmailAddress::as_str).collect()
    }
}

/// The purchase order of a payer that pays by order.
pub(crate) struct PayerOrderObject {
    inside: Arc<Inside>,
    order: PayerOrder,
}

#[Object(name = "PayerOrder")]
impl PayerOrderObject {
    /// Whose.
    async fn payer(&self) -> PayerObject {
        PayerObject { inside: Arc::clone(&self.inside), payer: self.order.payer.clone() }
    }

    /// The number for this budget, once it was given.
    async fn number(&self) -> Option<&str> {
        self.order.order.as_ref().map(|order| order.number.as_str())
    }

    /// Who placed it, as invoices print it.
    async fn requested_by(&self) -> Option<&str> {
        self.order.order.as_ref()?.requested_by.as_deref()
    }
}

/// A member that is not invoiced.
pub(crate) struct HeldBackObject {
    inside: Arc<Inside>,
    held: HeldBack,
}

#[Object(name = "HeldBack")]
impl HeldBackObject {
    /// Whose.
    async fn member(&self) -> MemberObject {
        MemberObject { inside: Arc::clone(&self.inside), member: self.held.member.clone() }
    }

    /// Its payer.
    async fn payer(&self) -> PayerObject {
        PayerObject { inside: Arc::clone(&self.inside), payer: self.held.payer.clone() }
    }

    /// The share; null when it has none.
    async fn amount(&self) -> Option<Pence> {
        self.held.amount.map(Into::into)
    }

    /// Why.
    async fn reason(&self) -> String {
        self.held.reason.to_string()
    }

    /// The number of the invoice that billed it before; null otherwise.
    async fn invoice_number(&self) -> Option<&str> {
        match &self.held.reason {
            invoices::HeldReason::AlreadyInvoiced { number } => Some(number),
            _ => None,
        }
    }

    /// Whether a purchase order number would let it go out.
    async fn needs_purchase_order(&self) -> bool {
        self.held.reason == invoices::HeldReason::PurchaseOrderMissing
    }

    /// Whether `addShare` would let it go out: it joined after the budget was agreed, or has left since.
    async fn needs_share(&self) -> bool {
        use invoices::HeldReason as R;
        matches!(self.held.reason, R::NoShare { .. } | R::Leaves { .. })
    }
}

errors::payload! {
    /// What an invoice run would do.
    PlanRunPayload {
        /// The plan.
        plan: RunPlanObject
    }
}

pub(crate) async fn plan_run(inside: &Arc<Inside>, id: BudgetId) -> Result<PlanRunPayload> {
    let done = answer(invoices::plan_run(&inside.reading, id, inside.today).await)?;
    Ok(done.map(|plan| RunPlanObject { inside: Arc::clone(inside), plan }).into())
}

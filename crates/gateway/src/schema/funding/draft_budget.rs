use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::budgets::{AgreedAmount, DraftBudget, DraftInKindOffer, DraftLine, change_budget, draft_budget},
    ids::{AllianceId, BudgetId, MemberId},
};

use super::{BudgetObject, budgets::ContributionKindEnum};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::{Date, Formula, Pence},
};

/// A budget as it shall be.
#[derive(InputObject)]
struct BudgetInput {
    /// "2026-27".
    label: String,
    /// The first day of the year.
    starts_on: Date,
    /// The last day of the year.
    ends_on: Date,
    /// How members share it.
    formula: Formula,
    /// What its contributions are for VAT: shared costs unless said otherwise.
    contributions_are: Option<ContributionKindEnum>,
    /// What it consists of.
    #[graphql(validator(max_items = 100))]
    lines: Vec<BudgetLineInput>,
    /// What members offer in place of money.
    #[graphql(default, validator(max_items = 200))]
    in_kind_offers: Vec<InKindOfferInput>,
    /// What was agreed with single members in place of what the formula gives, one amount with each.
    #[graphql(default, validator(max_items = 200))]
    agreed_amounts: Vec<AgreedAmountInput>,
}

/// One line of a budget.
#[derive(InputObject)]
struct BudgetLineInput {
    /// What it is for.
    description: String,
    /// What it costs; income from elsewhere is negative.
    pence: Pence,
}

/// An offer in place of money.
#[derive(InputObject)]
struct InKindOfferInput {
    /// Whose.
    member_id: ID,
    /// What is offered.
    description: String,
    /// The agreed value.
    pence: Pence,
}

/// An amount agreed with one member.
#[derive(InputObject)]
struct AgreedAmountInput {
    /// With whom.
    member_id: ID,
    /// How much, nought or more.
    pence: Pence,
    /// Why, as the member's head will read it.
    reason: String,
}

impl BudgetInput {
    fn draft(self, alliance_id: AllianceId) -> DraftBudget {
        let line = |line: BudgetLineInput| DraftLine { description: line.description, pence: line.pence.0 };
        let offer = |offer: InKindOfferInput| DraftInKindOffer {
            member_id: MemberId(local(Kind::Member, alliance_id, &offer.member_id)),
            description: offer.description,
            pence: offer.pence.0,
        };
        let agreed = |agreed: AgreedAmountInput| AgreedAmount {
            member_id: MemberId(local(Kind::Member, alliance_id, &agreed.member_id)),
            pence: agreed.pence.0,
            reason: agreed.reason,
        };
        DraftBudget {
            label: self.label,
            starts_on: self.starts_on.0,
            ends_on: self.ends_on.0,
            formula: self.formula.0,
            contributions_are: self.contributions_are.map(Into::into).unwrap_or_default(),
            lines: self.lines.into_iter().map(line).collect(),
            in_kind_offers: self.in_kind_offers.into_iter().map(offer).collect(),
            agreed_amounts: self.agreed_amounts.into_iter().map(agreed).collect(),
        }
    }
}

/// A new budget.
#[derive(InputObject)]
struct DraftBudgetInput {
    /// The alliance's short address.
    alliance: String,
    /// How it shall be.
    budget: BudgetInput,
}

/// A draft to be changed.
#[derive(InputObject)]
struct ChangeBudgetInput {
    /// The alliance's short address.
    alliance: String,
    /// Which draft.
    budget_id: ID,
    /// How it shall be.
    budget: BudgetInput,
}

payload! {
    /// The draft.
    DraftBudgetPayload {
        /// The budget.
        budget: BudgetObject
    }
}

payload! {
    /// The draft as changed.
    ChangeBudgetPayload {
        /// The budget.
        budget: BudgetObject
    }
}

#[derive(Default)]
pub(crate) struct DraftBudgetMutation;

#[Object]
impl DraftBudgetMutation {
    /// Draft a budget.
    async fn draft_budget(&self, ctx: &Context<'_>, input: DraftBudgetInput) -> Result<DraftBudgetPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let draft = input.budget.draft(change.id());
        let done = answer(draft_budget(session.app(), change.viewer(), draft).await)?;
        Ok(change.answer(done, async |inside, budget| Ok(BudgetObject { inside, budget })).await?.into())
    }

    /// Change a budget while it is a draft: it becomes what the input says.
    async fn change_budget(
        &self,
        ctx: &Context<'_>,
        input: ChangeBudgetInput,
    ) -> Result<ChangeBudgetPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let id = BudgetId(local(Kind::Budget, change.id(), &input.budget_id));
        let draft = input.budget.draft(change.id());
        let done = answer(change_budget(session.app(), change.viewer(), id, draft).await)?;
        Ok(change.answer(done, async |inside, budget| Ok(BudgetObject { inside, budget })).await?.into())
    }
}

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{funding::budgets::agree_budget, ids::BudgetId};

use super::BudgetObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A budget to be agreed.
#[derive(InputObject)]
struct AgreeBudgetInput {
    /// The alliance's short address.
    alliance: String,
    /// Which draft.
    budget_id: ID,
}

payload! {
    /// The agreed budget.
    AgreeBudgetPayload {
        /// The budget, with its shares.
        budget: BudgetObject
    }
}

#[derive(Default)]
pub(crate) struct AgreeBudgetMutation;

#[Object]
impl AgreeBudgetMutation {
    /// Agree a budget: each member's share is worked out once more and frozen.
    async fn agree_budget(&self, ctx: &Context<'_>, input: AgreeBudgetInput) -> Result<AgreeBudgetPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let id = BudgetId(local(Kind::Budget, change.id(), &input.budget_id));
        let done = answer(agree_budget(session.app(), change.viewer(), id).await)?;
        Ok(change.answer(done, async |inside, budget| Ok(BudgetObject { inside, budget })).await?.into())
    }
}

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{funding::budgets::reopen_budget, ids::BudgetId};

use super::BudgetObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A budget to be reopened.
#[derive(InputObject)]
struct ReopenBudgetInput {
    /// The alliance's short address.
    alliance: String,
    /// Which agreed budget.
    budget_id: ID,
}

payload! {
    /// The budget, a draft again.
    ReopenBudgetPayload {
        /// The budget.
        budget: BudgetObject
    }
}

#[derive(Default)]
pub(crate) struct ReopenBudgetMutation;

#[Object]
impl ReopenBudgetMutation {
    /// Reopen an agreed budget, as long as nothing was issued from it.
    async fn reopen_budget(
        &self,
        ctx: &Context<'_>,
        input: ReopenBudgetInput,
    ) -> Result<ReopenBudgetPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let id = BudgetId(local(Kind::Budget, change.id(), &input.budget_id));
        let done = answer(reopen_budget(session.app(), change.viewer(), id).await)?;
        Ok(change.answer(done, async |inside, budget| Ok(BudgetObject { inside, budget })).await?.into())
    }
}

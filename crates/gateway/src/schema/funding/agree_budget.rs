use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    funding::budgets::{AgreedShare, Budget, agree_budget, plan_agreement},
    ids::BudgetId,
};

use super::{BudgetObject, budgets::PlannedShareObject};
use crate::schema::{
    context::{Inside, Session},
    errors::{UserError, answer, unknown_alliance},
    ids::{Kind, local},
};

/// A budget to be agreed.
#[derive(InputObject)]
struct AgreeBudgetInput {
    /// The alliance's short address.
    alliance: String,
    /// Which draft.
    budget_id: ID,
    /// Checks everything, answers with the errors or the plan, and agrees nothing.
    #[graphql(default)]
    dry_run: bool,
}

/// The agreed budget; of a dry run, the draft and its plan.
#[derive(SimpleObject)]
pub(crate) struct AgreeBudgetPayload {
    /// The budget, with its shares once it is agreed; null when there are errors.
    budget: Option<BudgetObject>,
    /// The shares as they would be frozen now, by member name; null unless it was a dry run that found no errors.
    plan: Option<Vec<PlannedShareObject>>,
    /// What the caller can put right; empty when it was done.
    errors: Vec<UserError>,
}

type Agreed = (BudgetObject, Option<Vec<PlannedShareObject>>);

impl From<std::result::Result<Agreed, UserError>> for AgreeBudgetPayload {
    fn from(answer: std::result::Result<Agreed, UserError>) -> Self {
        match answer {
            Ok((budget, plan)) => Self { budget: Some(budget), plan, errors: Vec::new() },
            Err(error) => Self { budget: None, plan: None, errors: vec![error] },
        }
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
        let done = if input.dry_run {
            let planned = plan_agreement(session.app(), change.viewer(), id).await;
            answer(planned.map(|(budget, shares)| (budget, Some(shares))))?
        } else {
            answer(agree_budget(session.app(), change.viewer(), id).await.map(|budget| (budget, None)))?
        };
        let object = async |inside: Arc<Inside>, (budget, shares): (Budget, Option<Vec<AgreedShare>>)| {
            let share = |share| PlannedShareObject { inside: Arc::clone(&inside), share };
            let plan = shares.map(|shares| shares.into_iter().map(share).collect());
            Ok((BudgetObject { inside: Arc::clone(&inside), budget }, plan))
        };
        Ok(change.answer(done, object).await?.into())
    }
}

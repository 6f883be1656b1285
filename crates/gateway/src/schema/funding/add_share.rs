use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::budgets::{AddShare, add_share},
    ids::{BudgetId, MemberId},
};

use super::budgets::ShareObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A share to be worked out.
#[derive(InputObject)]
struct AddShareInput {
    /// The alliance's short address.
    alliance: String,
    /// Of which agreed budget.
    budget_id: ID,
    /// Whose.
    member_id: ID,
}

payload! {
    /// The share.
    AddSharePayload {
        /// Frozen as the others are.
        share: ShareObject
    }
}

#[derive(Default)]
pub(crate) struct AddShareMutation;

#[Object]
impl AddShareMutation {
    /// Work out and freeze one share of an agreed budget: of a member that joined after it was agreed, or anew of one
    /// that has left since and was not invoiced. The other shares stay as agreed.
    async fn add_share(&self, ctx: &Context<'_>, input: AddShareInput) -> Result<AddSharePayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let share = AddShare {
            budget_id: BudgetId(local(Kind::Budget, change.id(), &input.budget_id)),
            member_id: MemberId(local(Kind::Member, change.id(), &input.member_id)),
        };
        let done = answer(add_share(session.app(), change.viewer(), share).await)?;
        Ok(change.answer(done, async |inside, share| Ok(ShareObject { inside, share })).await?.into())
    }
}

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    alliances::set_up::{AssignTask, assign_task},
    ids::PersonId,
};

use super::set_up::{SetUpTaskObject, TaskEnum};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// Who sees to which step.
#[derive(InputObject)]
struct AssignTaskInput {
    /// The alliance's short address.
    alliance: String,
    /// The step.
    task: TaskEnum,
    /// Who: a director, a manager or a finance lead.
    owner_id: ID,
}

payload! {
    /// The step and who sees to it.
    AssignTaskPayload {
        /// The step.
        task: SetUpTaskObject
    }
}

#[derive(Default)]
pub(crate) struct AssignTaskMutation;

#[Object]
impl AssignTaskMutation {
    /// Say who sees to a step by which the alliance is set up.
    async fn assign_task(&self, ctx: &Context<'_>, input: AssignTaskInput) -> Result<AssignTaskPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let owner_id = PersonId(local(Kind::Person, change.id(), &input.owner_id));
        let input = AssignTask { task: input.task.into(), owner_id };
        let done = answer(assign_task(session.app(), change.viewer(), input).await)?;
        Ok(change.answer(done, async |inside, task| Ok(SetUpTaskObject { inside, task })).await?.into())
    }
}

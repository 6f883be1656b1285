use async_graphql::{Context, InputObject, Object, Result};
use domain::alliances::set_up::set_task_aside;

use super::set_up::{SetUpTaskObject, TaskEnum};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
};

/// Which step.
#[derive(InputObject)]
struct SetTaskAsideInput {
    /// The alliance's short address.
    alliance: String,
    /// The step.
    task: TaskEnum,
}

payload! {
    /// The step that is not needed.
    SetTaskAsidePayload {
        /// The step.
        task: SetUpTaskObject
    }
}

#[derive(Default)]
pub(crate) struct SetTaskAsideMutation;

#[Object]
impl SetTaskAsideMutation {
    /// Say that a step is not needed. It can be taken up again.
    async fn set_task_aside(
        &self,
        ctx: &Context<'_>,
        input: SetTaskAsideInput,
    ) -> Result<SetTaskAsidePayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let done = answer(set_task_aside(session.app(), change.viewer(), input.task.into()).await)?;
        Ok(change.answer(done, async |inside, task| Ok(SetUpTaskObject { inside, task })).await?.into())
    }
}

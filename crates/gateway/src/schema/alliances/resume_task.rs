use async_graphql::{Context, InputObject, Object, Result};
use domain::alliances::set_up::resume_task;

use super::set_up::{SetUpTaskObject, TaskEnum};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
};

/// Which step.
#[derive(InputObject)]
struct ResumeTaskInput {
    /// The alliance's short address.
    alliance: String,
    /// The step.
    task: TaskEnum,
}

payload! {
    /// The step that is open again.
    ResumeTaskPayload {
        /// The step.
        task: SetUpTaskObject
    }
}

#[derive(Default)]
pub(crate) struct ResumeTaskMutation;

#[Object]
impl ResumeTaskMutation {
    /// Take up a step again that was set aside.
    async fn resume_task(&self, ctx: &Context<'_>, input: ResumeTaskInput) -> Result<ResumeTaskPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let done = answer(resume_task(session.app(), change.viewer(), input.task.into()).await)?;
        Ok(change.answer(done, async |inside, task| Ok(SetUpTaskObject { inside, task })).await?.into())
    }
}

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    ids::JobId,
    jobs::{job, retry_job},
};

use super::JobObject;
use crate::schema::{
    context::{Inside, Session},
    errors::{self, answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A parked job.
#[derive(InputObject)]
struct RetryJobInput {
    /// The alliance's short address.
    alliance: String,
    /// Which job.
    job_id: ID,
}

payload! {
    /// The job as it is now.
    RetryJobPayload {
        /// The job.
        job: JobObject
    }
}

#[derive(Default)]
pub(crate) struct RetryJobMutation;

#[Object]
impl RetryJobMutation {
    /// Run a parked job again.
    async fn retry_job(&self, ctx: &Context<'_>, input: RetryJobInput) -> Result<RetryJobPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let id = JobId(local(Kind::Job, change.id(), &input.job_id));
        let done = answer(retry_job(session.app(), change.viewer(), id).await)?;
        let object = async |inside: Arc<Inside>, ()| {
            let found =
                job(&inside.reading, id).await.map_err(errors::read)?.ok_or_else(errors::forbidden)?;
            Ok(JobObject { inside, job: found })
        };
        Ok(change.answer(done, object).await?.into())
    }
}

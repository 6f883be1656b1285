use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    ids::JobId,
    jobs::{discard_job, job},
};

use super::JobObject;
use crate::schema::{
    context::{Inside, Session},
    errors::{self, answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A parked job.
#[derive(InputObject)]
struct DiscardJobInput {
    /// The alliance's short address.
    alliance: String,
    /// Which job.
    job_id: ID,
}

payload! {
    /// The job as it is now.
    DiscardJobPayload {
        /// The job.
        job: JobObject
    }
}

#[derive(Default)]
pub(crate) struct DiscardJobMutation;

#[Object]
impl DiscardJobMutation {
    /// Decide against a parked job: it will not run.
    async fn discard_job(&self, ctx: &Context<'_>, input: DiscardJobInput) -> Result<DiscardJobPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let id = JobId(local(Kind::Job, change.id(), &input.job_id));
        let done = answer(discard_job(session.app(), change.viewer(), id).await)?;
        let object = async |inside: Arc<Inside>, ()| {
            let found =
                job(&inside.reading, id).await.map_err(errors::read)?.ok_or_else(errors::forbidden)?;
            Ok(JobObject { inside, job: found })
        };
        Ok(change.answer(done, object).await?.into())
    }
}

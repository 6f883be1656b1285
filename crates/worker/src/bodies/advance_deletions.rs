//! Deletions go on by themselves, in the deployment's own name: the alliances do no work any more.

use domain::alliances::deletions::{
    self, AdvanceDeletions, DeactivateAlliance, DeactivateAllianceError, PurgeAlliance, begin_purge,
};

use super::{Deps, purge::purge};
use crate::{JobContext, JobError};

/// Queues what is due.
pub(super) async fn advance_deletions(
    context: JobContext<Deps>,
    _job: AdvanceDeletions,
) -> Result<(), JobError> {
    Ok(deletions::advance_deletions(&context.app).await?)
}

/// Lets nobody in any more but directors.
pub(super) async fn deactivate_alliance(
    context: JobContext<Deps>,
    job: DeactivateAlliance,
) -> Result<(), JobError> {
    deletions::deactivate_alliance(&context.app, &job).await.map_err(|error| match error {
        DeactivateAllianceError::Forbidden(error) => error.into(),
        DeactivateAllianceError::Internal(error) => error.into(),
        error @ DeactivateAllianceError::WorkUnderWay => JobError::Retry(error.to_string()),
    })
}

/// Deletes everything. Interrupted anywhere, it goes on from there at the next attempt.
pub(super) async fn purge_alliance(context: JobContext<Deps>, job: PurgeAlliance) -> Result<(), JobError> {
    let Some(tombstone) = begin_purge(&context.app, &job).await? else { return Ok(()) };
    let report = purge(&context.app, &*context.deps.store, &tombstone).await?;
    let rows: i64 = report.rows.values().sum();
    tracing::info!(alliance = %tombstone.alliance_id, rows, files = report.files, "an alliance is deleted");
    Ok(())
}

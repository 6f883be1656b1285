//! Finished rows go after a week.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{Job, Priority, repo};
use crate::{app::App, error::Internal};

/// How long a finished row stays, and with it its dedupe key. Longer than the schedule looks back, or a tick would be
/// taken for one that was missed.
pub const KEEP_FINISHED: TimeDelta = TimeDelta::days(7);

/// So many rows at a time: short locks, and other work in between.
const BATCH: i64 = 5_000;

/// Deletes what was done or discarded more than [`KEEP_FINISHED`] ago. Parked work stays until a person decides.
#[derive(Debug, Serialize, Deserialize)]
pub struct PruneJobs {}

impl Job for PruneJobs {
    const KIND: &'static str = "prune_jobs";
    const PRIORITY: Priority = Priority::CanWait;
}

/// Returns how many rows are gone.
pub async fn prune_jobs(app: &App) -> Result<u64, Internal> {
    let before = app.clock.now() - KEEP_FINISHED;
    let mut deleted = 0;
    loop {
        let batch = repo::delete_finished(app.db.machine_pool(), before, BATCH).await?;
        deleted += batch;
        if batch < BATCH.unsigned_abs() {
            return Ok(deleted);
        }
    }
}

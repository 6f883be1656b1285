//! Keys go when nobody can mean the same request any more.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::repo;
use crate::{
    app::App,
    error::ReadError,
    jobs::{Job, Priority},
    viewer::{Permission, Viewer},
};

/// How long the same key gives the first answer again.
pub const KEEP_KEYS: TimeDelta = TimeDelta::hours(72);

/// Deletes an alliance's keys of more than [`KEEP_KEYS`] ago.
#[derive(Debug, Serialize, Deserialize)]
pub struct PruneIdempotencyKeys {}

impl Job for PruneIdempotencyKeys {
    const KIND: &'static str = "prune_idempotency_keys";
    const PRIORITY: Priority = Priority::CanWait;
}

/// Returns how many keys are gone.
pub async fn prune_idempotency_keys(app: &App, viewer: &Viewer) -> Result<u64, ReadError> {
    let scope = viewer.require(Permission::ManageJobs)?;
    let mut tx = app.db.begin(scope).await?;
    let deleted = repo::delete_before(&mut tx, app.clock.now() - KEEP_KEYS).await?;
    tx.commit().await?;
    Ok(deleted)
}

//! A person runs parked work again.

use super::{JobState, repo};
use crate::{
    access::add_event,
    app::App,
    error::{Forbidden, Internal},
    ids::JobId,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// How often it is tried before it is parked again.
const MORE_ATTEMPTS: i16 = 3;

/// Why the job does not run again.
#[derive(Debug, thiserror::Error)]
pub enum RetryJobError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such job in this alliance.
    #[error("There is no such job.")]
    UnknownJob,
    /// It waits, runs, or is over.
    #[error("Only work that has failed for good can be run again.")]
    NotParked,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Makes a parked job due now, with three more attempts.
pub async fn retry_job(app: &App, viewer: &Viewer, id: JobId) -> Result<(), RetryJobError> {
    let scope = viewer.require(Permission::ManageJobs)?;
    let mut tx = app.db.begin(scope).await?;
    let (state, kind) = repo::state_for_update(&mut tx, id).await?.ok_or(RetryJobError::UnknownJob)?;
    match state {
        JobState::Parked => {}
        _ => return Err(RetryJobError::NotParked),
    }
    repo::run_again(&mut tx, id, MORE_ATTEMPTS, app.clock.now()).await?;
    add_event(app, &mut tx, &format!("Had the job {kind} run again")).await?;
    Ok(tx.commit().await?)
}

failure!(RetryJobError {
    UnknownJob => "jobId",
    NotParked => "jobId",
} nested { Forbidden, Internal });

//! A person decides that work shall not happen.

use super::{JobState, repo};
use crate::{
    access::add_event,
    app::App,
    error::{Forbidden, Internal},
    ids::JobId,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Why the job is not discarded.
#[derive(Debug, thiserror::Error)]
pub enum DiscardJobError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such job in this alliance.
    #[error("There is no such job.")]
    UnknownJob,
    /// It runs now, or is over.
    #[error("This work has begun or is over, so it cannot be discarded.")]
    NotWaiting,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Discards a job that waits or is parked.
pub async fn discard_job(app: &App, viewer: &Viewer, id: JobId) -> Result<(), DiscardJobError> {
    let scope = viewer.require(Permission::ManageJobs)?;
    let mut tx = app.db.begin(scope).await?;
    let (state, kind) = repo::state_for_update(&mut tx, id).await?.ok_or(DiscardJobError::UnknownJob)?;
    match state {
        JobState::Waiting | JobState::Parked => {}
        JobState::Running | JobState::Done | JobState::Cancelled => return Err(DiscardJobError::NotWaiting),
    }
    repo::cancel(&mut tx, id, app.clock.now()).await?;
    add_event(app, &mut tx, &format!("Discarded the job {kind}")).await?;
    Ok(tx.commit().await?)
}

failure!(DiscardJobError {
    UnknownJob => "jobId",
    NotWaiting => "jobId",
} nested { Forbidden, Internal });

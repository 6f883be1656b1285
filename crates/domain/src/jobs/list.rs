//! The work queue as an alliance's people see it.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::{DEPLOYMENT, JobState, repo};
use crate::{
    app::Timestamp,
    error::{Internal, ReadError},
    ids::JobId,
    page::{Page, PageRequest},
    viewer::{Permission, Reading},
};

/// A job of the alliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// Which.
    pub id: JobId,
    /// What kind of work, by its stored name.
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// How often it was tried.
    pub attempts: i16,
    /// How often it is tried before it is parked.
    pub max_attempts: i16,
    /// When it was, or will be, due.
    pub run_at: Timestamp,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was done or discarded.
    pub finished_at: Option<Timestamp>,
}

/// Which jobs are listed. Empty fields filter nothing.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// In one state.
    pub state: Option<JobState>,
    /// Of one kind.
    pub kind: Option<String>,
}

/// Where a list of jobs goes on: before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct JobCursor {
    /// The last one shown.
    pub id: JobId,
}

/// Jobs of the alliance, the newest first.
pub async fn jobs(
    reading: &Reading,
    filter: &JobFilter,
    page: &PageRequest<JobCursor>,
) -> Result<Page<JobRecord>, ReadError> {
    let mut tx = reading.require(Permission::ManageJobs).await?;
    Ok(page.cut(repo::jobs(&mut tx, filter, page).await?))
}

/// How many jobs the filter finds.
pub async fn count_jobs(reading: &Reading, filter: &JobFilter) -> Result<i64, ReadError> {
    let mut tx = reading.require(Permission::ManageJobs).await?;
    Ok(repo::count_jobs(&mut tx, filter).await?)
}

/// The deployment's own work that has failed for good: how much of each kind, by kind. Anybody with one of the
/// deployment's logins may ask.
pub async fn parked_of_deployment(connection: &mut PgConnection) -> Result<Vec<(String, i64)>, Internal> {
    repo::parked_by_kind(connection, DEPLOYMENT).await
}

/// What jobs of the alliance are about, in a few words: the mail and its recipient, the document and its number. Work
/// that is about nothing in particular is left out.
pub async fn jobs_about(reading: &Reading, ids: &[JobId]) -> Result<HashMap<JobId, String>, ReadError> {
    let mut tx = reading.require(Permission::ManageJobs).await?;
    Ok(repo::about(&mut tx, ids).await?)
}

/// One job of the alliance.
pub async fn job(reading: &Reading, id: JobId) -> Result<Option<JobRecord>, ReadError> {
    let mut tx = reading.require(Permission::ManageJobs).await?;
    Ok(repo::job(&mut tx, id).await?)
}

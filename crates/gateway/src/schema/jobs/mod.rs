//! The work queue, as the alliance's people see it.

mod discard_job;
mod retry_job;

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, MergedObject, Object, Result};
use chrono::{DateTime, Utc};
use domain::{
    error::ReadError,
    ids::JobId,
    jobs::{self, JobCursor, JobFilter, JobRecord, JobState},
};

use super::{
    batches::Batch,
    connection::{self, PageInfo},
    context::Inside,
    errors,
    ids::{self, Kind},
};

#[derive(MergedObject, Default)]
pub(crate) struct JobsMutation(retry_job::RetryJobMutation, discard_job::DiscardJobMutation);

/// A piece of work that happens later.
pub(crate) struct JobObject {
    pub(super) inside: Arc<Inside>,
    pub(super) job: JobRecord,
}

#[Object(name = "Job")]
impl JobObject {
    /// Opaque, and good until the finished job is pruned.
    pub(super) async fn id(&self) -> ID {
        ids::encode(Kind::Job, self.inside.id(), self.job.id.0)
    }

    /// What kind of work.
    async fn kind(&self) -> &str {
        &self.job.kind
    }

    /// What it is about: the mail and its recipient, the document and its number; null when nothing in particular.
    async fn about(&self) -> Result<Option<String>> {
        self.inside.load::<JobsAbout>(self.job.id).await
    }

    /// Where it stands.
    async fn state(&self) -> JobStateEnum {
        self.job.state.into()
    }

    /// How often it was tried.
    async fn attempts(&self) -> i32 {
        self.job.attempts.into()
    }

    /// How often it is tried before it is parked.
    async fn max_attempts(&self) -> i32 {
        self.job.max_attempts.into()
    }

    /// When it was, or will be, due.
    async fn run_at(&self) -> DateTime<Utc> {
        self.job.run_at
    }

    /// Why the last attempt failed.
    async fn last_error(&self) -> Option<&str> {
        self.job.last_error.as_deref()
    }

    /// When it was queued.
    async fn created_at(&self) -> DateTime<Utc> {
        self.job.created_at
    }

    /// When it was done or discarded.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.job.finished_at
    }
}

struct JobsAbout;

impl Batch for JobsAbout {
    type Key = JobId;
    type Value = String;

    async fn read(inside: &Inside, keys: &[JobId]) -> Result<HashMap<JobId, String>, ReadError> {
        jobs::jobs_about(&inside.reading, keys).await
    }
}

/// Where a job stands.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "JobState", remote = "JobState")]
pub(crate) enum JobStateEnum {
    /// Its time has not come, or nobody has taken it yet.
    Waiting,
    /// A worker has it.
    Running,
    /// It happened.
    Done,
    /// It failed for good; a person decides.
    Parked,
    /// A person decided against it.
    Cancelled,
}

/// Counts the jobs of a list.
pub(crate) struct JobTotal {
    inside: Arc<Inside>,
    filter: JobFilter,
}

impl JobTotal {
    async fn count(&self) -> Result<i64> {
        jobs::count_jobs(&self.inside.reading, &self.filter).await.map_err(errors::read)
    }
}

connection::connection! {
    /// Jobs in pages.
    JobConnection of JobObject, total: JobTotal
}

pub(crate) async fn parked_jobs(inside: &Arc<Inside>) -> Result<i64> {
    let filter = JobFilter { state: Some(JobState::Parked), kind: None };
    jobs::count_jobs(&inside.reading, &filter).await.map_err(errors::read)
}

pub(crate) async fn jobs(
    inside: &Arc<Inside>,
    state: Option<JobStateEnum>,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<JobConnection> {
    let list = inside.list("jobs");
    let filter = JobFilter { state: state.map(JobState::from), kind: None };
    let page = list.page(first, after)?;
    let page = jobs::jobs(&inside.reading, &filter, &page).await.map_err(errors::read)?;
    let end_cursor = page.items.last().map(|last| list.cursor(&JobCursor { id: last.id }));
    let object = |job| JobObject { inside: Arc::clone(inside), job };
    Ok(JobConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: page.items.into_iter().map(object).collect(),
        total: JobTotal { inside: Arc::clone(inside), filter },
    })
}

pub(crate) async fn job(inside: &Arc<Inside>, id: JobId) -> Result<Option<JobObject>> {
    let found = jobs::job(&inside.reading, id).await.map_err(errors::read)?;
    Ok(found.map(|job| JobObject { inside: Arc::clone(inside), job }))
}

//! Work that happens later. Postgres is its only home: [`Tx::enqueue`] writes the row in the transaction that causes
//! the work, so the work exists when the change commits, or never. Processes of `worker` take rows under a lease
//! ([`queue`]); a row ends done, or parked where a person sees it.
//!
//! Delivery is at least once: whoever writes a body makes its effect unique by a key of its own, or settles it
//! together with the job by [`Tx::commit_done`].

mod discard_job;
mod list;
mod prune_jobs;
pub mod queue;
mod queue_health;
pub(crate) mod repo;
mod retry_job;

pub use discard_job::{DiscardJobError, discard_job};
pub use list::{JobCursor, JobFilter, JobRecord, count_jobs, job, jobs, jobs_about, parked_of_deployment};
pub use prune_jobs::{KEEP_FINISHED, PruneJobs, prune_jobs};
pub use queue_health::{KindHealth, queue_health};
pub use retry_job::{RetryJobError, retry_job};

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    app::{App, Timestamp},
    db::{MachineTx, Tx},
    error::Internal,
    ids::{AllianceId, JobId},
};

/// A unit of background work: what to do, as ids. Its body is in `worker`.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The stored name: lower-case letters, digits and underscores. Rows outlive the code, so a renamed job keeps
    /// its old body until the old rows are gone.
    const KIND: &'static str;
    /// How often it is tried before it is parked.
    const MAX_ATTEMPTS: i16 = 8;
    /// How long one attempt may take.
    const TIMEOUT: Duration = Duration::from_mins(1);
    /// Its turn among the work of the same alliance.
    const PRIORITY: Priority = Priority::Usual;

    /// While a row of this kind and key exists in the alliance, queueing another does nothing. The row is there
    /// until a week after it was done ([`KEEP_FINISHED`]), or a person discarded it.
    fn dedupe_key(&self) -> Option<String> {
        None
    }
}

/// Whose turn it is. Each priority of each alliance has its own turn, so none waits for another to be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody waits for it.
    SomebodyWaits,
    /// Most work.
    Usual,
    /// Long rows of work that nobody waits for.
    CanWait,
}

impl Priority {
    /// The stored number.
    #[must_use]
    pub fn as_i16(self) -> i16 {
        match self {
            Self::SomebodyWaits => 0,
            Self::Usual => 1,
            Self::CanWait => 2,
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
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

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Parked, Self::Cancelled];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Parked => "parked",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// What became of a call to queue something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// The work will happen when the transaction commits.
    New,
    /// A row with this key exists; nothing was added.
    Duplicate,
}

/// A job as it is written.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub(crate) id: JobId,
    pub(crate) payload: serde_json::Value,
    pub(crate) dedupe_key: Option<String>,
}

/// What all jobs of one statement share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) kind: &'static str,
    pub(crate) priority: i16,
    pub(crate) max_attempts: i16,
    pub(crate) run_at: Timestamp,
    pub(crate) now: Timestamp,
}

impl Terms {
    pub(crate) fn of<J: Job>(now: Timestamp, run_at: Timestamp) -> Self {
        Self { kind: J::KIND, priority: J::PRIORITY.as_i16(), max_attempts: J::MAX_ATTEMPTS, run_at, now }
    }
}

impl NewJob {
    fn of<J: Job>(app: &App, job: &J) -> Result<Self, Internal> {
        Ok(Self { id: JobId::new(app), payload: serde_json::to_value(job)?, dedupe_key: job.dedupe_key() })
    }

    fn all<'a, J: Job>(app: &App, jobs: impl IntoIterator<Item = &'a J>) -> Result<Vec<Self>, Internal> {
        let mut new = jobs.into_iter().map(|job| Self::of(app, job)).collect::<Result<Vec<_>, _>>()?;
        // Ids of one millisecond are in no order: sorted, they keep the order of the jobs.
        let mut ids: Vec<_> = new.iter().map(|job| job.id).collect();
        ids.sort_unstable();
        for (job, id) in new.iter_mut().zip(ids) {
            job.id = id;
        }
        Ok(new)
    }
}

impl Tx {
    /// Queues `job`, to run as soon as this transaction commits.
    pub async fn enqueue<J: Job>(&mut self, app: &App, job: &J) -> Result<Enqueued, Internal> {
        self.enqueue_at(app, job, app.clock.now()).await
    }

    /// Queues `job`, to run at `run_at` or up to a second later.
    pub async fn enqueue_at<J: Job>(
        &mut self,
        app: &App,
        job: &J,
        run_at: Timestamp,
    ) -> Result<Enqueued, Internal> {
        let new = [NewJob::of(app, job)?];
        Ok(match repo::insert(self, &Terms::of::<J>(app.clock.now(), run_at), &new).await? {
            0 => Enqueued::Duplicate,
            _ => Enqueued::New,
        })
    }

    /// Queues jobs of one kind by one statement. Returns how many are new.
    pub async fn enqueue_all<'a, J: Job>(
        &mut self,
        app: &App,
        jobs: impl IntoIterator<Item = &'a J>,
    ) -> Result<u64, Internal> {
        let new = NewJob::all(app, jobs)?;
        let now = app.clock.now();
        repo::insert(self, &Terms::of::<J>(now, now), &new).await
    }

    /// Commits, and with it says that the job under `lease` is done: its effect happens exactly once. When the lease
    /// was lost meanwhile, another process has the job, and nothing is committed.
    pub async fn commit_done(mut self, app: &App, lease: &queue::Lease) -> Result<(), CommitDoneError> {
        if !repo::finish(&mut self, lease, app.clock.now()).await? {
            return Err(CommitDoneError::LeaseLost);
        }
        Ok(self.commit().await?)
    }
}

/// Why an effect was not committed with its job.
#[derive(Debug, thiserror::Error)]
pub enum CommitDoneError {
    /// Another process has the job now.
    #[error("the lease was lost, another process has the job")]
    LeaseLost,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

impl MachineTx {
    /// Queues work of the deployment itself, which belongs to no alliance.
    pub async fn enqueue<J: Job>(&mut self, app: &App, job: &J) -> Result<Enqueued, Internal> {
        let now = app.clock.now();
        let new = [(DEPLOYMENT, NewJob::of(app, job)?)];
        Ok(match repo::insert_across(self, &Terms::of::<J>(now, now), &new).await? {
            0 => Enqueued::Duplicate,
            _ => Enqueued::New,
        })
    }

    /// Queues the same planned work for several alliances. `key` takes the place of the job's own. Returns how many
    /// are new.
    pub async fn enqueue_across(
        &mut self,
        app: &App,
        planned: &Planned,
        alliances: &[AllianceId],
        key: &str,
    ) -> Result<u64, Internal> {
        let now = app.clock.now();
        let job = |id| NewJob { id, payload: planned.payload.clone(), dedupe_key: Some(key.to_owned()) };
        let new: Vec<_> = alliances.iter().map(|alliance| (*alliance, job(JobId::new(app)))).collect();
        repo::insert_across(self, &(planned.terms)(now), &new).await
    }
}

/// A job that the schedule means, before it is known for whom.
pub struct Planned {
    payload: serde_json::Value,
    terms: fn(Timestamp) -> Terms,
}

impl Planned {
    /// Forgets the type of `job`.
    pub fn of<J: Job>(job: &J) -> Result<Self, Internal> {
        Ok(Self { payload: serde_json::to_value(job)?, terms: |now| Terms::of::<J>(now, now) })
    }
}

/// The alliance of the deployment's own jobs: none. A viewer of it sees these jobs, and no other row.
pub const DEPLOYMENT: AllianceId = AllianceId(uuid::Uuid::nil());

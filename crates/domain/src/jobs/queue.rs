//! The queue as worker processes use it, with the machine role. A process takes jobs under leases in its own name,
//! renews them while it lives, and settles each with an outcome. An outcome counts only while its lease is held: the
//! row still names this owner and this attempt.

use std::{sync::Arc, time::Duration};

use chrono_tz::Tz;
use sqlx::postgres::PgListener;

use super::repo;
use crate::{
    app::{App, Timestamp},
    error::Internal,
    ids::{AllianceId, JobId},
};

/// How long a lease holds unless renewed. With [`RENEW_EVERY`] and [`RECLAIM_EVERY`] the jobs of a dead process run
/// again within 18 seconds.
pub const LEASE: Duration = Duration::from_secs(15);
/// How often a process renews its leases.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How often a process looks for leases that ran out.
pub const RECLAIM_EVERY: Duration = Duration::from_secs(3);
/// The longest reason that is stored, in characters.
const REASON_LENGTH: usize = 1000;

/// What a process asks for.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// A name that no other process has, nor this one after a restart.
    pub owner: &'a str,
    /// Take turns from the lane behind this one.
    pub after: Lane,
    /// At most how many jobs. When lanes share them they may be fewer, although more are due.
    pub batch: u16,
    /// How long the leases hold.
    pub lease: Duration,
}

/// An alliance's jobs of one priority: what takes turns with others. Lanes are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    /// Whose.
    pub alliance_id: AllianceId,
    /// [`super::Priority`] as stored.
    pub priority: i16,
}

impl Lane {
    /// Before the first lane.
    pub const START: Self = Self { alliance_id: super::DEPLOYMENT, priority: -1 };
}

/// A job taken under a lease.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Whose work; [`super::DEPLOYMENT`] for the deployment's own.
    pub alliance_id: AllianceId,
    /// Its turn among the work of the alliance.
    pub priority: i16,
    /// Which.
    pub id: JobId,
    /// [`super::Job::KIND`].
    pub kind: String,
    /// Its JSON, not decoded: one row that does not decode must not hold up those claimed with it.
    pub payload: String,
    /// 1 for the first.
    pub attempt: i16,
    /// The last attempt.
    pub max_attempts: i16,
}

/// The right to run one attempt of a job and to settle it.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The process.
    pub owner: Arc<str>,
    /// Whose work.
    pub alliance_id: AllianceId,
    /// Which.
    pub job_id: JobId,
    /// Which attempt.
    pub attempt: i16,
}

impl Lease {
    /// Its job's key.
    pub(super) fn key(&self) -> (AllianceId, JobId) {
        (self.alliance_id, self.job_id)
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It happened.
    Done,
    /// It may succeed later: it waits, longer each time, until its attempts are used up; then it is parked.
    Retry(String),
    /// It can never succeed: parked at once.
    Discard(String),
}

impl Outcome {
    /// One word, for statistics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retry(_) => "retry",
            Self::Discard(_) => "discard",
        }
    }

    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Retry(reason) | Self::Discard(reason) => {
                let end = reason.char_indices().nth(REASON_LENGTH).map_or(reason.len(), |(at, _)| at);
                Some(&reason[..end])
            }
        }
    }
}

/// Takes due jobs, a fair share of each lane. None from [`Lane::START`] on means that nothing is due.
pub async fn claim(app: &App, claim: &Claim<'_>) -> Result<Vec<Claimed>, Internal> {
    repo::claim(app.db.machine_pool(), claim, app.clock.now()).await
}

/// Takes one job that lost its process twice, if there is one. [`claim`] leaves such jobs alone, so that a process
/// holds one of them at a time: a job that kills its process then costs no other job more than two attempts.
pub async fn claim_suspect(app: &App, claim: &Claim<'_>) -> Result<Option<Claimed>, Internal> {
    repo::claim_suspect(app.db.machine_pool(), claim, app.clock.now()).await
}

/// Records how attempts ended, in one statement. Returns how many leases were still held; the others change nothing.
pub async fn settle(app: &App, outcomes: &[(Lease, Outcome)]) -> Result<u64, Internal> {
    repo::settle(app.db.machine_pool(), outcomes, app.clock.now()).await
}

/// Renews leases by their jobs, not all of the owner's: a job whose claim was committed but never answered is unknown
/// to the process, and must come free. Returns the jobs and attempts that were still held.
pub async fn renew(app: &App, leases: &[Lease], lease: Duration) -> Result<Vec<(JobId, i16)>, Internal> {
    repo::renew(app.db.machine_pool(), leases, lease).await
}

/// Returns jobs that were taken but not started, as if they never had been taken.
pub async fn give_back(app: &App, leases: &[Lease]) -> Result<u64, Internal> {
    repo::give_back(app.db.machine_pool(), leases).await
}

/// Frees up to 1,000 jobs whose leases ran out, whoever held them.
pub async fn reclaim_expired(app: &App) -> Result<u64, Internal> {
    repo::reclaim_expired(app.db.machine_pool()).await
}

/// When an alliance's day begins, for the schedule.
#[derive(Debug, Clone, Copy)]
pub struct AllianceCalendar {
    /// The tenant.
    pub alliance_id: AllianceId,
    /// Where its people plan their days.
    pub timezone: Tz,
    /// Nothing is scheduled before.
    pub founded_at: Timestamp,
}

/// The calendar of every alliance but those that are closed and about to be deleted. A stored zone that is not known counts as Europe/London.
pub async fn alliance_calendars(app: &App) -> Result<Vec<AllianceCalendar>, Internal> {
    repo::alliance_calendars(app.db.machine_pool()).await
}

/// Notifications that work was queued.
pub struct Wakeups(PgListener);

impl Wakeups {
    /// Listens on a connection of its own for as long as it lives.
    pub async fn listen(app: &App) -> Result<Self, Internal> {
        let mut listener = PgListener::connect_with(app.db.machine_pool()).await?;
        listener.listen("jobs").await?;
        Ok(Self(listener))
    }

    /// Waits for one. An error or `None` means that the connection was lost, and notifications with it.
    pub async fn next(&mut self) -> Result<Option<()>, Internal> {
        Ok(self.0.try_recv().await?.map(drop))
    }
}

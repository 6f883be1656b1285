//! What this process holds a lease of: jobs in the buffer, jobs that run, outcomes not yet written.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::{
    ids::JobId,
    jobs::queue::{Claimed, Lease},
};

/// The leases of one process.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<HashMap<(JobId, i16), Entry>>);

#[derive(Debug)]
struct Entry {
    lease: Lease,
    /// By our own monotonic clock, taken before the statement that gave the lease: the lease holds at least until then.
    safe_until: Instant,
    progress: Progress,
    suspect: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Buffered,
    Running,
    /// Its outcome waits to be written.
    Ended,
}

impl Held {
    /// Notes jobs just claimed, with leases good until `safe_until`.
    pub(crate) fn add(&self, owner: &Arc<str>, jobs: &[Claimed], safe_until: Instant) {
        self.add_all(owner, jobs, safe_until, false);
    }

    /// Notes a job that lost its process twice.
    pub(crate) fn add_suspect(&self, owner: &Arc<str>, job: &Claimed, safe_until: Instant) {
        self.add_all(owner, std::slice::from_ref(job), safe_until, true);
    }

    fn add_all(&self, owner: &Arc<str>, jobs: &[Claimed], safe_until: Instant, suspect: bool) {
        let mut entries = self.lock();
        for job in jobs {
            let lease = lease(owner, job);
            let entry = Entry { lease, safe_until, progress: Progress::Buffered, suspect };
            entries.insert((job.id, job.attempt), entry);
        }
    }

    /// Whether a job that lost its process twice is among them.
    pub(crate) fn has_suspect(&self) -> bool {
        self.lock().values().any(|entry| entry.suspect)
    }

    /// The lease under which a buffered job may start now. `None` when it ran out while the job was buffered, or the
    /// job was given back: then it is no longer ours.
    pub(crate) fn start(&self, job: &Claimed) -> Option<Lease> {
        let mut entries = self.lock();
        let key = (job.id, job.attempt);
        let entry = entries.get_mut(&key)?;
        if entry.safe_until <= Instant::now() {
            entries.remove(&key);
            return None;
        }
        entry.progress = Progress::Running;
        Some(entry.lease.clone())
    }

    /// Everything held.
    pub(crate) fn leases(&self) -> Vec<Lease> {
        self.lock().values().map(|entry| entry.lease.clone()).collect()
    }

    /// Takes out whatever has not started.
    pub(crate) fn take_buffered(&self) -> Vec<Lease> {
        let is_buffered = |_: &(JobId, i16), entry: &mut Entry| entry.progress == Progress::Buffered;
        self.lock().extract_if(is_buffered).map(|(_, entry)| entry.lease).collect()
    }

    /// The attempt has an outcome; the lease is kept until it is written.
    pub(crate) fn end(&self, lease: &Lease) {
        if let Some(entry) = self.lock().get_mut(&(lease.job_id, lease.attempt)) {
            entry.progress = Progress::Ended;
        }
    }

    /// Of `asked`, those in `renewed` hold until `safe_until`; the others were lost.
    pub(crate) fn renewed(&self, asked: &[Lease], renewed: &[(JobId, i16)], safe_until: Instant) {
        let mut entries = self.lock();
        for key in renewed {
            if let Some(entry) = entries.get_mut(key) {
                entry.safe_until = safe_until;
            }
        }
        let renewed: HashSet<_> = renewed.iter().collect();
        for lease in asked {
            let key = (lease.job_id, lease.attempt);
            if !renewed.contains(&key) {
                entries.remove(&key);
            }
        }
    }

    /// The lease has ended: an outcome is written.
    pub(crate) fn remove<'a>(&self, leases: impl IntoIterator<Item = &'a Lease>) {
        let mut entries = self.lock();
        for lease in leases {
            entries.remove(&(lease.job_id, lease.attempt));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(JobId, i16), Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lease(owner: &Arc<str>, job: &Claimed) -> Lease {
    Lease { owner: owner.clone(), alliance_id: job.alliance_id, job_id: job.id, attempt: job.attempt }
}

/// How long a process's leases hold, and how often it looks after them and for work. Tests shorten it.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long a lease holds unless renewed.
    pub lease: Duration,
    /// How often leases are renewed; a third of `lease` leaves two more chances.
    pub renew_every: Duration,
    /// How often leases that ran out are looked for.
    pub reclaim_every: Duration,
    /// How long an idle claim loop waits when nothing wakes it: the delay, at most, of a job whose time has come.
    pub poll: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        use domain::jobs::queue::{LEASE, RECLAIM_EVERY, RENEW_EVERY};
        Self {
            lease: LEASE,
            renew_every: RENEW_EVERY,
            reclaim_every: RECLAIM_EVERY,
            poll: Duration::from_secs(1),
        }
    }
}

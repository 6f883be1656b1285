//! Takes due jobs from the queue into the buffer: enough that no worker waits, no more than run at once or soon.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    app::App,
    error::Internal,
    jobs::queue::{self, Claim, Claimed, Lane},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    backend::Buffer,
    held::{Held, Timing},
    metrics,
};

/// The largest batch of one claim.
const MAX_BATCH: u16 = 500;
/// The pause after a failed claim.
const PAUSE: Duration = Duration::from_millis(250);

/// What the loops of one process share.
#[derive(Clone)]
pub(crate) struct Claimer {
    pub(crate) app: App,
    pub(crate) owner: Arc<str>,
    pub(crate) timing: Timing,
    pub(crate) buffer: Buffer,
    pub(crate) held: Arc<Held>,
}

/// How many jobs to take at a time. A batch should be worked off in about the time that an urgent job of somebody else
/// may wait behind it: small batches of slow jobs, large ones of quick jobs.
#[derive(Debug, Clone, Copy)]
struct Pace {
    batch: u16,
}

impl Pace {
    /// Half of the batch was worked off in `took`.
    fn adapt(&mut self, took: Duration) {
        if took < Duration::from_millis(25) {
            self.batch = self.batch.saturating_mul(2).min(MAX_BATCH);
        } else if took > Duration::from_millis(100) {
            self.batch = (self.batch / 2).max(1);
        }
    }
}

impl Claimer {
    /// Claims until `shutdown`. `concurrency` is where the batch size begins.
    pub(crate) async fn claim_loop(
        self,
        concurrency: u16,
        mut wake: watch::Receiver<u64>,
        shutdown: CancellationToken,
    ) {
        let mut pace = Pace { batch: concurrency.clamp(1, MAX_BATCH) };
        let mut after = Lane::START;
        while !shutdown.is_cancelled() {
            // Armed before the look at the queue.
            wake.mark_unchanged();
            // Never cut off: the jobs of a claim that was committed unseen would be stuck until their leases ran out.
            match self.claim(after, pace.batch).await {
                Ok(jobs) if jobs.is_empty() && after == Lane::START => {
                    let woken = tokio::time::timeout(self.timing.poll, wake.changed());
                    shutdown.run_until_cancelled(woken).await;
                }
                Ok(jobs) => {
                    // Fewer than asked for: every lane with due work had its turn.
                    let full = jobs.len() >= usize::from(pace.batch);
                    after = if full { last_lane(&jobs) } else { Lane::START };
                    let claimed = Instant::now();
                    self.buffer.push(jobs);
                    shutdown.run_until_cancelled(self.buffer.drained_to(usize::from(pace.batch / 2))).await;
                    if full {
                        pace.adapt(claimed.elapsed());
                    }
                }
                Err(error) => {
                    tracing::warn!(error = error.detail(), "no jobs could be claimed");
                    shutdown.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
                }
            }
        }
    }

    async fn claim(&self, after: Lane, batch: u16) -> Result<Vec<Claimed>, Internal> {
        let safe_until = Instant::now() + self.timing.lease;
        let claim = Claim { owner: &self.owner, after, batch, lease: self.timing.lease };
        let jobs = queue::claim(&self.app, &claim).await?;
        self.held.add(&self.owner, &jobs, safe_until);
        Ok(jobs)
    }

    /// Frees jobs of dead processes, and takes at most one job at a time that lost its process twice, until `shutdown`.
    pub(crate) async fn reclaim_loop(self, shutdown: CancellationToken) {
        let mut tick = tokio::time::interval(self.timing.reclaim_every);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(tick.tick()).await.is_some() {
            if let Err(error) = self.reclaim().await {
                tracing::warn!(error = error.detail(), "leases that ran out could not be looked for");
            }
        }
    }

    async fn reclaim(&self) -> Result<(), Internal> {
        let reclaimed = queue::reclaim_expired(&self.app).await?;
        if reclaimed > 0 {
            tracing::warn!(reclaimed, "jobs of a process that stopped without a word wait again");
            metrics::reclaimed(reclaimed);
        }
        if !self.held.has_suspect() {
            let safe_until = Instant::now() + self.timing.lease;
            let claim = Claim { owner: &self.owner, after: Lane::START, batch: 1, lease: self.timing.lease };
            if let Some(job) = queue::claim_suspect(&self.app, &claim).await? {
                self.held.add_suspect(&self.owner, &job, safe_until);
                self.buffer.push(vec![job]);
            }
        }
        Ok(())
    }
}

fn last_lane(jobs: &[Claimed]) -> Lane {
    let lane = |job: &Claimed| Lane { alliance_id: job.alliance_id, priority: job.priority };
    jobs.iter().map(lane).max().unwrap_or(Lane::START)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_batch_follows_the_speed_of_the_work() {
        let mut pace = Pace { batch: 24 };
        (0..9).for_each(|_| pace.adapt(Duration::from_millis(5)));
        assert_eq!(pace.batch, MAX_BATCH);
        pace.adapt(Duration::from_millis(60));
        assert_eq!(pace.batch, MAX_BATCH);
        (0..20).for_each(|_| pace.adapt(Duration::from_secs(2)));
        assert_eq!(pace.batch, 1);
    }
}

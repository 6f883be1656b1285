//! A worker process from start to stop.

use std::{convert::Infallible, sync::Arc, time::Duration};

use apalis::prelude::{Monitor, MonitorError, Task, WorkerBuilder, WorkerBuilderExt};
use domain::{
    app::App,
    jobs::queue::{self, Claimed, Lease, Outcome},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    backend::Buffer,
    claim::Claimer,
    held::{Held, Timing},
    listen, metrics,
    registry::{Ended, Registry},
    schedule::{self, Entry},
    settle,
    upkeep::with_upkeep,
};

/// How a process works.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// The process, for people: it becomes part of the name under which it holds leases.
    pub name: String,
    /// How many jobs run at once.
    pub concurrency: u16,
    /// How many loops take jobs: a second one claims while the first one's batch is handed out.
    pub claim_loops: u16,
    /// How long running jobs may take to end when the process stops.
    pub grace: Duration,
    /// Leases.
    pub timing: Timing,
    /// What is queued by the clock.
    pub schedule: &'static [Entry],
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            name: "worker".into(),
            concurrency: 24,
            claim_loops: 2,
            grace: Duration::from_secs(25),
            timing: Timing::default(),
            schedule: schedule::SCHEDULE,
        }
    }
}

/// Why a process stopped before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The workers ended.
    #[error("the workers ended")]
    Workers(#[source] MonitorError),
    /// A loop beside the workers ended.
    #[error("a part of the worker ended: {0}")]
    Part(String),
}

/// The pause before a worker that failed starts again, which doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest of those pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long the last outcomes may take to be written.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Works through the queue until `shutdown`. Then nothing new is taken, what was not started is given back, what runs
/// may end within the grace, and what does not is stopped and waits again.
pub async fn run<D>(
    app: App,
    deps: D,
    registry: Registry<D>,
    options: WorkerOptions,
    shutdown: CancellationToken,
) -> Result<(), RunError>
where
    D: Clone + Send + Sync + 'static,
{
    let owner = owner(&app, &options.name);
    let buffer = Buffer::new();
    let held = Arc::new(Held::default());
    let (outcomes, outcomes_received) = mpsc::unbounded_channel();

    let claimer = Claimer {
        app: app.clone(),
        owner: owner.clone(),
        timing: options.timing,
        buffer: buffer.clone(),
        held: held.clone(),
    };
    let mut takers = start_takers(claimer, &options, &shutdown);

    // What goes on until everything is written.
    let closing = CancellationToken::new();
    let mut keepers = JoinSet::new();
    keepers.spawn(settle::settle_loop((app.clone(), held.clone()), outcomes_received, closing.clone()));
    keepers.spawn(settle::renew_loop((app.clone(), held.clone()), options.timing, closing.clone()));

    let bench =
        Bench { app: app.clone(), deps, registry: with_upkeep(registry), held: held.clone(), outcomes };
    let bench = Arc::new(bench);
    let asked = shutdown.clone();
    let bodies = bench.clone();
    let work = move |job| bodies.clone().work_on(job);
    let monitor = monitor(work, pause_before, &owner, buffer, options.concurrency);
    let mut working = Box::pin(monitor.run_with_signal(async move {
        asked.cancelled().await;
        Ok(())
    }));

    let failed = tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        ended = &mut working => Some(ended.map_or_else(RunError::Workers, |()| RunError::Part("it returned".into()))),
        Some(part) = keepers.join_next() => Some(part_ended(part)),
        Some(part) = takers.join_next() => Some(part_ended(part)),
    };
    shutdown.cancel();
    if failed.is_none() {
        let rest = async {
            while takers.join_next().await.is_some() {}
            // Only now is nothing added to the buffer.
            give_back(&app, &held).await;
            tokio::time::sleep(options.grace).await;
        };
        tokio::select! {
            _ = &mut working => {}
            () = rest => {}
        }
    }
    // Stops bodies that run on after the grace.
    drop(working);
    // When the workers ended first, jobs that were not started may be left.
    while takers.join_next().await.is_some() {}
    give_back(&app, &held).await;

    closing.cancel();
    if tokio::time::timeout(LAST_WRITES, async { while keepers.join_next().await.is_some() {} })
        .await
        .is_err()
    {
        tracing::error!("outcomes were not written; their jobs run again when the leases run out");
    }
    failed.map_or(Ok(()), Err)
}

/// Everything that stops at once when the process is asked to stop.
fn start_takers(claimer: Claimer, options: &WorkerOptions, shutdown: &CancellationToken) -> JoinSet<()> {
    let mut takers = JoinSet::new();
    let app = claimer.app.clone();
    let wake = watch::Sender::new(0);
    for _ in 0..options.claim_loops {
        takers.spawn(claimer.clone().claim_loop(options.concurrency, wake.subscribe(), shutdown.clone()));
    }
    takers.spawn(claimer.reclaim_loop(shutdown.clone()));
    takers.spawn(listen::listen(app.clone(), wake, shutdown.clone()));
    takers.spawn(schedule::schedule_loop(app.clone(), options.schedule, shutdown.clone()));
    takers.spawn(metrics::report_queue(app, shutdown.clone()));
    takers
}

/// What a job meets on its way from the buffer to its outcome.
struct Bench<D> {
    app: App,
    deps: D,
    registry: Registry<D>,
    held: Arc<Held>,
    outcomes: mpsc::UnboundedSender<(Lease, Outcome)>,
}

impl<D: Clone + Send + 'static> Bench<D> {
    async fn work_on(self: Arc<Self>, job: Claimed) {
        // A lease that ran out in the buffer: the job is no longer ours.
        let Some(lease) = self.held.start(&job) else { return };
        let mut attempt = Attempt { bench: &self, lease: Some(lease.clone()) };
        let ended = self.registry.attempt(&self.app, &self.deps, job, lease).await;
        attempt.end(ended);
    }
}

/// A job that runs. When it is dropped before its end, because the process stops or its worker failed, it waits again.
struct Attempt<'a, D> {
    bench: &'a Bench<D>,
    /// Until the end.
    lease: Option<Lease>,
}

impl<D> Attempt<'_, D> {
    fn end(&mut self, ended: Ended) {
        let Some(lease) = self.lease.take() else { return };
        match ended {
            Ended::Committed => self.bench.held.remove([&lease]),
            Ended::With(outcome) => {
                self.bench.held.end(&lease);
                // Nobody receives only when the process has given up on writing.
                let _ = self.bench.outcomes.send((lease, outcome));
            }
        }
    }
}

impl<D> Drop for Attempt<'_, D> {
    fn drop(&mut self) {
        self.end(Ended::With(Outcome::Retry("the process was stopped before it ended".into())));
    }
}

/// The apalis side: one worker that takes from the buffer. It sees every job succeed, as what became of it is ours.
/// After a failure of its own it starts again, when `pause`, which is told how often it has, is over.
fn monitor<W, F>(
    work: W,
    pause: impl Fn(usize) -> Option<Duration> + Send + Sync + 'static,
    owner: &str,
    buffer: Buffer,
    concurrency: u16,
) -> Monitor
where
    W: Fn(Claimed) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let name = owner.to_owned();
    Monitor::new()
        .register(move |restarts| {
            let work = work.clone();
            let work = move |task: Task<Claimed>| {
                let work = work.clone();
                async move {
                    work(task.args).await;
                    Ok::<_, Infallible>(())
                }
            };
            WorkerBuilder::new(format!("{name}-{restarts}"))
                .backend(buffer.source(pause(restarts)))
                .concurrency(concurrency.into())
                .build(tower::service_fn(work))
        })
        .should_restart(|_, error| {
            tracing::error!(%error, "the worker loop ended and starts again");
            metrics::worker_restarted();
            true
        })
}

/// The pause before the worker starts for the nth time again: what fails at once, and each time, must not keep a
/// processor busy with failing.
fn pause_before(restarts: usize) -> Option<Duration> {
    let doubled = u32::try_from(restarts.checked_sub(1)?).unwrap_or(u32::MAX);
    Some(FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doubled)).min(LONGEST_PAUSE))
}

fn part_ended(part: Result<(), tokio::task::JoinError>) -> RunError {
    RunError::Part(part.map_or_else(|error| error.to_string(), |()| "it returned".into()))
}

/// Jobs that were taken and not started wait again at once.
async fn give_back(app: &App, held: &Held) {
    let buffered = held.take_buffered();
    if buffered.is_empty() {
        return;
    }
    match queue::give_back(app, &buffered).await {
        Ok(returned) => tracing::info!(returned, "jobs that were not started wait again"),
        Err(error) => {
            tracing::warn!(
                error = error.detail(),
                "jobs were not given back; they wait until their leases run out"
            );
        }
    }
}

/// A name that no other process has, nor this one after a restart.
fn owner(app: &App, name: &str) -> Arc<str> {
    let random = u64::from_be_bytes(app.rng.bytes());
    format!("{name}:{}:{random:016x}", std::process::id()).into()
}

#[cfg(test)]
mod tests {
    use domain::{ids::JobId, jobs::DEPLOYMENT};
    use futures::FutureExt;

    use super::*;
    use crate::bodies;

    fn job(number: u128) -> Claimed {
        Claimed {
            alliance_id: DEPLOYMENT,
            priority: 1,
            id: JobId(uuid::Uuid::from_u128(number)),
            kind: "any".into(),
            payload: "{}".into(),
            attempt: 1,
            max_attempts: 1,
        }
    }

    /// A worker that fails at job 1.
    struct Failing {
        shutdown: CancellationToken,
        running: tokio::task::JoinHandle<Result<(), MonitorError>>,
        /// Each start, by how many were before.
        starts: mpsc::UnboundedReceiver<usize>,
        /// Each job that was worked on, by number.
        works: mpsc::UnboundedReceiver<u128>,
    }

    impl Failing {
        fn start(jobs: &[u128], pause: Duration) -> Self {
            let (started, starts) = mpsc::unbounded_channel();
            let (worked, works) = mpsc::unbounded_channel();
            let work = move |job: Claimed| {
                assert_ne!(job.id.0.as_u128(), 1, "on purpose");
                let worked = worked.clone();
                async move { worked.send(job.id.0.as_u128()).unwrap() }
            };
            let pause = move |restarts| {
                started.send(restarts).unwrap();
                (restarts > 0).then_some(pause)
            };
            let buffer = Buffer::new();
            buffer.push(jobs.iter().copied().map(job).collect());
            let shutdown = CancellationToken::new();
            let asked = shutdown.clone().cancelled_owned();
            let monitor = monitor(work, pause, "test", buffer, 4);
            let running = tokio::spawn(monitor.run_with_signal(asked.map(Ok)));
            Self { shutdown, running, starts, works }
        }

        async fn stop(&mut self) {
            self.shutdown.cancel();
            (&mut self.running).await.unwrap().unwrap();
        }

        async fn all_starts(&mut self) -> Vec<usize> {
            let mut starts = Vec::new();
            while let Some(start) = self.starts.recv().await {
                starts.push(start);
            }
            starts
        }
    }

    #[tokio::test]
    async fn a_worker_that_failed_goes_on_with_the_next_job() {
        let mut worker = Failing::start(&[1, 1, 2], Duration::from_millis(20));
        assert_eq!(worker.works.recv().await, Some(2));
        worker.stop().await;
        assert_eq!(worker.all_starts().await, [0, 1, 2], "it starts once for each failure");
    }

    #[tokio::test]
    async fn the_pause_of_a_worker_that_failed_ends_with_the_process() {
        let mut worker = Failing::start(&[1, 2], Duration::from_hours(24));
        assert_eq!([worker.starts.recv().await, worker.starts.recv().await], [Some(0), Some(1)]);
        worker.stop().await;
        assert_eq!(worker.works.recv().await, None, "nothing was taken in the pause");
    }

    #[test]
    fn the_pauses_grow_to_ten_seconds() {
        let pauses: Vec<_> = (0..=8).map(pause_before).collect();
        let milliseconds = [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000];
        assert_eq!(pauses[0], None);
        assert_eq!(pauses[1..], milliseconds.map(|pause| Some(Duration::from_millis(pause))));
        assert_eq!(pause_before(usize::MAX), Some(LONGEST_PAUSE));
    }

    /// Rows outlive the program that wrote them: a kind that is gone from here strands those that wait. Whoever renames
    /// one keeps the old body until its rows are worked off.
    #[test]
    fn the_stored_kinds_are_these() {
        assert_eq!(
            with_upkeep(bodies::registry()).kinds(),
            [
                "advance_deletions",
                "build_export",
                "deactivate_alliance",
                "expire_exports",
                "follow_address",
                "plan_reminders",
                "prune_access",
                "prune_development_mails",
                "prune_idempotency_keys",
                "prune_jobs",
                "purge_alliance",
                "render_credit_note",
                "render_invoice",
                "send_address_code",
                "send_address_notice",
                "send_deletion_notice",
                "send_departure_notice",
                "send_export_notice",
                "send_invitation",
                "send_mail",
                "send_second_step_notice",
                "send_sign_in_code",
            ]
        );
    }
}

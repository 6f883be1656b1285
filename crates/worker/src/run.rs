//! A worker process from start to stop.

use std::{convert::Infallible, sync::Arc, time::Duration};

use apalis::prelude::{Monitor, MonitorError, Task, WorkerBuilder, WorkerBuilderExt};
use domain::{
    app::App,
    jobs::{
        PruneJobs, prune_jobs,
        queue::{self, Claimed, Lease, Outcome},
    },
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
    let (settling, renewing) =
        ((app.clone(), owner.clone(), held.clone()), (app.clone(), owner.clone(), held.clone()));
    keepers.spawn(settle::settle_loop(settling, outcomes_received, closing.clone()));
    keepers.spawn(settle::renew_loop(renewing, options.timing, closing.clone()));

    let bench =
        Bench { app: app.clone(), deps, registry: with_upkeep(registry), held: held.clone(), outcomes };
    let bench = Arc::new(bench);
    let asked = shutdown.clone();
    let mut working =
        Box::pin(monitor(bench.clone(), &owner, buffer, options.concurrency).run_with_signal(async move {
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
            give_back(&app, &owner, &held).await;
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
    give_back(&app, &owner, &held).await;

    for lease in held.take_running() {
        let _ =
            bench.outcomes.send((lease, Outcome::Retry("the process was stopped before it ended".into())));
    }
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
    async fn work_on(&self, job: Claimed) {
        // A lease that ran out in the buffer: the job is no longer ours.
        let Some(lease) = self.held.start(&job) else { return };
        match self.registry.attempt(&self.app, &self.deps, job, lease.clone()).await {
            Ended::Committed => self.held.remove([&lease]),
            Ended::With(outcome) => {
                self.held.end(&lease);
                // Nobody receives only when the process has given up on writing.
                let _ = self.outcomes.send((lease, outcome));
            }
        }
    }
}

/// The apalis side: one worker that takes from the buffer. It sees every job succeed, as what became of it is ours.
fn monitor<D>(bench: Arc<Bench<D>>, owner: &str, buffer: Buffer, concurrency: u16) -> Monitor
where
    D: Clone + Send + Sync + 'static,
{
    let name = owner.to_owned();
    Monitor::new()
        .register(move |restarts| {
            let bench = bench.clone();
            let work = move |task: Task<Claimed>| {
                let bench = bench.clone();
                async move {
                    bench.work_on(task.args).await;
                    Ok::<_, Infallible>(())
                }
            };
            WorkerBuilder::new(format!("{name}-{restarts}"))
                .backend(buffer.clone())
                .concurrency(concurrency.into())
                .build(tower::service_fn(work))
        })
        .should_restart(|_, error| {
            tracing::error!(%error, "the worker loop ended and starts again");
            metrics::worker_restarted();
            true
        })
}

/// The queue's own work comes with every worker.
fn with_upkeep<D: Send + 'static>(registry: Registry<D>) -> Registry<D> {
    registry.on(|context, PruneJobs {}| async move {
        let deleted = prune_jobs(&context.app).await?;
        tracing::info!(deleted, "finished jobs are gone");
        Ok(())
    })
}

fn part_ended(part: Result<(), tokio::task::JoinError>) -> RunError {
    RunError::Part(part.map_or_else(|error| error.to_string(), |()| "it returned".into()))
}

/// Jobs that were taken and not started wait again at once.
async fn give_back(app: &App, owner: &str, held: &Held) {
    let buffered = held.take_buffered();
    if buffered.is_empty() {
        return;
    }
    match queue::give_back(app, owner, &buffered).await {
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
    use super::*;
    use crate::bodies;

    /// Rows outlive the program that wrote them: a kind that is gone from here strands those that wait. Whoever renames
    /// one keeps the old body until its rows are worked off.
    #[test]
    fn the_stored_kinds_are_these() {
        assert_eq!(
            with_upkeep(bodies::registry()).kinds(),
            [
                "plan_reminders",
                "prune_jobs",
                "render_credit_note",
                "render_invoice",
                "send_mail",
                "send_sign_in_code",
            ]
        );
    }
}

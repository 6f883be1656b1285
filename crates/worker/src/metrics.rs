//! What is measured: labels are kinds and outcomes, which the code names, never jobs or processes.

use std::{collections::HashSet, time::Duration};

use domain::{
    app::App,
    jobs::{queue::Outcome, queue_health},
};
use metrics::{counter, gauge, histogram};
use tokio_util::sync::CancellationToken;

/// How often the queue is looked at.
const EVERY: Duration = Duration::from_secs(15);

pub(crate) fn attempt(kind: &'static str, outcome: &Outcome, took: Duration) {
    counter!("jobs_attempts_total", "kind" => kind, "outcome" => outcome.word()).increment(1);
    histogram!("jobs_attempt_seconds", "kind" => kind).record(took);
}

/// Leases that ran out and were taken from whoever held them.
pub(crate) fn reclaimed(jobs: u64) {
    counter!("jobs_reclaimed_total").increment(jobs);
}

/// Outcomes that came too late to count, as another process had the job.
pub(crate) fn outcomes_lost(outcomes: u64) {
    counter!("jobs_outcomes_lost_total").increment(outcomes);
}

/// An attempt to hand a mail to the mail server: `sent`, `refused` for good, to be tried `again`, or `unknown` because
/// the attempt died.
pub(crate) fn mail(outcome: &'static str) {
    counter!("mails_total", "outcome" => outcome).increment(1);
}

pub(crate) fn worker_restarted() {
    counter!("jobs_worker_restarts_total").increment(1);
}

/// Reports depth and age of every kind until `shutdown`.
pub(crate) async fn report_queue(app: App, shutdown: CancellationToken) {
    let mut seen: HashSet<String> = HashSet::new();
    let mut tick = tokio::time::interval(EVERY);
    while shutdown.run_until_cancelled(tick.tick()).await.is_some() {
        let kinds = match queue_health(&app).await {
            Ok(kinds) => kinds,
            Err(error) => {
                tracing::warn!(error = error.detail(), "the queue's state is not known");
                continue;
            }
        };
        // A kind without work has no row, and must not keep its last value.
        for kind in seen.iter().filter(|seen| !kinds.iter().any(|kind| kind.kind == **seen)) {
            for name in ["jobs_waiting", "jobs_running", "jobs_parked", "jobs_oldest_due_seconds"] {
                gauge!(name, "kind" => kind.clone()).set(0.0);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and counts stay far below 2^52")]
        for kind in kinds {
            gauge!("jobs_waiting", "kind" => kind.kind.clone()).set(kind.waiting as f64);
            gauge!("jobs_running", "kind" => kind.kind.clone()).set(kind.running as f64);
            gauge!("jobs_parked", "kind" => kind.kind.clone()).set(kind.parked as f64);
            gauge!("jobs_oldest_due_seconds", "kind" => kind.kind.clone()).set(kind.oldest_due_seconds);
            seen.insert(kind.kind);
        }
    }
}

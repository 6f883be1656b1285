//! Which body runs which kind of job, and what becomes of an attempt.

use std::{
    any::Any,
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{
    app::App,
    db::Tx,
    error::{Forbidden, Internal, ReadError},
    ids::JobId,
    jobs::{
        CommitDoneError, Job,
        queue::{Claimed, Lease, Outcome},
    },
    viewer::Viewer,
};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::metrics;

/// Why an attempt failed. The reason is kept with the job, where the alliance's people read it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// It may succeed later. The last attempt parks the job.
    #[error("{0}")]
    Retry(String),
    /// It can never succeed: the job is parked at once.
    #[error("{0}")]
    Discard(String),
}

impl From<Internal> for JobError {
    /// A fault on our side may pass. Its detail is for the log alone.
    fn from(error: Internal) -> Self {
        tracing::error!(error = error.detail(), "a job met a fault");
        Self::Retry(error.to_string())
    }
}

impl From<Forbidden> for JobError {
    fn from(error: Forbidden) -> Self {
        Self::Discard(error.to_string())
    }
}

impl From<ReadError> for JobError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Forbidden(error) => error.into(),
            ReadError::Internal(error) => error.into(),
        }
    }
}

/// What a body knows besides its payload. `D` is what bodies share: a mailer, a store.
pub struct JobContext<D> {
    /// The process-wide context.
    pub app: App,
    /// What bodies share.
    pub deps: D,
    /// Acts for the job's alliance. For the deployment's own jobs it sees no alliance at all.
    pub viewer: Viewer,
    /// Which job.
    pub job_id: JobId,
    /// 1 for the first.
    pub attempt: i16,
    /// The last attempt before the job is parked.
    pub max_attempts: i16,
    lease: Lease,
    committed: Arc<AtomicBool>,
}

impl<D> JobContext<D> {
    /// Whether a failure parks the job.
    #[must_use]
    pub fn is_last_attempt(&self) -> bool {
        self.attempt >= self.max_attempts
    }

    /// Commits `tx` and the end of this job together: the effect happens exactly once. When another process has the job
    /// by now, nothing is committed.
    pub async fn commit_done(&self, tx: Tx) -> Result<(), JobError> {
        tx.commit_done(&self.app, &self.lease).await.map_err(|error| match error {
            CommitDoneError::Internal(error) => error.into(),
            CommitDoneError::LeaseLost => JobError::Retry(error.to_string()),
        })?;
        self.committed.store(true, Ordering::Release);
        Ok(())
    }
}

type Running = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;

struct Body<D> {
    timeout: Duration,
    run: Arc<dyn Fn(JobContext<D>, String) -> Running + Send + Sync>,
}

/// The bodies, by kind.
pub struct Registry<D> {
    bodies: HashMap<&'static str, Body<D>>,
}

impl<D> Default for Registry<D> {
    fn default() -> Self {
        Self { bodies: HashMap::new() }
    }
}

impl<D> Registry<D> {
    /// The stored names of the kinds that have a body, in order.
    #[cfg(test)]
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self.bodies.keys().copied().collect();
        kinds.sort_unstable();
        kinds
    }
}

impl<D: Send + 'static> Registry<D> {
    /// Without bodies.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs jobs of type `J` with `body`: `registry.on(bodies::send_mail)`.
    ///
    /// # Panics
    ///
    /// When the kind has a body already: two types share a name.
    #[must_use]
    pub fn on<J, F>(mut self, body: impl Fn(JobContext<D>, J) -> F + Send + Sync + 'static) -> Self
    where
        J: Job,
        F: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        let run = move |context: JobContext<D>, payload: String| match serde_json::from_str(&payload) {
            Ok(job) => Box::pin(body(context, job)) as Running,
            Err(error) => {
                let error = JobError::Discard(format!("the payload cannot be read: {error}"));
                Box::pin(std::future::ready(Err(error))) as Running
            }
        };
        let before = self.bodies.insert(J::KIND, Body { timeout: J::TIMEOUT, run: Arc::new(run) });
        assert!(before.is_none(), "the kind {} has two bodies", J::KIND);
        self
    }
}

/// How an attempt ended, and whether that is already in the database.
pub(crate) enum Ended {
    /// To be written.
    With(Outcome),
    /// The body committed it with its effect.
    Committed,
}

impl<D: Clone + Send + 'static> Registry<D> {
    /// Runs one attempt to its end, whatever happens in it: a failure, a panic, a time-out.
    pub(crate) async fn attempt(&self, app: &App, deps: &D, job: Claimed, lease: Lease) -> Ended {
        let Some((&kind, body)) = self.bodies.get_key_value(&*job.kind) else {
            // While a new version is rolled out, its jobs meet old processes.
            return Ended::With(Outcome::Retry(format!("this version knows no work of kind {}", job.kind)));
        };
        let committed = Arc::new(AtomicBool::new(false));
        let context = JobContext {
            app: app.clone(),
            deps: deps.clone(),
            viewer: Viewer::machinery(job.alliance_id),
            job_id: job.id,
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            lease,
            committed: committed.clone(),
        };
        let span = tracing::info_span!(
            "job", kind, id = %job.id, alliance = %job.alliance_id, attempt = job.attempt
        );
        let started = std::time::Instant::now();
        // A task of its own, which also reads the payload: a panic stays inside, a slow computation holds up no other
        // job's progress, and dropping the handle stops it.
        let run = body.run.clone();
        let running = async move { run(context, job.payload).await }.instrument(span.clone());
        let running = AbortOnDropHandle::new(tokio::spawn(running));
        let outcome = match tokio::time::timeout(body.timeout, running).await {
            Ok(Ok(Ok(()))) => Outcome::Done,
            Ok(Ok(Err(JobError::Retry(reason)))) => Outcome::Retry(reason),
            Ok(Ok(Err(JobError::Discard(reason)))) => Outcome::Discard(reason),
            Ok(Err(error)) => {
                tracing::error!(parent: &span, panic = panic_text(error), "a job panicked");
                Outcome::Retry("it stopped on a fault on our side (panic)".into())
            }
            Err(_) => Outcome::Retry(format!("it took longer than {} seconds", body.timeout.as_secs_f32())),
        };
        if committed.load(Ordering::Acquire) {
            metrics::attempt(kind, &Outcome::Done, started.elapsed());
            return Ended::Committed;
        }
        if let Outcome::Retry(reason) | Outcome::Discard(reason) = &outcome {
            tracing::warn!(parent: &span, outcome = outcome.word(), reason, "an attempt failed");
        }
        metrics::attempt(kind, &outcome, started.elapsed());
        Ended::With(outcome)
    }
}

fn panic_text(error: tokio::task::JoinError) -> String {
    let text = |panic: Box<dyn Any + Send>| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast_ref::<&str>().map_or_else(|| "no message".into(), |text| (*text).into()),
    };
    error.try_into_panic().map_or_else(|error| error.to_string(), text)
}

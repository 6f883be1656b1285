//! Where apalis takes jobs from: the buffer that the claim loops fill.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    task::Task,
    worker::context::WorkerContext,
};
use domain::jobs::queue::Claimed;
use tokio::sync::{Notify, mpsc};
use tower::layer::util::Identity;

/// Claimed jobs that no worker has taken yet. Cloning shares it, so a worker that apalis restarts goes on with it.
#[derive(Clone)]
pub(crate) struct Buffer(Arc<Shared>);

struct Shared {
    sender: mpsc::UnboundedSender<Claimed>,
    receiver: Mutex<mpsc::UnboundedReceiver<Claimed>>,
    depth: AtomicUsize,
    taken: Notify,
}

impl Buffer {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let receiver = Mutex::new(receiver);
        Self(Arc::new(Shared { sender, receiver, depth: AtomicUsize::new(0), taken: Notify::new() }))
    }

    /// Adds claimed jobs in their order.
    pub(crate) fn push(&self, jobs: Vec<Claimed>) {
        self.0.depth.fetch_add(jobs.len(), Ordering::Relaxed);
        for job in jobs {
            // The receiver lives as long as the sender: both are in `Shared`.
            let _ = self.0.sender.send(job);
        }
    }

    /// Waits until at most `depth` jobs are left.
    pub(crate) async fn drained_to(&self, depth: usize) {
        loop {
            let mut taken = std::pin::pin!(self.0.taken.notified());
            taken.as_mut().enable();
            if self.0.depth.load(Ordering::Relaxed) <= depth {
                return;
            }
            taken.await;
        }
    }
}

impl Backend for Buffer {
    type Task = Task<Claimed>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Task<Claimed>, Infallible>>> {
        let mut receiver = self.0.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        receiver.poll_recv(cx).map(|job| {
            self.0.depth.fetch_sub(1, Ordering::Relaxed);
            self.0.taken.notify_waiters();
            job.map(|job| Ok(Task::new(job)))
        })
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for Buffer {
    type Args = Claimed;
    type Id = ();
    // The buffer may be lost: what is durable is the row, under a lease that runs out.
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}

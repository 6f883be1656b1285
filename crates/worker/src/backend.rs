//! Where apalis takes jobs from: the buffer that the claim loops fill.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    task::Task,
    worker::context::WorkerContext,
};
use domain::jobs::queue::Claimed;
use tokio::{
    sync::{Notify, mpsc},
    time::Sleep,
};
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

    /// What a worker takes from, after `pause`.
    pub(crate) fn source(&self, pause: Option<Duration>) -> Source {
        Source { buffer: self.clone(), pause: pause.map(|pause| Box::pin(tokio::time::sleep(pause))) }
    }
}

/// The buffer as one worker sees it.
pub(crate) struct Source {
    buffer: Buffer,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Backend for Source {
    type Task = Task<Claimed>;
    type Error = Infallible;

    /// apalis looks for a shutdown before it asks, and wakes its workers for one: that ends the pause.
    fn poll_ready(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Task<Claimed>, Infallible>>> {
        let shared = &self.buffer.0;
        let mut receiver = shared.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        receiver.poll_recv(cx).map(|job| {
            shared.depth.fetch_sub(1, Ordering::Relaxed);
            shared.taken.notify_waiters();
            job.map(|job| Ok(Task::new(job)))
        })
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for Source {
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

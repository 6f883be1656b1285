//! Reads that are asked for one at a time and done together: the payer of each of two hundred invoices is one statement.
//!
//! A request is polled for as long as it goes on without an answer; by then all siblings have asked, and each kind of
//! read is done once, for all of their keys. Nothing is left to a clock: async-graphql's own loader waits some
//! microseconds for siblings, and with 60 members instead of 6 the page of members was measured to cost 15 statements
//! instead of 8, because some of them came late.

use std::{
    any::{Any, TypeId},
    collections::{HashMap, HashSet},
    future::{Future, poll_fn},
    hash::Hash,
    mem,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use async_graphql::{Error, Result};
use domain::error::ReadError;
use futures::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
    task::AtomicWaker,
};
use tokio::sync::oneshot;

use super::{context::Inside, errors};

/// A read of many keys at once.
pub(crate) trait Batch: Send + Sync + 'static {
    type Key: Hash + Eq + Clone + Send + Sync + 'static;
    type Value: Clone + Send + Sync + 'static;

    /// Reads all the keys; those without a value are left out.
    fn read(
        inside: &Inside,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>, ReadError>> + Send;
}

/// Gives what was read to those who asked.
type Answers = Box<dyn FnOnce() + Send>;

/// The reads that one request has asked for and that have not begun.
#[derive(Default)]
pub(crate) struct Batches(Mutex<Vec<BoxFuture<'static, Answers>>>);

impl Batches {
    /// Drives `request` to its end, and what it asks for in rounds: the reads of one round end before any is answered,
    /// so that those who go on with the answers ask together again. They take turns on the snapshot's one connection
    /// in any case, so nobody waits for longer.
    pub(crate) async fn drive<T>(&self, request: impl Future<Output = T>) -> T {
        let mut request = pin!(request);
        let watch = Arc::new(Watch::default());
        let waker = Waker::from(Arc::clone(&watch));
        let mut round = FuturesUnordered::new();
        let mut answers = Vec::new();
        poll_fn(|context| {
            watch.task.register(context.waker());
            loop {
                watch.was_woken.store(false, Ordering::Release);
                if let Poll::Ready(done) = request.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Poll::Ready(done);
                }
                if round.is_empty() {
                    // It only stood aside, as a long list does from time to time, and goes on at once.
                    if watch.was_woken.load(Ordering::Acquire) {
                        return Poll::Pending;
                    }
                    round.extend(mem::take(&mut *lock(&self.0)));
                }
                while let Poll::Ready(Some(read)) = round.poll_next_unpin(context) {
                    answers.push(read);
                }
                if answers.is_empty() || !round.is_empty() {
                    return Poll::Pending;
                }
                answers.drain(..).for_each(|answer: Answers| answer());
            }
        })
        .await
    }
}

/// Wakes the request's task, and knows whether it did.
#[derive(Default)]
struct Watch {
    was_woken: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        self.was_woken.store(true, Ordering::Release);
        self.task.wake();
    }
}

/// Those who wait for one kind of read, with their keys.
type Asked<L> = Vec<(<L as Batch>::Key, oneshot::Sender<Result<Option<<L as Batch>::Value>>>)>;

/// What is asked for inside one alliance, by its kind.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<HashMap<TypeId, Box<dyn Any + Send>>>);

impl Waiting {
    /// Asks for one key. The first of its kind queues the read; the others find it queued.
    pub(crate) async fn load<L: Batch>(
        inside: &Arc<Inside>,
        batches: &Batches,
        key: L::Key,
    ) -> Result<Option<L::Value>> {
        let (sender, answer) = oneshot::channel();
        let is_first = {
            let mut all = lock(&inside.waiting.0);
            let asked = all.entry(TypeId::of::<L>()).or_insert_with(|| Box::new(Asked::<L>::new()));
            // The map is keyed by the kind, so what is found is of it.
            let asked = asked.downcast_mut::<Asked<L>>().ok_or_else(|| Error::new("another kind"))?;
            asked.push((key, sender));
            asked.len() == 1
        };
        if is_first {
            lock(&batches.0).push(Box::pin(read::<L>(Arc::clone(inside))));
        }
        // The read lives as long as the request that waits here.
        answer.await.map_err(|_| Error::new("the read was given up"))?
    }

    fn take<L: Batch>(&self) -> Asked<L> {
        let asked = lock(&self.0).remove(&TypeId::of::<L>());
        asked.and_then(|asked| asked.downcast::<Asked<L>>().ok()).map(|asked| *asked).unwrap_or_default()
    }
}

/// Reads everything that is asked for by now.
async fn read<L: Batch>(inside: Arc<Inside>) -> Answers {
    let asked = inside.waiting.take::<L>();
    let keys: HashSet<_> = asked.iter().map(|(key, _)| key.clone()).collect();
    let keys: Vec<_> = keys.into_iter().collect();
    let read = L::read(&inside, &keys).await.map_err(errors::read);
    Box::new(move || {
        for (key, sender) in asked {
            let answer = read.as_ref().map(|values| values.get(&key).cloned()).map_err(Clone::clone);
            // Whoever no longer waits was cut off by another field's error.
            let _ = sender.send(answer);
        }
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

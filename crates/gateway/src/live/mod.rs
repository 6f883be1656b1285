//! Live updates: one connection to Postgres hears what is committed anywhere, and every subscription of this process
//! gets from it what its viewer may see. Over a WebSocket (`socket`) or as server-sent events (`events`).

pub(crate) mod events;
mod listen;
pub(crate) mod operation;
pub(crate) mod socket;
mod watch;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{changes::Changed, ids::AccountId};
use tokio::sync::broadcast;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use listen::listen;
pub(crate) use watch::{Ended, Following, Told};

/// Changes kept for a subscription that is slower than they come; one that falls behind is told to look at everything.
const BACKLOG: usize = 1_024;
/// Subscriptions of one person in this process.
const MOST_PER_PERSON: usize = 20;
/// Subscriptions of one connection.
const MOST_PER_CONNECTION: usize = 5;
/// How often we say that we are still there, so that no proxy takes silence for the end.
const KEEP_ALIVE: Duration = Duration::from_secs(12);

/// What the connection to Postgres heard.
#[derive(Debug, Clone, Copy)]
enum Heard {
    Changed(Changed),
    /// It was lost for a while, and with it perhaps changes.
    Missed,
}

/// What live updates share in one process.
pub(crate) struct Live {
    heard: broadcast::Sender<Heard>,
    /// Whether the connection stands: nobody is told that they follow before.
    stands: tokio::sync::watch::Sender<bool>,
    watching: Mutex<HashMap<AccountId, usize>>,
    /// Cancelled when the process stops: connections are closed, and their clients come back to another.
    stop: CancellationToken,
    connections: TaskTracker,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self {
            heard: broadcast::Sender::new(BACKLOG),
            stands: tokio::sync::watch::Sender::new(false),
            watching: Mutex::default(),
            stop: CancellationToken::new(),
            connections: TaskTracker::new(),
        }
    }

    /// Takes one of the person's places. `None` when all are taken.
    fn seat(self: &Arc<Self>, account_id: AccountId) -> Option<Seat> {
        let mut watching = self.watching();
        let taken = watching.entry(account_id).or_default();
        if *taken >= MOST_PER_PERSON {
            return None;
        }
        *taken += 1;
        Some(Seat { live: Arc::clone(self), account_id })
    }

    fn watching(&self) -> MutexGuard<'_, HashMap<AccountId, usize>> {
        self.watching.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes every connection, and returns when each has said so or `patience` is over.
    pub(crate) async fn close(&self, patience: Duration) {
        self.stop.cancel();
        self.connections.close();
        // Whoever does not take the last message in time is cut off with the process.
        let _ = tokio::time::timeout(patience, self.connections.wait()).await;
    }
}

/// One of a person's subscriptions, for as long as it lives.
struct Seat {
    live: Arc<Live>,
    account_id: AccountId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut watching = self.live.watching();
        if let Some(taken) = watching.get_mut(&self.account_id) {
            *taken -= 1;
            if *taken == 0 {
                watching.remove(&self.account_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_so_many_places_and_gets_them_back() {
        let live = Arc::new(Live::new());
        let account = |n| AccountId(uuid::Uuid::from_u128(n));
        let mut seats: Vec<_> = (0..MOST_PER_PERSON).map(|_| live.seat(account(1)).unwrap()).collect();
        assert!(live.seat(account(1)).is_none());
        assert!(live.seat(account(2)).is_some());
        seats.pop();
        seats.push(live.seat(account(1)).unwrap());
        drop(seats);
        assert!(live.watching().is_empty());
    }
}

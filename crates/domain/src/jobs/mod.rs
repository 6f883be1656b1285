//! Work that happens later. (placeholder while the queue is written)
use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    app::App,
    db::{MachineTx, Tx},
    error::Internal,
};

/// A unit of background work.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Stored.
    const KIND: &'static str;
    /// Attempts.
    const MAX_ATTEMPTS: i16 = 8;
    /// Time-out.
    const TIMEOUT: Duration = Duration::from_secs(60);
    /// Dedupe key.
    fn dedupe_key(&self) -> Option<String> {
        None
    }
}

impl Tx {
    /// Queues.
    pub async fn enqueue<J: Job>(&mut self, _app: &App, _job: &J) -> Result<(), Internal> {
        Ok(())
    }
    /// Queues.
    pub async fn enqueue_all<J: Job>(&mut self, _app: &App, _jobs: &[J]) -> Result<(), Internal> {
        Ok(())
    }
}

impl MachineTx {
    /// Queues.
    pub async fn enqueue<J: Job>(&mut self, _app: &App, _job: &J) -> Result<(), Internal> {
        Ok(())
    }
}

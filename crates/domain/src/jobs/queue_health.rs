//! How the queue does, for the operator of the deployment.

use super::repo;
use crate::{app::App, error::Internal};

/// The unfinished work of one kind, in all alliances.
#[derive(Debug, Clone, PartialEq)]
pub struct KindHealth {
    /// [`super::Job::KIND`].
    pub kind: String,
    /// How many wait, due or not.
    pub waiting: i64,
    /// How many run.
    pub running: i64,
    /// How many wait for a person.
    pub parked: i64,
    /// For how many seconds the oldest due job has waited; 0 without one.
    pub oldest_due_seconds: f64,
}

/// Looks at every unfinished job, so its cost grows with the backlog: for a scrape now and then.
pub async fn queue_health(app: &App) -> Result<Vec<KindHealth>, Internal> {
    repo::health(app.db.machine_pool(), app.clock.now()).await
}

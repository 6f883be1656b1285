//! Deletions go on by themselves.

use serde::{Deserialize, Serialize};

use super::{DeactivateAlliance, PurgeAlliance, repo};
use crate::{app::App, error::Internal, jobs::Job};

/// Queues the next stage of every deletion whose time has come.
#[derive(Debug, Serialize, Deserialize)]
pub struct AdvanceDeletions {}

impl Job for AdvanceDeletions {
    const KIND: &'static str = "advance_deletions";
}

/// Queues what is due now, once. It is the deployment's own work: an alliance that goes does none any more.
pub async fn advance_deletions(app: &App) -> Result<(), Internal> {
    let now = app.clock.now();
    let mut tx = app.db.machine().await?;
    for due in repo::due(&mut tx, now).await? {
        if due.is_deactivated {
            tx.enqueue(app, &PurgeAlliance { alliance_id: due.alliance_id, deletion_id: due.id }).await?;
        } else {
            tx.enqueue(app, &DeactivateAlliance { alliance_id: due.alliance_id, deletion_id: due.id })
                .await?;
        }
    }
    tx.commit().await
}

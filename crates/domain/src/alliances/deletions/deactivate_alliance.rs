//! An alliance that is to go is deactivated.

use serde::{Deserialize, Serialize};

use super::{DeletionStage, RETENTION, repo, send_deletion_notice::tell_directors};
use crate::{
    alliances::exports::begin_export,
    app::App,
    error::{Forbidden, Internal},
    ids::{AllianceId, DeletionId},
    jobs::Job,
    viewer::{Permission, Viewer},
};

/// Deactivates an alliance.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeactivateAlliance {
    /// Which.
    pub alliance_id: AllianceId,
    /// By which deletion.
    pub deletion_id: DeletionId,
}

impl Job for DeactivateAlliance {
    const KIND: &'static str = "deactivate_alliance";

    fn dedupe_key(&self) -> Option<String> {
        Some(self.deletion_id.to_string())
    }
}

/// Why it is not deactivated yet.
#[derive(Debug, thiserror::Error)]
pub enum DeactivateAllianceError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// What has begun ends first.
    #[error("work of the alliance is under way")]
    WorkUnderWay,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// From now on nobody comes in but directors. What waits to be done waits until the deletion is called off; an export of
/// everything as it is now is made, and the directors are told. Nothing happens when it was called off, or done before.
pub async fn deactivate_alliance(app: &App, job: &DeactivateAlliance) -> Result<(), DeactivateAllianceError> {
    let scope = Viewer::machinery(job.alliance_id).require(Permission::ManageData)?;
    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    let Some(requested_by) = repo::deactivate(&mut tx, job.deletion_id, (now, now + RETENTION)).await? else {
        return Ok(());
    };
    repo::hold_work(&mut tx).await?;
    // It would wait for another attempt, and be done after all.
    if repo::is_at_work(&mut tx).await? {
        return Err(DeactivateAllianceError::WorkUnderWay);
    }
    begin_export(app, &mut tx, Some(requested_by)).await?;
    tell_directors(app, &mut tx, job.deletion_id, DeletionStage::Deactivated).await?;
    Ok(tx.commit().await?)
}

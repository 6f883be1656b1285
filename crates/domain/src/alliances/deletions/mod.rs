//! Deletions: an alliance goes in stages. A director asks for it; after [`NOTICE`] nobody comes in but directors, and no work is
//! done and no mail sent; after [`RETENTION`] more, everything of it goes. Until then a director can call it off.

mod advance_deletions;
mod call_off_deletion;
mod deactivate_alliance;
mod purge_alliance;
mod repo;
mod request_deletion;
mod send_deletion_notice;

pub use advance_deletions::{AdvanceDeletions, advance_deletions};
pub use call_off_deletion::{CallOffDeletionError, call_off_deletion};
pub use deactivate_alliance::{DeactivateAlliance, DeactivateAllianceError, deactivate_alliance};
pub use purge_alliance::{
    PurgeAlliance, Purged, Report, Tombstone, begin_purge, finish_purge, returned_alliances, tombstones,
};
pub use request_deletion::{RequestDeletion, RequestDeletionError, request_deletion};
pub use send_deletion_notice::{DeletionNotice, SendDeletionNotice, deletion_notice};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::{
    app::Timestamp,
    error::ReadError,
    ids::DeletionId,
    viewer::{Permission, Reading},
};

/// From when a deletion is asked for until nobody comes in any more but directors.
pub const NOTICE: TimeDelta = TimeDelta::days(14);
/// From then until everything goes.
pub const RETENTION: TimeDelta = TimeDelta::days(30);

/// What happened to a deletion, as directors are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletionStage {
    /// It is asked for.
    Requested,
    /// Nobody comes in any more but directors.
    Deactivated,
    /// It does not happen.
    CalledOff,
}

impl DeletionStage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Deactivated => "deactivated",
            Self::CalledOff => "called_off",
        }
    }
}

/// That an alliance goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Which.
    pub id: DeletionId,
    /// The name of whoever asked.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// Why.
    pub reason: String,
    /// From when on nobody comes in but directors.
    pub deactivates_at: Timestamp,
    /// Since when nobody does.
    pub deactivated_at: Option<Timestamp>,
    /// When everything goes.
    pub purges_at: Timestamp,
    /// The name of whoever called it off, and when.
    pub called_off: Option<(String, Timestamp)>,
}

/// The deletion that is under way, if one is.
pub async fn deletion(reading: &Reading) -> Result<Option<Deletion>, ReadError> {
    let mut tx = reading.require(Permission::ManageData).await?;
    Ok(repo::open(&mut tx).await?)
}

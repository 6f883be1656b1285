//! Exports: everything that an alliance holds as one file, made by the worker, there for some days.

mod build_export;
mod download_export;
mod expire_exports;
mod repo;
mod request_export;
mod send_export_notice;
mod tables;

pub use build_export::{BuildExport, Built, ExportedFile, OpenExport, open_export, record_export};
pub use download_export::{ExportFile, download_export};
pub use expire_exports::{ExpireExports, expired_exports, record_expired};
pub(super) use request_export::begin_export;
pub use request_export::{MOST_A_DAY, RequestExportError, request_export};
pub use send_export_notice::{ExportNotice, SendExportNotice, export_notice};
pub use tables::{COLUMNS_LEFT_OUT, EXPORTED, ExportedColumn, ExportedTable, LEFT_OUT};

use chrono::TimeDelta;

use crate::{
    app::Timestamp,
    error::ReadError,
    ids::{AllianceId, ExportId},
    viewer::{Permission, Reading},
};

/// For how long a finished export can be downloaded.
pub const KEPT: TimeDelta = TimeDelta::days(7);

/// Where an export stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportState {
    /// The worker makes it.
    Building,
    /// It can be downloaded.
    Ready,
    /// It could not be made.
    Failed,
    /// Its time is over, and its file is gone.
    Expired,
}

impl ExportState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    fn stored(text: &str) -> Self {
        match text {
            "ready" => Self::Ready,
            "failed" => Self::Failed,
            "expired" => Self::Expired,
            _ => Self::Building,
        }
    }
}

/// An export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Which.
    pub id: ExportId,
    /// The name of whoever asked; `None` when the service made it by itself.
    pub asked_by: Option<String>,
    /// When.
    pub asked_at: Timestamp,
    /// Where it stands.
    pub state: ExportState,
    /// The finished file.
    pub file: Option<Finished>,
}

/// A finished export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// When it was ready.
    pub ready_at: Timestamp,
    /// Until when it can be downloaded.
    pub expires_at: Timestamp,
    /// What is in it.
    pub built: Built,
}

impl Export {
    /// Where it stands at `now`: it cannot be downloaded any more from the moment on which its time is over, although its
    /// file goes at night.
    fn at(mut self, now: Timestamp) -> Self {
        if self.state == ExportState::Ready && self.file.is_some_and(|file| file.expires_at <= now) {
            self.state = ExportState::Expired;
        }
        self
    }
}

/// Where the file is kept.
fn store_key(alliance_id: AllianceId, id: ExportId) -> String {
    format!("{alliance_id}/export/{id}.zip")
}

/// The newest 50 exports.
pub async fn exports(reading: &Reading, now: Timestamp) -> Result<Vec<Export>, ReadError> {
    let mut tx = reading.require(Permission::ManageData).await?;
    let exports = repo::exports(&mut tx).await?;
    Ok(exports.into_iter().map(|export| export.at(now)).collect())
}

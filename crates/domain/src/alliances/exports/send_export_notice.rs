//! The mail that an export is ready, to whoever asked for it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::repo;
use crate::{
    access::EmailAddress,
    alliances::{self, Alliance},
    app::{App, Timestamp},
    error::ReadError,
    ids::ExportId,
    jobs::Job,
    viewer::{Permission, Viewer},
};

/// Tells whoever asked for an export that it is ready.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendExportNotice {
    /// Which.
    pub export_id: ExportId,
}

impl Job for SendExportNotice {
    const KIND: &'static str = "send_export_notice";

    fn dedupe_key(&self) -> Option<String> {
        Some(self.export_id.to_string())
    }
}

/// What the mail says. It leads to a page that asks who one is, and carries nothing of the alliance itself.
#[derive(Debug, Clone)]
pub struct ExportNotice {
    /// To whom.
    pub to: EmailAddress,
    /// Whose export.
    pub alliance: Alliance,
    /// The day on which it was asked for.
    pub asked_on: NaiveDate,
    /// The last whole day on which it can be downloaded.
    pub until: NaiveDate,
    /// Where.
    pub page: String,
    /// When it was ready: the Date header.
    pub ready_at: Timestamp,
}

/// Loads the mail of a job; `None` when nobody asked, or whoever did has no address or may not export any more.
pub async fn export_notice(
    app: &App,
    viewer: &Viewer,
    job: &SendExportNotice,
) -> Result<Option<ExportNotice>, ReadError> {
    let scope = viewer.require(Permission::ManageData)?;
    let mut tx = app.db.begin(scope).await?;
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let Some(export) = repo::export(&mut tx, job.export_id).await? else { return Ok(None) };
    let Some(file) = export.file else { return Ok(None) };
    let today = alliance.date(app.clock.now());
    let Some(to) = repo::address_of_asker(&mut tx, job.export_id, today).await? else { return Ok(None) };
    let last = alliance.date(file.expires_at);
    Ok(Some(ExportNotice {
        to,
        asked_on: alliance.date(export.asked_at),
        until: last.pred_opt().unwrap_or(last),
        page: app.links.to(&format!("/{}/settings/data", alliance.slug)),
        ready_at: file.ready_at,
        alliance,
    }))
}

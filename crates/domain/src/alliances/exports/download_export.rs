//! An export is downloaded.

use super::{ExportState, repo, store_key};
use crate::{
    access::add_event,
    alliances,
    app::App,
    error::ReadError,
    ids::ExportId,
    viewer::{Permission, Viewer},
};

/// The file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFile {
    /// Where it is kept.
    pub store_key: String,
    /// What it is called on the way out: `fenland-2026-11-24.zip`.
    pub name: String,
    /// Its size.
    pub bytes: i64,
}

/// The file of an export that can be downloaded now; that it was is recorded. `None` when there is none, or none any more.
pub async fn download_export(
    app: &App,
    viewer: &Viewer,
    id: ExportId,
) -> Result<Option<ExportFile>, ReadError> {
    let scope = viewer.require(Permission::ManageData)?;
    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    let found = repo::export(&mut tx, id).await?.map(|export| export.at(now));
    let Some(export) = found.filter(|export| export.state == ExportState::Ready) else { return Ok(None) };
    let Some(file) = export.file else { return Ok(None) };
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let name = format!("{}-{}.zip", alliance.slug, alliance.date(file.ready_at));
    let event = format!("Downloaded everything that the alliance holds ({name})");
    add_event(app, &mut tx, &event).await?;
    tx.commit().await?;
    Ok(Some(ExportFile { store_key: store_key(viewer.alliance_id(), id), name, bytes: file.built.bytes }))
}

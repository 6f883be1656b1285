//! What the worker reads to make an export, and that it is made.

use std::{collections::HashMap, time::Duration};

use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};

use super::{ExportedTable, KEPT, SendExportNotice, repo, store_key};
use crate::{
    alliances::{self, Alliance},
    app::{App, Timestamp},
    db::Tx,
    error::{Internal, ReadError},
    ids::{DocumentId, ExportId},
    jobs::Job,
    viewer::{Permission, Viewer},
};

/// Makes an export.
#[derive(Debug, Serialize, Deserialize)]
pub struct BuildExport {
    /// Which.
    pub export_id: ExportId,
}

impl Job for BuildExport {
    const KIND: &'static str = "build_export";
    const MAX_ATTEMPTS: i16 = 5;
    const TIMEOUT: Duration = Duration::from_hours(1);

    fn dedupe_key(&self) -> Option<String> {
        Some(self.export_id.to_string())
    }
}

/// What an export came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Built {
    /// The size of the file.
    pub bytes: i64,
    /// How many rows.
    pub rows: i64,
    /// How many files, such as invoices.
    pub files: i64,
}

/// A stored file that belongs into an export.
#[derive(Debug, Clone)]
pub struct ExportedFile {
    /// Which; the files are in its order.
    pub id: DocumentId,
    /// `invoice` or `credit_note`.
    pub kind: String,
    /// The number printed on it.
    pub number: String,
    /// Where it is kept.
    pub store_key: String,
}

/// Everything that an alliance holds, at one moment.
pub struct OpenExport {
    tx: Tx,
    /// Whose.
    pub alliance: Alliance,
    /// The moment.
    pub taken_at: Timestamp,
    /// Where the finished file goes.
    pub store_key: String,
}

/// Opens what an export is made from: one snapshot, which sees nothing that is changed later. `None` when it is not to be
/// made any more.
pub async fn open_export(app: &App, viewer: &Viewer, id: ExportId) -> Result<Option<OpenExport>, ReadError> {
    let scope = viewer.require(Permission::ManageData)?;
    let mut tx = app.db.snapshot(scope).await?;
    if !repo::is_building(&mut tx, id).await? {
        return Ok(None);
    }
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let store_key = store_key(tx.alliance_id(), id);
    Ok(Some(OpenExport { tx, alliance, taken_at: app.clock.now(), store_key }))
}

impl OpenExport {
    /// The type of each column of the alliance's tables, by table and column.
    pub async fn types(&mut self) -> Result<HashMap<(String, String), String>, Internal> {
        repo::column_types(&mut self.tx).await
    }

    /// The rows of a table, each as one line of JSON, as fast as they are taken.
    pub fn rows(&mut self, table: &ExportedTable) -> impl Stream<Item = Result<String, Internal>> + Send {
        repo::rows(&mut self.tx, table.rows).map(|row| row.map_err(Internal::from))
    }

    /// The next stored files after one.
    pub async fn files(&mut self, after: Option<DocumentId>) -> Result<Vec<ExportedFile>, Internal> {
        repo::files(&mut self.tx, after).await
    }
}

/// Records that the file is in the store, and has whoever asked told. Doing so twice changes nothing.
pub async fn record_export(app: &App, viewer: &Viewer, id: ExportId, built: Built) -> Result<(), ReadError> {
    let scope = viewer.require(Permission::ManageData)?;
    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    if repo::set_ready(&mut tx, id, (now, now + KEPT), built).await? {
        tx.enqueue(app, &SendExportNotice { export_id: id }).await?;
    }
    Ok(tx.commit().await?)
}

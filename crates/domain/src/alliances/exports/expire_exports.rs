//! The files of exports go when their time is over.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{repo, store_key};
use crate::{
    app::App,
    error::ReadError,
    ids::ExportId,
    jobs::Job,
    viewer::{Permission, Viewer},
};

/// Deletes the files of exports whose time is over.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExpireExports {}

impl Job for ExpireExports {
    const KIND: &'static str = "expire_exports";
}

/// After this long, whatever the worker tried, an export is not made any more, and another can be asked for.
const GIVEN_UP: TimeDelta = TimeDelta::days(1);

/// The exports whose file is to go, and where it is kept. Those that were never finished are given up.
pub async fn expired_exports(app: &App, viewer: &Viewer) -> Result<Vec<(ExportId, String)>, ReadError> {
    let scope = viewer.require(Permission::ManageData)?;
    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    repo::give_up(&mut tx, now - GIVEN_UP).await?;
    let expired = repo::expired(&mut tx, now).await?;
    tx.commit().await?;
    let key = |id| store_key(viewer.alliance_id(), id);
    Ok(expired.into_iter().map(|id| (id, key(id))).collect())
}

/// Records that the file of an export is gone.
pub async fn record_expired(app: &App, viewer: &Viewer, id: ExportId) -> Result<(), ReadError> {
    let scope = viewer.require(Permission::ManageData)?;
    let mut tx = app.db.begin(scope).await?;
    repo::set_expired(&mut tx, id).await?;
    Ok(tx.commit().await?)
}

//! An export of everything that an alliance holds is asked for.

use chrono::TimeDelta;

use super::{BuildExport, Export, repo};
use crate::{
    app::App,
    db::Tx,
    error::{Forbidden, Internal},
    ids::{ExportId, PersonId},
    problem::failure,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// How many may be asked for within a day: each is as large as all that the alliance holds.
pub const MOST_A_DAY: i64 = 5;

/// Why none is made.
#[derive(Debug, thiserror::Error)]
pub enum RequestExportError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// One at a time.
    #[error("An export is being made already. You find it here when it is ready.")]
    AlreadyBuilding,
    /// Too many within a day.
    #[error("Five exports were made within a day. Please take one of those, or ask again tomorrow.")]
    TooMany,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Has the worker make an export. Whoever asks is mailed when it is ready.
pub async fn request_export(app: &App, viewer: &Viewer) -> Result<Export, RequestExportError> {
    use RequestExportError as E;
    let scope = viewer.require(Permission::ManageData)?;
    viewer.require_confirmed(Act::RequestExport)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let id = begin_export(app, &mut tx, viewer.person_id()).await?.ok_or(E::AlreadyBuilding)?;
    if repo::count_since(&mut tx, now - TimeDelta::days(1)).await? > MOST_A_DAY {
        return Err(E::TooMany);
    }
    let export = repo::export(&mut tx, id).await?.ok_or_else(|| Internal::new("the export is gone"))?;
    tx.commit().await?;
    Ok(export)
}

/// The same as part of another transaction, however many there were. `None` when one is being made already.
pub(in crate::alliances) async fn begin_export(
    app: &App,
    tx: &mut Tx,
    asked_by: Option<PersonId>,
) -> Result<Option<ExportId>, Internal> {
    let id = ExportId::new(app);
    if !repo::insert(tx, (id, asked_by, app.clock.now())).await? {
        return Ok(None);
    }
    tx.enqueue(app, &BuildExport { export_id: id }).await?;
    Ok(Some(id))
}

failure!(RequestExportError {
    AlreadyBuilding,
    TooMany,
} nested { Forbidden, Unconfirmed, Internal });

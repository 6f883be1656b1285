//! Schools are open after all.

use super::{Closure, repo};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    ids::ClosureId,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Why the closure stays.
#[derive(Debug, thiserror::Error)]
pub enum RemoveClosureError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such closure in this alliance.
    #[error("Those days are not among this alliance's closures.")]
    UnknownClosure,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Removes days on which schools were to be closed, and says what they were. Due dates of invoices already issued stay.
pub async fn remove_closure(
    app: &App,
    viewer: &Viewer,
    id: ClosureId,
) -> Result<Closure, RemoveClosureError> {
    let scope = viewer.require(Permission::ManageAlliance)?;

    let mut tx = app.db.begin(scope).await?;
    let closure = repo::delete_closure(&mut tx, id).await?.ok_or(RemoveClosureError::UnknownClosure)?;
    tx.commit().await?;
    Ok(closure)
}

failure!(RemoveClosureError { UnknownClosure => "closureId" } nested { Forbidden, Internal });

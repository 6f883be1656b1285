//! Days on which schools are closed get another name or other dates.

use super::{Closure, ClosureInput, ClosureInputError, repo};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    ids::ClosureId,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// A closure as it shall be.
#[derive(Debug, Clone)]
pub struct ChangeClosure {
    /// Which.
    pub closure_id: ClosureId,
    /// Its name and days.
    pub closure: ClosureInput,
}

/// Why the closure stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ChangeClosureError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such closure in this alliance.
    #[error("Those days are not among this alliance's closures.")]
    UnknownClosure,
    /// What was given.
    #[error(transparent)]
    Input(#[from] ClosureInputError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Changes days on which schools are closed. Due dates of invoices already issued stay.
pub async fn change_closure(
    app: &App,
    viewer: &Viewer,
    input: ChangeClosure,
) -> Result<Closure, ChangeClosureError> {
    let scope = viewer.require(Permission::ManageAlliance)?;
    let closure = input.closure.closure(input.closure_id)?;

    let mut tx = app.db.begin(scope).await?;
    if !repo::update_closure(&mut tx, &closure).await? {
        return Err(ChangeClosureError::UnknownClosure);
    }
    tx.commit().await?;
    Ok(closure)
}

failure!(ChangeClosureError { UnknownClosure => "closureId" } nested { Forbidden, Input, Internal });

//! An alliance gives up a strand of work.

use super::{Strand, repo};
use crate::{
    app::App,
    error::{Forbidden, Internal},
    ids::StrandId,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Why the strand stays.
#[derive(Debug, thiserror::Error)]
pub enum RemoveStrandError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such strand in this alliance.
    #[error("That is not among this alliance's work.")]
    UnknownStrand,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Removes a strand, and says which it was. Nothing else that is stored names a strand, so nothing is lost with it.
pub async fn remove_strand(app: &App, viewer: &Viewer, id: StrandId) -> Result<Strand, RemoveStrandError> {
    let scope = viewer.require(Permission::ManageAlliance)?;

    let mut tx = app.db.begin(scope).await?;
    let strand = repo::delete_strand(&mut tx, id).await?.ok_or(RemoveStrandError::UnknownStrand)?;
    tx.commit().await?;
    Ok(strand)
}

failure!(RemoveStrandError { UnknownStrand => "strandId" } nested { Forbidden, Internal });

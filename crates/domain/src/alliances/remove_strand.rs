//! An alliance gives up a strand of work.

use super::{Strand, repo};
use crate::{
    app::App,
    db::OnConstraint,
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
    /// Who led it or was invited to stays on record, and so does what they led.
    #[error(
        "Somebody leads this, has led it or was invited to lead it, so it stays on record. It can be given another \
         name instead."
    )]
    WasLed,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Removes a strand that nobody leads, has led or was invited to lead, and says which it was: nothing else is stored of it.
pub async fn remove_strand(app: &App, viewer: &Viewer, id: StrandId) -> Result<Strand, RemoveStrandError> {
    use RemoveStrandError as E;
    let scope = viewer.require(Permission::ManageAlliance)?;

    let mut tx = app.db.begin(scope).await?;
    let removed = repo::delete_strand(&mut tx, id).await;
    let led = [("role_grants_strand_fkey", E::WasLed), ("invitations_strand_fkey", E::WasLed)];
    let strand = removed.on_constraints(led)?.ok_or(E::UnknownStrand)?;
    tx.commit().await?;
    Ok(strand)
}

failure!(RemoveStrandError { UnknownStrand => "strandId", WasLed => "strandId" } nested { Forbidden, Internal });

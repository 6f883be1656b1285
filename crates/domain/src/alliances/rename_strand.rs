//! A strand gets another name.

use super::{Strand, repo};
use crate::{
    app::App,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::StrandId,
    problem::failure,
    text::one_line,
    viewer::{Permission, Viewer},
};

/// A strand as it shall be called.
#[derive(Debug, Clone)]
pub struct RenameStrand {
    /// Which.
    pub strand_id: StrandId,
    /// Its name, at most 100 characters.
    pub name: String,
}

/// Why the strand keeps its name.
#[derive(Debug, thiserror::Error)]
pub enum RenameStrandError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such strand in this alliance.
    #[error("That is not among this alliance's work.")]
    UnknownStrand,
    /// Empty, or longer than 100 characters.
    #[error("Please give it a name, in at most 100 characters.")]
    InvalidName,
    /// Two strands of one name could not be told apart.
    #[error("There is one of this name already.")]
    NameTaken,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Renames a strand, which stays in its place. A strand lead renames their own.
pub async fn rename_strand(
    app: &App,
    viewer: &Viewer,
    input: RenameStrand,
) -> Result<Strand, RenameStrandError> {
    use RenameStrandError as E;
    let (scope, reach) = viewer.reach(Permission::ManageStrands)?;
    let name = one_line(&input.name, 100).ok_or(E::InvalidName)?;
    let strand = Strand { id: input.strand_id, name };

    let mut tx = app.db.begin(scope).await?;
    if !reach.includes_strand(strand.id) {
        // Everybody sees the strands, so there is nothing to hide but those that are not there.
        let is_there = repo::strands(&mut tx).await?.iter().any(|other| other.id == strand.id);
        return Err(if is_there { Forbidden.into() } else { E::UnknownStrand });
    }
    let renamed = repo::update_strand(&mut tx, &strand).await;
    if !renamed.on_constraint("strands_name_key", || E::NameTaken)? {
        return Err(E::UnknownStrand);
    }
    tx.commit().await?;
    Ok(strand)
}

failure!(RenameStrandError {
    UnknownStrand => "strandId",
    InvalidName => "name",
    NameTaken => "name",
} nested { Forbidden, Internal });

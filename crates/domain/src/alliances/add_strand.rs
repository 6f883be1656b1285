//! An alliance takes up another strand of work.

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

/// Why there is no new strand.
#[derive(Debug, thiserror::Error)]
pub enum AddStrandError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
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

/// Adds a strand after the others.
pub async fn add_strand(app: &App, viewer: &Viewer, name: &str) -> Result<Strand, AddStrandError> {
    use AddStrandError as E;
    let scope = viewer.require(Permission::ManageAlliance)?;
    let name = one_line(name, 100).ok_or(E::InvalidName)?;
    let strand = Strand { id: StrandId::new(app), name };

    let mut tx = app.db.begin(scope).await?;
    repo::append_strand(&mut tx, &strand).await.on_constraint("strands_name_key", || E::NameTaken)?;
    tx.commit().await?;
    Ok(strand)
}

failure!(AddStrandError {
    InvalidName => "name",
    NameTaken => "name",
} nested { Forbidden, Internal });

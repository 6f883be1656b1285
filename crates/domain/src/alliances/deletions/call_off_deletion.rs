//! The deletion of an alliance is called off.

use super::{DeletionStage, repo, send_deletion_notice::tell_directors};
use crate::{
    access::{NotEntered, Session, enter_to_act},
    app::App,
    error::{Forbidden, Internal},
    problem::failure,
    viewer::Permission,
};

/// Why it goes on.
#[derive(Debug, thiserror::Error)]
pub enum CallOffDeletionError {
    /// Not permitted; a token calls nothing off.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The alliance is not entered.
    #[error(transparent)]
    NotEntered(#[from] NotEntered),
    /// None is under way.
    #[error("No deletion of this alliance is under way.")]
    NotRequested,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Calls the deletion off, whoever asked for it. Everybody comes in again, and the work that was held goes on.
pub async fn call_off_deletion(app: &App, session: &Session, slug: &str) -> Result<(), CallOffDeletionError> {
    use CallOffDeletionError as E;
    session.device()?;
    let viewer = enter_to_act(app, session, slug).await?;
    let scope = viewer.require(Permission::ManageData)?;
    let person_id = viewer.person_id().ok_or(Forbidden)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let id = repo::call_off(&mut tx, (person_id, now)).await?.ok_or(E::NotRequested)?;
    repo::release_work(&mut tx, now).await?;
    tell_directors(app, &mut tx, id, DeletionStage::CalledOff).await?;
    Ok(tx.commit().await?)
}

failure!(CallOffDeletionError {
    NotRequested,
} nested { Forbidden, NotEntered, Internal });

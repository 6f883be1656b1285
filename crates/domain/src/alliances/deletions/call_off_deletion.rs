//! The deletion of an alliance is called off.

use super::{DeletionStage, repo, send_deletion_notice::tell_directors};
use crate::{
    access::{EnterError, Session, enter},
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
    /// No role in this alliance, or no such alliance.
    #[error("There is no such alliance, or you hold no role in it.")]
    UnknownAlliance,
    /// The alliance asks everybody for a second step, and the person has none.
    #[error("This alliance asks everybody for a second step at sign-in. Set one up in your account first.")]
    NeedsSecondStep,
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
    let viewer = match enter(app, session, slug).await {
        Ok(entered) => entered.ok_or(E::UnknownAlliance)?.viewer,
        Err(EnterError::NeedsSecondStep) => return Err(E::NeedsSecondStep),
        Err(EnterError::Internal(error)) => return Err(error.into()),
    };
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
    UnknownAlliance => "alliance",
    NeedsSecondStep => "alliance",
    NotRequested,
} nested { Forbidden, Internal });

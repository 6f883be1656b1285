//! What whoever runs the deployment decides of alliances: those on trial are confirmed once somebody has made sure that
//! they are who they say.

use super::repo;
use crate::{
    access::record_event,
    app::{App, Timestamp},
    error::Internal,
    viewer::Viewer,
};

/// An alliance as whoever runs the deployment sees it: nothing of what is inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its short address.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// When it was founded.
    pub created_at: Timestamp,
    /// Whether its mail goes to its own team only.
    pub is_on_trial: bool,
    /// The address of whoever founded it, if it was a person.
    pub founder: Option<String>,
}

/// Why nothing was confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmAllianceError {
    /// No alliance has this short address.
    #[error("there is no alliance with the short address {0}")]
    UnknownAlliance(String),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Every alliance, those on trial first, the oldest first.
pub async fn every_alliance(app: &App) -> Result<Vec<Listed>, Internal> {
    let mut tx = app.db.machine().await?;
    repo::every(&mut tx).await
}

/// Ends the trial of the alliance with this short address. Returns whether it was on trial.
pub async fn confirm_alliance(app: &App, slug: &str) -> Result<bool, ConfirmAllianceError> {
    let mut tx = app.db.machine().await?;
    let confirmed = repo::confirm(&mut tx, slug, app.clock.now()).await?;
    let (id, was_on_trial) =
        confirmed.ok_or_else(|| ConfirmAllianceError::UnknownAlliance(slug.to_owned()))?;
    if was_on_trial {
        record_event(
            app,
            &Viewer::machinery(id),
            "The trial ended: the operator of this service confirmed us",
        )
        .await?;
    }
    tx.commit().await?;
    Ok(was_on_trial)
}

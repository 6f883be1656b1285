//! A step is needed after all.

use super::{SetUpTask, Task, TaskState, repo, task};
use crate::{
    alliances,
    app::App,
    error::{Forbidden, Internal},
    people,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Why nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum ResumeTaskError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It was never set aside, or is done meanwhile.
    #[error("This step is not set aside.")]
    NotSetAside,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Puts a step that was set aside back on the list.
pub async fn resume_task(app: &App, viewer: &Viewer, which: Task) -> Result<SetUpTask, ResumeTaskError> {
    let scope = viewer.require(Permission::ManageAlliance)?;

    let mut tx = app.db.begin(scope).await?;
    people::repo::hold_alliance(&mut tx).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(app.clock.now());
    let before = task(&mut tx, which, today).await?;
    if before.state != TaskState::SetAside {
        return Err(ResumeTaskError::NotSetAside);
    }
    repo::set_state(&mut tx, which, TaskState::Open).await?;
    tx.commit().await?;
    Ok(SetUpTask { state: TaskState::Open, ..before })
}

failure!(ResumeTaskError { NotSetAside } nested { Forbidden, Internal });

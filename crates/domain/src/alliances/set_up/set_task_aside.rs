//! A step is not needed.

use super::{SetUpTask, Task, TaskState, repo, task};
use crate::{
    alliances,
    app::App,
    error::{Forbidden, Internal},
    people,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Why it stays on the list.
#[derive(Debug, thiserror::Error)]
pub enum SetTaskAsideError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It is done, or set aside already.
    #[error("This step is not open any more.")]
    NotOpen,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Sets a step aside, until somebody takes it up again.
pub async fn set_task_aside(app: &App, viewer: &Viewer, which: Task) -> Result<SetUpTask, SetTaskAsideError> {
    let scope = viewer.require(Permission::ManageAlliance)?;

    let mut tx = app.db.begin(scope).await?;
    people::repo::hold_alliance(&mut tx).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(app.clock.now());
    let before = task(&mut tx, which, today).await?;
    if before.state != TaskState::Open {
        return Err(SetTaskAsideError::NotOpen);
    }
    repo::set_state(&mut tx, which, TaskState::SetAside).await?;
    tx.commit().await?;
    Ok(SetUpTask { state: TaskState::SetAside, ..before })
}

failure!(SetTaskAsideError { NotOpen } nested { Forbidden, Internal });

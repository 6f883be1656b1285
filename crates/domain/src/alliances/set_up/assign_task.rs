//! Somebody sees to a step.

use super::{OWNERS, SetUpTask, Task, repo, task};
use crate::{
    alliances,
    app::App,
    error::{Forbidden, Internal},
    ids::PersonId,
    people,
    problem::failure,
    viewer::{Permission, Viewer},
};

/// Who sees to which step.
#[derive(Debug, Clone, Copy)]
pub struct AssignTask {
    /// The step.
    pub task: Task,
    /// Who.
    pub owner_id: PersonId,
}

/// Why somebody else does still.
#[derive(Debug, thiserror::Error)]
pub enum AssignTaskError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such person in this alliance, or not one of those who run it today.
    #[error("A director, a manager or a finance lead sees to it. Please choose one of them.")]
    UnknownOwner,
    /// Nothing would change.
    #[error("This person sees to it already.")]
    OwnsAlready,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Says who sees to a step.
pub async fn assign_task(
    app: &App,
    viewer: &Viewer,
    input: AssignTask,
) -> Result<SetUpTask, AssignTaskError> {
    use AssignTaskError as E;
    let scope = viewer.require(Permission::ManageAlliance)?;

    let mut tx = app.db.begin(scope).await?;
    people::repo::hold_alliance(&mut tx).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(app.clock.now());
    let roles = OWNERS.map(|role| role.as_str().to_owned());
    if !repo::holds(&mut tx, input.owner_id, &roles, today).await? {
        return Err(E::UnknownOwner);
    }
    let before = task(&mut tx, input.task, today).await?;
    if before.owner_id == Some(input.owner_id) {
        return Err(E::OwnsAlready);
    }
    repo::set_owner(&mut tx, input.task, input.owner_id).await?;
    tx.commit().await?;
    Ok(SetUpTask { owner_id: Some(input.owner_id), ..before })
}

failure!(AssignTaskError {
    UnknownOwner => "ownerId",
    OwnsAlready => "ownerId",
} nested { Forbidden, Internal });

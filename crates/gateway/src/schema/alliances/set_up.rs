//! The steps by which an alliance is set up.

use std::sync::Arc;

use async_graphql::{Enum, Object, Result};
use domain::alliances::set_up::{self, SetUpTask, Task, TaskState};

use crate::schema::{context::Inside, errors, people::PersonObject};

/// A step by which an alliance is set up.
pub(crate) struct SetUpTaskObject {
    pub(super) inside: Arc<Inside>,
    pub(super) task: SetUpTask,
}

#[Object(name = "SetUpTask")]
impl SetUpTaskObject {
    /// Which.
    async fn task(&self) -> TaskEnum {
        self.task.task.into()
    }

    /// How it stands.
    async fn state(&self) -> TaskStateEnum {
        self.task.state.into()
    }

    /// Who sees to it: whoever was named, else whoever founded the alliance.
    async fn owner(&self) -> Result<Option<PersonObject>> {
        match self.task.owner_id {
            None => Ok(None),
            Some(id) => self.inside.person(id).await,
        }
    }
}

/// The steps by which an alliance is set up.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "SetUpStep", remote = "Task")]
pub(crate) enum TaskEnum {
    /// Which school leads.
    LeadSchool,
    /// At least two members.
    Members,
    /// Somebody besides the founder is there, or asked.
    Invitations,
    /// Who asks for money, and where it goes.
    BankAccount,
    /// Whether VAT is charged, and under which number.
    Vat,
    /// What things are called.
    Wording,
    /// When schools are open in this school year.
    TermDates,
    /// What the first year costs.
    FirstBudget,
}

/// How a step stands.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "SetUpState", remote = "TaskState")]
pub(crate) enum TaskStateEnum {
    /// It is still to be taken.
    Open,
    /// The alliance's data says that it was taken.
    Done,
    /// It is not needed.
    SetAside,
}

pub(crate) async fn set_up_tasks(inside: &Arc<Inside>) -> Result<Vec<SetUpTaskObject>> {
    let tasks = set_up::set_up_tasks(&inside.reading, inside.today).await.map_err(errors::read)?;
    Ok(tasks.into_iter().map(|task| SetUpTaskObject { inside: Arc::clone(inside), task }).collect())
}

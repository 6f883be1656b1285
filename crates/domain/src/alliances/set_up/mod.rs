//! The steps by which an alliance is set up, each with somebody who sees to it. A step is done when the alliance's own data
//! says so, or set aside when it is not needed; nobody ticks one off.

mod assign_task;
mod repo;
mod resume_task;
mod set_task_aside;

pub use assign_task::{AssignTask, AssignTaskError, assign_task};
pub use resume_task::{ResumeTaskError, resume_task};
pub use set_task_aside::{SetTaskAsideError, set_task_aside};

use chrono::NaiveDate;

use super::{Template, Wording};
use crate::{
    db::Tx,
    error::{Internal, ReadError},
    ids::PersonId,
    viewer::{Permission, Reading, Role},
};

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
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

impl Task {
    /// Every step, in the order in which they are usually taken.
    pub const ALL: [Self; 8] = [
        Self::LeadSchool,
        Self::Members,
        Self::Invitations,
        Self::BankAccount,
        Self::Vat,
        Self::Wording,
        Self::TermDates,
        Self::FirstBudget,
    ];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeadSchool => "lead_school",
            Self::Members => "members",
            Self::Invitations => "invitations",
            Self::BankAccount => "bank_account",
            Self::Vat => "vat",
            Self::Wording => "wording",
            Self::TermDates => "term_dates",
            Self::FirstBudget => "first_budget",
        }
    }

    /// The step of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.as_str() == name)
    }
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// It is still to be taken.
    Open,
    /// The alliance's data says that it was taken.
    Done,
    /// It is not needed.
    SetAside,
}

/// A step with what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetUpTask {
    /// Which.
    pub task: Task,
    /// How it stands.
    pub state: TaskState,
    /// Who sees to it; `None` when nobody was named, and whoever founded the alliance is not known in it.
    pub owner_id: Option<PersonId>,
}

/// Who may see to a step: those who run the alliance, one of these roles each.
pub const OWNERS: [Role; 3] = [Role::Director, Role::Manager, Role::FinanceLead];

/// What an alliance has, as far as the steps go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and no two exclude each other")]
pub(super) struct Progress {
    pub(super) has_lead_school: bool,
    pub(super) members: i64,
    pub(super) people: i64,
    pub(super) invitations: i64,
    pub(super) has_address: bool,
    pub(super) has_bank_account: bool,
    pub(super) lacks_vat_number: bool,
    pub(super) wording: Wording,
    pub(super) has_terms: bool,
    pub(super) has_budget: bool,
    /// Who founded it, if they are still known here.
    pub(super) founder: Option<PersonId>,
}

impl Progress {
    fn is_done(&self, task: Task) -> bool {
        match task {
            Task::LeadSchool => self.has_lead_school,
            Task::Members => self.members >= 2,
            Task::Invitations => self.people >= 2 || self.invitations > 0,
            Task::BankAccount => self.has_bank_account,
            // The kind of body is saved together with the address, which an alliance begins without.
            Task::Vat => self.has_address && !self.lacks_vat_number,
            // Whoever has said a word of their own has looked at them all.
            Task::Wording => Template::ALL.iter().all(|template| template.wording() != self.wording),
            Task::TermDates => self.has_terms,
            Task::FirstBudget => self.has_budget,
        }
    }
}

/// What was decided about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) owner_id: Option<PersonId>,
    pub(super) is_set_aside: bool,
}

/// The steps of an alliance on the day `on`, in order: every one for those who manage it, for others those that are theirs.
pub async fn set_up_tasks(reading: &Reading, on: NaiveDate) -> Result<Vec<SetUpTask>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    let viewer = reading.viewer();
    let may_manage = viewer.may(Permission::ManageAlliance);
    if !may_manage && viewer.person_id().is_none() {
        return Ok(Vec::new());
    }
    let mut tasks = Vec::from(tasks(&mut tx, on).await?);
    tasks.retain(|task| may_manage || task.owner_id == viewer.person_id());
    Ok(tasks)
}

async fn tasks(tx: &mut Tx, on: NaiveDate) -> Result<[SetUpTask; 8], Internal> {
    let progress = repo::progress(tx, on).await?;
    let decisions = repo::decisions(tx).await?;
    let task = |task: Task| {
        let decision = decisions.iter().find(|(decided, _)| *decided == task).map(|(_, decision)| decision);
        let state = match decision {
            _ if progress.is_done(task) => TaskState::Done,
            Some(decision) if decision.is_set_aside => TaskState::SetAside,
            _ => TaskState::Open,
        };
        SetUpTask { task, state, owner_id: decision.and_then(|one| one.owner_id).or(progress.founder) }
    };
    Ok(Task::ALL.map(task))
}

/// The step as it stands within a transaction that changed it.
async fn task(tx: &mut Tx, task: Task, on: NaiveDate) -> Result<SetUpTask, Internal> {
    let found = tasks(tx, on).await?.into_iter().find(|one| one.task == task);
    found.ok_or_else(|| Internal::new("a step is not among all steps"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_done_by_what_it_leaves_behind() {
        let nothing = Progress {
            has_lead_school: false,
            members: 1,
            people: 1,
            invitations: 0,
            has_address: false,
            has_bank_account: false,
            lacks_vat_number: false,
            wording: Template::TeachingSchoolHub.wording(),
            has_terms: false,
            has_budget: false,
            founder: None,
        };
        let done = |progress: &Progress| {
            Task::ALL.into_iter().filter(|task| progress.is_done(*task)).collect::<Vec<_>>()
        };
        assert_eq!(done(&nothing), []);
        let words = Wording { member: "partner school".into(), ..nothing.wording.clone() };
        for (progress, task) in [
            (Progress { has_lead_school: true, ..nothing.clone() }, Task::LeadSchool),
            (Progress { members: 2, ..nothing.clone() }, Task::Members),
            (Progress { people: 2, ..nothing.clone() }, Task::Invitations),
            (Progress { invitations: 1, ..nothing.clone() }, Task::Invitations),
            (Progress { has_bank_account: true, ..nothing.clone() }, Task::BankAccount),
            (Progress { has_address: true, ..nothing.clone() }, Task::Vat),
            (Progress { wording: words, ..nothing.clone() }, Task::Wording),
            (Progress { has_terms: true, ..nothing.clone() }, Task::TermDates),
            (Progress { has_budget: true, ..nothing.clone() }, Task::FirstBudget),
        ] {
            assert_eq!(done(&progress), [task]);
        }
        let charges = Progress { has_address: true, lacks_vat_number: true, ..nothing };
        assert_eq!(done(&charges), []);
    }

    #[test]
    fn steps_are_stored_by_their_names() {
        assert!(Task::ALL.into_iter().all(|task| Task::parse(task.as_str()) == Some(task)));
    }
}

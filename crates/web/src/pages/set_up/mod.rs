//! The steps by which the alliance is set up: how each stands, and who sees to it.

use askama::Template;
use axum::extract::{Query, Request, State};
use domain::{
    alliances::set_up::{AssignTask, SetUpTask, Task, assign_task, resume_task, set_task_aside},
    ids::PersonId,
    problem::Problem,
    viewer::Permission,
};
use gateway::schema::ids::decode;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    forms::{self, Fields, FormState, problem, read_form},
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(SetUp, "src/pages/set_up/query.graphql");

/// A step as a person reads it.
pub(crate) struct Step {
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) href: String,
    pub(crate) act: &'static str,
}

/// The words for the step of a name, as the schema has it.
pub(crate) fn step(within: &Within, name: &str) -> Option<Step> {
    let wording = &within.entered.wording;
    let (what, why, path, act) = match Task::parse(&name.to_lowercase())? {
        Task::LeadSchool => (
            "Name the lead school".to_owned(),
            "It is named on its own page. Its local authority’s term dates are proposed to you.",
            "/members",
            "Name it",
        ),
        Task::Members => (
            format!("Add the {}", wording.members()),
            "Two at least. A school is found in the national register by its name or number.",
            "/members/several",
            "Add them",
        ),
        Task::Invitations => (
            "Invite the first people".to_owned(),
            "Those who run it with you, and the heads of its schools.",
            "/people/invitations/several",
            "Invite them",
        ),
        Task::BankAccount => (
            "Say who asks for the money, and where it goes".to_owned(),
            "Invoices print the legal name, the address and the bank account. The month in which the year begins is beside it.",
            "/settings",
            "Fill it in",
        ),
        Task::Vat => (
            "Say whether you charge VAT".to_owned(),
            "The kind of body decides it, on the letterhead. A trading company gives its VAT number.",
            "/settings",
            "Say it",
        ),
        Task::Wording => (
            "Choose your words".to_owned(),
            "What you call the alliance, a member and a strand of its work.",
            "/settings",
            "Choose",
        ),
        Task::TermDates => (
            "Write down this year’s term dates".to_owned(),
            "Between terms no invoice falls due and no reminder goes.",
            "/settings/terms",
            "Look at them",
        ),
        Task::FirstBudget => (
            "Draft the first budget".to_owned(),
            "It says what the year costs and by which rule it is shared.",
            "/budgets/new",
            "Draft it",
        ),
    };
    Some(Step { what, why: why.to_owned(), href: within.path(path), act })
}

/// Which step’s owner is being changed.
#[derive(Deserialize, Default)]
pub(crate) struct Editing {
    #[serde(default)]
    edit: String,
}

struct Row {
    /// As forms send it.
    name: String,
    step: Step,
    state: words::Tag,
    is_open: bool,
    is_set_aside: bool,
    /// Empty when nobody does.
    owner_id: String,
    owner: String,
}

#[derive(Template)]
#[template(path = "pages/set_up/page.html")]
struct Page {
    shell: Shell,
    rows: Vec<Row>,
    owners: Vec<(String, String)>,
    edit: String,
    form: FormState,
    base: String,
    settings: String,
}

impl Page {
    fn edited(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == self.edit)
    }

    fn purpose(&self) -> String {
        match self.rows.iter().filter(|row| row.is_open).count() {
            0 => "Nothing is left to be set up.".to_owned(),
            _ => "Each step is done once what it is about is there. What you do not need can be set aside."
                .to_owned(),
        }
    }
}

fn state(name: &str) -> words::Tag {
    let (tone, label) = match name {
        "DONE" => ("good", "done"),
        "SET_ASIDE" => ("", "not needed"),
        _ => ("warn", "to do"),
    };
    words::Tag { tone, label: label.into() }
}

async fn page(site: &SharedSite, within: &Within, edit: String, form: FormState) -> Result<Page, PageError> {
    if !within.may(Permission::ManageAlliance) {
        return Err(PageError::Forbidden);
    }
    let data = site.query::<SetUp>(&within.signed, set_up::Variables { slug: within.slug() }).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let mut owners: Vec<_> = (alliance.directors.nodes.into_iter().map(|one| (one.id, one.name)))
        .chain(alliance.managers.nodes.into_iter().map(|one| (one.id, one.name)))
        .chain(alliance.finance_leads.nodes.into_iter().map(|one| (one.id, one.name)))
        .collect();
    owners.sort_by(|(_, one), (_, other)| one.cmp(other));
    owners.dedup();
    let rows = alliance.set_up_tasks.into_iter().filter_map(|task| {
        let name = words::name(&task.task);
        let is = words::name(&task.state);
        let (owner_id, owner) = task.owner.map(|owner| (owner.id, owner.name)).unwrap_or_default();
        Some(Row {
            step: step(within, &name)?,
            name: name.to_lowercase(),
            state: state(&is),
            is_open: is == "OPEN",
            is_set_aside: is == "SET_ASIDE",
            owner_id,
            owner,
        })
    });
    Ok(Page {
        shell: within.shell("Setting up"),
        rows: rows.collect(),
        owners,
        edit,
        form,
        base: within.path("/settings/set-up"),
        settings: within.path("/settings"),
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(editing): Query<Editing>,
) -> PageResult {
    render(&page(&site, &within, editing.edit, FormState::default()).await?)
}

/// Back to the list, or to the form that was refused.
async fn answer(
    (site, within): (&SharedSite, &Within),
    (edit, fields): (&str, &Fields),
    result: Result<SetUpTask, Problem>,
    said: &str,
) -> PageResult {
    let next = |_| (within.path("/settings/set-up"), said.to_owned());
    forms::answer(result, fields, |form| page(site, within, edit.to_owned(), form), next).await
}

/// The step that a form is about.
fn task(fields: &Fields) -> Result<Task, Problem> {
    Task::parse(fields.text("task")).ok_or_else(|| problem("task", "There is no such step."))
}

pub(crate) async fn assign(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let result = match task(&fields) {
        Err(problem) => Err(problem),
        Ok(task) => {
            let owner_id = PersonId(decode(fields.text("ownerId")).map_or(Uuid::nil(), |(_, _, id)| id));
            let input = AssignTask { task, owner_id };
            outcome(assign_task(&site.gateway.app, within.viewer(), input).await)?
        }
    };
    answer((&site, &within), (fields.text("task"), &fields), result, "It is said who sees to it.").await
}

pub(crate) async fn set_aside(
    State(site): State<SharedSite>,
    within: Within,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let result = match task(&fields) {
        Err(problem) => Err(problem),
        Ok(task) => outcome(set_task_aside(&site.gateway.app, within.viewer(), task).await)?,
    };
    answer((&site, &within), ("", &fields), result, "The step is set aside.").await
}

pub(crate) async fn resume(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let result = match task(&fields) {
        Err(problem) => Err(problem),
        Ok(task) => outcome(resume_task(&site.gateway.app, within.viewer(), task).await)?,
    };
    answer((&site, &within), ("", &fields), result, "The step is on the list again.").await
}

//! Days on which schools are closed: entered, changed and removed.

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use chrono::NaiveDate;
use domain::{
    alliances::{self, ChangeClosure, ClosureInput},
    ids::ClosureId,
    problem::Problem,
    viewer::Permission,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    forms::{self, Fields, FormState, read_form},
    ids,
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
};

query!(Closures, "src/pages/closures/query.graphql");

/// Which closure is being changed, by its id; none while another is entered. One form at a time, so that no two fields
/// of the page have one name.
#[derive(Deserialize, Default)]
pub(crate) struct Editing {
    #[serde(default)]
    edit: String,
}

type Closure = closures::ClosuresAllianceClosures;

#[derive(Template)]
#[template(path = "pages/closures/page.html")]
struct Page {
    shell: Shell,
    today: NaiveDate,
    closures: Vec<Closure>,
    edit: String,
    form: FormState,
    base: String,
    settings: String,
}

impl Page {
    fn edited(&self) -> Option<&Closure> {
        self.closures.iter().find(|closure| ids::in_path(&closure.id) == self.edit)
    }
}

async fn page(site: &SharedSite, within: &Within, edit: String, form: FormState) -> Result<Page, PageError> {
    if !within.may(Permission::ManageAlliance) {
        return Err(PageError::Forbidden);
    }
    let data = site.query::<Closures>(&within.signed, closures::Variables { slug: within.slug() }).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    Ok(Page {
        shell: within.shell("Days when schools are closed"),
        today: alliance.today,
        closures: alliance.closures,
        edit,
        form,
        base: within.path("/settings/closures"),
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

fn closure(fields: &Fields) -> Result<ClosureInput, Problem> {
    Ok(ClosureInput {
        name: fields.text("name").to_owned(),
        starts_on: fields.date("startsOn")?,
        ends_on: fields.date("endsOn")?,
    })
}

/// Back to the list, or to the form that was refused.
async fn answer(
    (site, within): (&SharedSite, &Within),
    (edit, fields): (String, &Fields),
    result: Result<alliances::Closure, Problem>,
    became: &str,
) -> PageResult {
    let next = |closure: alliances::Closure| {
        (within.path("/settings/closures"), format!("{} {became}.", closure.name))
    };
    forms::answer(result, fields, |form| page(site, within, edit, form), next).await
}

pub(crate) async fn post(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let result = match closure(&fields) {
        Err(problem) => Err(problem),
        Ok(input) => outcome(alliances::add_closure(&site.gateway.app, within.viewer(), input).await)?,
    };
    answer((&site, &within), (String::new(), &fields), result, "is added").await
}

pub(crate) async fn change(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Path<(String, Uuid)>,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let result = match closure(&fields) {
        Err(problem) => Err(problem),
        Ok(closure) => {
            let input = ChangeClosure { closure_id: ClosureId(id), closure };
            outcome(alliances::change_closure(&site.gateway.app, within.viewer(), input).await)?
        }
    };
    answer((&site, &within), (id.to_string(), &fields), result, "is changed").await
}

pub(crate) async fn remove(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Path<(String, Uuid)>,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let removed = alliances::remove_closure(&site.gateway.app, within.viewer(), ClosureId(id)).await;
    answer((&site, &within), (String::new(), &fields), outcome(removed)?, "is removed").await
}

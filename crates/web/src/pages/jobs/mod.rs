//! The work queue: what waits, what failed for good, and running it again.

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use domain::{
    ids::JobId,
    jobs::{JobState, discard_job, retry_job},
    problem::Failure,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    csv, format,
    forms::{self, Fields, FormState, read_form},
    ids,
    lists::{ListAddress, every_entry},
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::{Download, Within},
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Jobs, "src/pages/jobs/query.graphql");

#[derive(Deserialize, Default)]
pub(crate) struct Filter {
    #[serde(default)]
    state: String,
    after: Option<String>,
}

impl Filter {
    /// Whether it names a state that there is. Any other word filters nothing.
    fn is_of_a_state(&self) -> bool {
        JobState::ALL.iter().any(|state| state.as_str().to_uppercase() == self.state)
    }
}

#[derive(Template)]
#[template(path = "pages/jobs/page.html")]
struct Page {
    shell: Shell,
    filter: Filter,
    at: ListAddress,
    queue: jobs::JobsAlliance,
    form: FormState,
    base: String,
}

impl Page {
    /// Whether what waits for a person, and then what waits for its turn, stands before the list: then the list leaves it
    /// out.
    fn begins_with_waiting(&self) -> bool {
        let is_something_above = self.queue.parked.total_count + self.queue.waiting.total_count > 0;
        is_something_above && !self.at.is_filtered() && self.filter.after.is_none()
    }

    /// What of the list is shown.
    fn listed(&self) -> Vec<&jobs::JobsAllianceJobsNodes> {
        let is_above = |job: &&jobs::JobsAllianceJobsNodes| {
            self.begins_with_waiting()
                && (self.queue.parked.nodes.iter().any(|above| above.id == job.id)
                    || self.queue.waiting.nodes.iter().any(|above| above.id == job.id))
        };
        self.queue.jobs.nodes.iter().filter(|job| !is_above(job)).collect()
    }
}

/// Where a decision about a job is sent to.
fn address(base: &str, id: &str, what: &str) -> String {
    format!("{base}/{}/{what}", ids::in_path(id))
}

/// A job's state with the tone of its tag.
fn state(state: &jobs::JobState) -> words::Tag {
    let name = words::name(state);
    let tone = match name.as_str() {
        "DONE" => "good",
        "PARKED" => "bad",
        "RUNNING" => "calm",
        _ => "",
    };
    words::Tag { tone, label: words::sentence(&name) }
}

async fn load(
    site: &SharedSite,
    within: &Within,
    filter: &Filter,
    (first, after): (i64, Option<String>),
) -> Result<jobs::JobsAlliance, PageError> {
    let only = serde_json::Value::String(filter.state.clone());
    let variables = jobs::Variables {
        slug: within.slug(),
        state: if filter.is_of_a_state() { serde_json::from_value(only).ok() } else { None },
        first,
        after,
    };
    let data = site.query::<Jobs>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

async fn page(
    site: &SharedSite,
    within: &Within,
    mut filter: Filter,
    form: FormState,
) -> Result<Page, PageError> {
    if !filter.is_of_a_state() {
        filter.state.clear();
    }
    Ok(Page {
        shell: within.shell("Work queue"),
        queue: load(site, within, &filter, (50, filter.after.clone())).await?,
        at: ListAddress::new(within.path("/jobs"), &[("state", &filter.state)], filter.after.as_deref()),
        filter,
        form,
        base: within.path("/jobs"),
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(filter): Query<Filter>,
) -> PageResult {
    render(&page(&site, &within, filter, FormState::default()).await?)
}

pub(crate) async fn csv(
    State(site): State<SharedSite>,
    Download(within): Download,
    Query(filter): Query<Filter>,
) -> PageResult {
    let rows = every_entry(|part| async {
        let queue = load(&site, &within, &filter, part).await?;
        let rows = queue.jobs.nodes.into_iter().map(|job| {
            vec![
                words::sentence(&job.kind),
                job.about.unwrap_or_default(),
                format::moment(&job.created_at),
                format::moment(&job.run_at),
                job.finished_at.as_ref().map(format::moment).unwrap_or_default(),
                job.attempts.to_string(),
                job.max_attempts.to_string(),
                state(&job.state).label,
                job.last_error.unwrap_or_default(),
            ]
        });
        let part = queue.jobs.page_info;
        Ok((rows.collect(), part.end_cursor.filter(|_| part.has_next_page)))
    })
    .await?;
    let heading =
        ["Work", "About", "Queued", "Due", "Finished", "Tries", "Tries at most", "State", "Last error"];
    csv::download((&site, &within), "work-queue.csv", &heading, rows).await
}

type Address = Path<(String, Uuid)>;

/// The queue after something was decided, or why it was not.
async fn answer(
    (site, within): (&SharedSite, &Within),
    fields: &Fields,
    result: Result<(), impl Into<Failure>>,
    said: &str,
) -> PageResult {
    let page = |form| page(site, within, Filter::default(), form);
    forms::answer(outcome(result)?, fields, page, |()| (within.path("/jobs"), said.to_owned())).await
}

pub(crate) async fn retry(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let result = retry_job(&site.gateway.app, within.viewer(), JobId(id)).await;
    answer((&site, &within), &fields, result, "It runs again now.").await
}

pub(crate) async fn discard(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let result = discard_job(&site.gateway.app, within.viewer(), JobId(id)).await;
    answer((&site, &within), &fields, result, "It will not run.").await
}

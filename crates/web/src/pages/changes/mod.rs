//! The record of changes: who changed what, when, by what and from where.

use askama::Template;
use axum::extract::{Query, State};
use domain::{access::RECORDED, viewer::Act};
use serde::Deserialize;

use crate::{
    csv, format, ids,
    lists::{ListAddress, every_entry},
    page::{PageError, PageResult, render},
    pages::query,
    session::{Download, Within},
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Changes, "src/pages/changes/query.graphql");

type Record = changes::ChangesAllianceAuditRecordsNodes;
type Change = changes::ChangesAllianceAuditRecordsNodesChanges;
type Field = changes::ChangesAllianceAuditRecordsNodesChangesFields;

#[derive(Deserialize, Default)]
pub(crate) struct Filter {
    #[serde(default)]
    about: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/changes/page.html")]
struct Page {
    shell: Shell,
    filter: Filter,
    at: ListAddress,
    records: changes::ChangesAllianceAuditRecords,
    people: String,
}

impl Page {
    fn caption(&self) -> String {
        format!("{}, the newest first", format::plural(&self.records.total_count, "entry", "entries"))
    }
}

/// Who did it, in words.
fn who(record: &Record) -> String {
    match (&record.person, words::name(&record.made_by).as_str()) {
        (Some(person), _) => person.name.clone(),
        (None, "WORK") => "The service itself".to_owned(),
        (None, "OUTSIDER") => "Somebody with a login of the database".to_owned(),
        (None, _) => "Somebody no longer known".to_owned(),
    }
}

/// By what and from where: `with an API token, from 192.0.2.7`.
fn how(record: &Record) -> String {
    let by = (words::name(&record.made_by) == "TOKEN").then(|| "with an API token".to_owned());
    let from = record.address.as_ref().map(|address| format!("from {address}"));
    by.into_iter().chain(from).collect::<Vec<_>>().join(", ")
}

/// What happened to one thing: `added member Oak School`.
fn what(change: &Change) -> String {
    let name = change.name.as_deref().unwrap_or_default();
    let action = words::name(&change.action).to_lowercase();
    format!("{} {} {name}", words::sentence(&action), change.about).trim_end().to_owned()
}

/// What stood there and what stands there: `left on: nothing, now 31 Aug 2027`.
fn field(field: &Field) -> String {
    match (&field.before, &field.after) {
        (Some(before), Some(after)) => format!("{}: {before}, now {after}", field.name),
        (Some(before), None) => format!("{}: {before}, now nothing", field.name),
        (None, Some(after)) => format!("{}: {after}", field.name),
        (None, None) => field.name.clone(),
    }
}

/// Every field of a thing in one line.
fn fields(change: &Change) -> String {
    change.fields.iter().map(field).collect::<Vec<_>>().join(" · ")
}

/// Whether a thing says more than fits beside others.
fn is_long(change: &Change) -> bool {
    fields(change).chars().count() > 240
}

/// Everything that a record says it did, one thing in each line.
fn told(record: &Record) -> Vec<String> {
    let changes = record.changes.iter().map(|change| {
        let fields: Vec<_> = change.fields.iter().map(field).collect();
        if fields.is_empty() { what(change) } else { format!("{} ({})", what(change), fields.join("; ")) }
    });
    record.event.clone().into_iter().chain(changes).chain(more(record)).collect()
}

/// What a long record leaves out.
fn more(record: &Record) -> Option<String> {
    let left = record.change_count - i64::try_from(record.changes.len()).unwrap_or_default();
    (left > 0).then(|| format!("and {} more", format::number(&left)))
}

/// The kinds of things to filter by, with a first choice for all.
fn kinds() -> Vec<(String, String)> {
    let mut kinds: Vec<_> =
        RECORDED.iter().map(|(_, word)| ((*word).to_owned(), words::sentence(word))).collect();
    kinds.sort_unstable();
    kinds.insert(0, (String::new(), "Anything".to_owned()));
    kinds
}

async fn load(
    site: &SharedSite,
    within: &Within,
    filter: &Filter,
    (first, after): (i64, Option<String>),
) -> Result<changes::ChangesAllianceAuditRecords, PageError> {
    let about = Some(filter.about.clone()).filter(|about| !about.is_empty());
    let variables = changes::Variables { slug: within.slug(), about, first, after };
    let data = site.query::<Changes>(&within.signed, variables).await?;
    Ok(data.alliance.ok_or(PageError::NotFound)?.audit_records)
}

impl Filter {
    /// Whether it names a kind of thing that there is. Any other word filters nothing.
    fn checked(mut self) -> Self {
        if !RECORDED.iter().any(|(_, word)| *word == self.about) {
            self.about.clear();
        }
        self
    }
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(filter): Query<Filter>,
) -> PageResult {
    let filter = filter.checked();
    render(&Page {
        shell: within.shell("Record of changes"),
        records: load(&site, &within, &filter, (50, filter.after.clone())).await?,
        at: ListAddress::new(within.path("/changes"), &[("about", &filter.about)], filter.after.as_deref()),
        filter,
        people: within.path("/people"),
    })
}

pub(crate) async fn csv(
    State(site): State<SharedSite>,
    Download(within): Download,
    Query(filter): Query<Filter>,
) -> PageResult {
    within.viewer().require_confirmed(Act::DownloadChanges)?;
    let filter = filter.checked();
    let rows = every_entry(|part| async {
        let list = load(&site, &within, &filter, part).await?;
        let rows = list.nodes.iter().map(|record| {
            vec![
                record.number.to_string(),
                format::moment(&record.at),
                who(record),
                how(record),
                told(record).join("\n"),
                record.fingerprint.clone(),
            ]
        });
        let rows = rows.collect();
        let part = list.page_info;
        Ok((rows, part.end_cursor.filter(|_| part.has_next_page)))
    })
    .await?;
    csv::download(
        (&site, &within),
        "changes.csv",
        &["Number", "When", "Who", "How", "What", "Fingerprint"],
        rows,
    )
    .await
}

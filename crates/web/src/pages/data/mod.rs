//! What the alliance holds, to be taken away.

use askama::Template;
use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::header,
    response::IntoResponse,
};
use chrono::{DateTime, Utc};
use domain::{
    alliances::{
        deletions::{self, NOTICE, RETENTION, RequestDeletion},
        exports::{self, KEPT},
    },
    error::ReadError,
    ids::ExportId,
    viewer::Act,
};
use object_store::ObjectStoreExt;
use uuid::Uuid;

use crate::{
    format,
    forms::{self, FormState, read_form},
    ids,
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::{Download, Within},
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Data, "src/pages/data/query.graphql");

type Export = data::DataAllianceExports;

/// What whoever asks for the deletion says of the finance records.
const KEEPING: [(&str, &str); 2] = [("no", "Please choose"), ("yes", "We keep the export for six years")];

#[derive(Template)]
#[template(path = "pages/data/page.html")]
struct Page {
    shell: Shell,
    slug: String,
    name: String,
    exports: Vec<Export>,
    deletion: Option<data::DataAllianceDeletion>,
    form: FormState,
    base: String,
    settings: String,
    jobs: String,
}

impl Page {
    fn is_building(&self) -> bool {
        self.exports.iter().any(|export| export.state == data::ExportState::BUILDING)
    }
}

fn is_ready(export: &Export) -> bool {
    export.state == data::ExportState::READY
}

/// Where an export stands, with the tone of its tag.
fn state(export: &Export) -> words::Tag {
    let (tone, label) = match export.state {
        data::ExportState::BUILDING => ("calm", "being made"),
        data::ExportState::READY => ("good", "ready"),
        data::ExportState::FAILED => ("bad", "failed"),
        _ => ("", "deleted"),
    };
    words::Tag { tone, label: label.to_owned() }
}

/// What is in it: `2,184 rows and 13 PDFs, 1.2 MB`.
fn holds(export: &Export) -> String {
    let Some(((rows, files), bytes)) = export.rows.zip(export.files).zip(export.bytes) else {
        return String::new();
    };
    let (rows, files) = (format::plural(&rows, "row", "rows"), format::plural(&files, "PDF", "PDFs"));
    format!("{rows} and {files}, {}", size(bytes))
}

/// A size in the unit that people read: `12 kB`, `1.2 MB`.
fn size(bytes: i64) -> String {
    let tenths = |unit: i64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        ..1_000_000 => format!("{} kB", (bytes / 1_000).max(1)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

fn moment(at: Option<&DateTime<Utc>>) -> String {
    at.map(format::moment).unwrap_or_default()
}

async fn page(site: &SharedSite, within: &Within, form: FormState) -> Result<Page, PageError> {
    let data = site.query::<Data>(&within.signed, data::Variables { slug: within.slug() }).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    Ok(Page {
        shell: within.shell("Your data"),
        slug: alliance.slug,
        name: alliance.name,
        deletion: alliance.deletion,
        exports: alliance.exports.ok_or(PageError::Forbidden)?,
        form,
        base: within.path("/settings/data"),
        settings: within.path("/settings"),
        jobs: within.path("/jobs"),
    })
}

pub(crate) async fn get(State(site): State<SharedSite>, within: Within) -> PageResult {
    render(&page(&site, &within, FormState::default()).await?)
}

pub(crate) async fn post(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let result = outcome(exports::request_export(&site.gateway.app, within.viewer()).await)?;
    let said = "The export is being made. We mail you when it is ready.";
    let next = |_| (within.path("/settings/data"), said.to_owned());
    forms::answer(result, &fields, |form| page(&site, &within, form), next).await
}

pub(crate) async fn request_deletion(
    State(site): State<SharedSite>,
    within: Within,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let input = RequestDeletion {
        slug: within.slug(),
        typed: fields.text("typed").to_owned(),
        reason: fields.text("reason").to_owned(),
        keeps_finance_records: fields.text("keepsFinanceRecords") == "yes",
    };
    let asked = deletions::request_deletion(&site.gateway.app, &within.signed.session, input).await;
    let said = "The deletion is under way. Every director is told.";
    let next = |_| (within.path("/settings/data"), said.to_owned());
    forms::answer(outcome(asked)?, &fields, |form| page(&site, &within, form), next).await
}

pub(crate) async fn call_off(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let slug = within.slug();
    let done = deletions::call_off_deletion(&site.gateway.app, &within.signed.session, &slug).await;
    let said = "The deletion is called off. Everything stays.";
    let next = |()| (within.path("/settings/data"), said.to_owned());
    forms::answer(outcome(done)?, &fields, |form| page(&site, &within, form), next).await
}

/// The file, as it comes from the store. Uses `domain` directly: a document carries no files.
pub(crate) async fn zip(
    State(site): State<SharedSite>,
    Download(within): Download,
    Path((_, id)): Path<(String, Uuid)>,
) -> PageResult {
    within.viewer().require_confirmed(Act::DownloadExport)?;
    let found = exports::download_export(&site.gateway.app, within.viewer(), ExportId(id)).await;
    let found = found.map_err(|error| match error {
        // Whoever may not take it learns no more of it than that.
        ReadError::Forbidden(_) => PageError::NotFound,
        ReadError::Internal(error) => PageError::internal(error),
    })?;
    let file = found.ok_or(PageError::NotFound)?;
    let object = site.gateway.store.get(&file.store_key.into()).await.map_err(PageError::internal)?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, object.meta.size.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file.name)),
    ];
    Ok((headers, Body::from_stream(object.into_stream())).into_response())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_their_unit() {
        let shown = [1, 12_345, 999_999, 1_250_000, 20_000_000, 3_400_000_000].map(size);
        assert_eq!(shown, ["1 kB", "12 kB", "999 kB", "1.2 MB", "20.0 MB", "3.4 GB"]);
    }
}

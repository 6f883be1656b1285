//! Where one lands: the one alliance, or the choice among several.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};

use crate::{
    page::{PageResult, render},
    pages::query,
    session::Signed,
    site::SharedSite,
};

query!(Start, "src/pages/start/query.graphql");

#[derive(Template)]
#[template(path = "pages/start/page.html")]
struct Page {
    email: String,
    alliances: Vec<start::StartViewerAlliances>,
    /// How many are about to be deleted, and let directors in only.
    closed: i64,
    csrf: String,
}

pub(crate) async fn get(State(site): State<SharedSite>, signed: Signed) -> PageResult {
    let data = site.query::<Start>(&signed, start::Variables {}).await?;
    let mine = data.viewer.map(|viewer| (viewer.alliances, viewer.closed_alliances));
    let (alliances, closed) = mine.unwrap_or_default();
    if let ([only], 0) = (&alliances[..], closed) {
        return Ok(Redirect::to(&format!("/{}", only.slug)).into_response());
    }
    render(&Page { email: signed.session.account.email.to_string(), alliances, closed, csrf: signed.csrf })
}

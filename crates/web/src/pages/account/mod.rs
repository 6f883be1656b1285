//! Your own account: where you are signed in, and signing out there.

use askama::Template;
use axum::extract::{Path, Request, State};
use domain::{
    access::{end_other_sessions, end_session},
    ids::SessionId,
};
use uuid::Uuid;

use crate::{
    format,
    forms::{self, FormState, read_form},
    ids,
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Signed,
    site::SharedSite,
};

query!(Account, "src/pages/account/query.graphql");

#[derive(Template)]
#[template(path = "pages/account/page.html")]
struct Page {
    email: String,
    alliances: Vec<account::AccountViewerAlliances>,
    second_step: Option<account::AccountViewerSecondStep>,
    passkeys: Vec<account::AccountViewerPasskeys>,
    sessions: Vec<account::AccountViewerSessions>,
    flash: Option<String>,
    form: FormState,
    csrf: String,
}

async fn page(site: &SharedSite, signed: &Signed, form: FormState) -> Result<Page, PageError> {
    let data = site.query::<Account>(signed, account::Variables {}).await?;
    let viewer = data.viewer.ok_or(PageError::NotFound)?;
    Ok(Page {
        email: viewer.email,
        alliances: viewer.alliances,
        second_step: viewer.second_step,
        passkeys: viewer.passkeys,
        sessions: viewer.sessions,
        flash: signed.flash.clone(),
        form,
        csrf: signed.csrf.clone(),
    })
}

/// The first of these that `agent` has, as people call it.
fn known(agent: &str, names: &[(&str, &'static str)]) -> Option<&'static str> {
    names.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name)
}

fn device(agent: &str) -> String {
    known_device(agent).unwrap_or_else(|| "A browser that does not say its name".to_owned())
}

/// `Firefox on Windows`, from what a browser calls itself: most name the browsers and systems too that they are like,
/// so the more particular words come first.
pub(crate) fn known_device(agent: &str) -> Option<String> {
    let browser = known(
        agent,
        &[
            ("Edg", "Edge"),
            ("OPR/", "Opera"),
            ("SamsungBrowser", "Samsung Internet"),
            ("Firefox/", "Firefox"),
            ("FxiOS", "Firefox"),
            ("CriOS", "Chrome"),
            ("Chrome/", "Chrome"),
            ("Safari/", "Safari"),
        ],
    );
    let system = known(
        agent,
        &[
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Android", "Android"),
            ("CrOS", "Chromebook"),
            ("Windows", "Windows"),
            ("Mac OS X", "Mac"),
            ("Linux", "Linux"),
        ],
    );
    match (browser, system) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (one, None) | (None, one) => one.map(str::to_owned),
    }
}

pub(crate) async fn get(State(site): State<SharedSite>, signed: Signed) -> PageResult {
    render(&page(&site, &signed, FormState::default()).await?)
}

pub(crate) async fn end(
    State(site): State<SharedSite>,
    signed: Signed,
    Path(id): Path<Uuid>,
    request: Request,
) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let ended = outcome(end_session(&site.gateway.app, &signed.session, SessionId(id)).await)?;
    let next = |()| ("/account".to_owned(), "That device is signed out.".to_owned());
    forms::answer(ended, &fields, |form| page(&site, &signed, form), next).await
}

pub(crate) async fn end_others(
    State(site): State<SharedSite>,
    signed: Signed,
    request: Request,
) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let ended = outcome(end_other_sessions(&site.gateway.app, &signed.session).await)?;
    let next = |ended: u64| {
        let ended = i64::try_from(ended).unwrap_or(i64::MAX);
        let devices = format::plural(&ended, "other device", "other devices");
        ("/account".to_owned(), format!("Signed out on {devices}."))
    };
    forms::answer(ended, &fields, |form| page(&site, &signed, form), next).await
}

#[cfg(test)]
mod tests {
    use super::device;

    #[test]
    fn a_device_is_named_as_people_call_it() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
                "Chrome on Chromebook",
            ),
            ("curl/8.5.0", "A browser that does not say its name"),
            ("", "A browser that does not say its name"),
        ] {
            assert_eq!(device(agent), name, "{agent}");
        }
    }
}

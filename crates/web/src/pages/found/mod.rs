//! Starting an alliance: its name, its address, what it begins with.

use askama::Template;
use axum::extract::{Request, State};
use domain::alliances::{FoundOwnAlliance, Template as Beginning, found_own_alliance};

use crate::{
    forms::{self, FormState, read_form},
    page::{PageError, PageResult, outcome, render},
    session::Signed,
    site::SharedSite,
};

#[derive(Template)]
#[template(path = "pages/found/page.html")]
struct Page {
    email: String,
    /// What comes before the short address, such as `ensemble.example/`.
    before: String,
    form: FormState,
    csrf: String,
}

/// What can be begun with, as the form names it.
const BEGINNINGS: [(&str, Beginning, &str); 3] = [
    ("tsa", Beginning::TeachingSchoolAlliance, "Teaching School Alliance"),
    ("hub", Beginning::TeachingSchoolHub, "Teaching School Hub"),
    ("county", Beginning::CountyPartnership, "County partnership"),
];

fn page(site: &SharedSite, signed: &Signed, form: FormState) -> Page {
    let before = format!("{}/", site.gateway.app.links.host());
    Page { email: signed.session.account.email.to_string(), before, form, csrf: signed.csrf.clone() }
}

pub(crate) async fn get(State(site): State<SharedSite>, signed: Signed) -> PageResult {
    render(&page(&site, &signed, FormState::default()))
}

pub(crate) async fn post(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let chosen = BEGINNINGS.iter().find(|(name, ..)| *name == fields.text("template"));
    let input = FoundOwnAlliance {
        name: fields.text("name").to_owned(),
        slug: fields.text("slug").to_owned(),
        template: chosen.unwrap_or(&BEGINNINGS[0]).1,
        your_name: fields.text("yourName").to_owned(),
    };
    let founded = outcome(found_own_alliance(&site.gateway.app, &signed.session, input).await)?;
    let show = |form| std::future::ready(Ok::<_, PageError>(page(&site, &signed, form)));
    forms::answer(founded, &fields, show, |alliance| {
        (format!("/{}", alliance.slug), format!("{} is there. You are its director.", alliance.name))
    })
    .await
}

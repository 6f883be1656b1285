//! Signing in with another address: asking for it, proving it, and undoing it from the old one.

use askama::Template;
use axum::{
    Form,
    extract::{Query, Request, State},
};
use domain::{
    access::{UndoAddressChange, change_address, confirm_address, undo_address_change},
    problem::Problem,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    forms::{Fields, FormState, read_form},
    page::{PageResult, done, outcome, render, render_refused},
    session::Signed,
    site::{SharedSite, SiteOptions},
};

#[derive(Template)]
#[template(path = "pages/address/page.html")]
struct Page {
    /// What the account signs in with.
    email: String,
    /// Where a code was sent.
    asked: Option<String>,
    has_mailbox: bool,
    form: FormState,
    csrf: String,
}

fn page(site: &SharedSite, signed: &Signed, asked: Option<&str>, form: FormState) -> Page {
    Page {
        email: signed.session.account.email.to_string(),
        asked: asked.map(str::to_owned),
        has_mailbox: site.options == SiteOptions::Development,
        form,
        csrf: signed.csrf.clone(),
    }
}

pub(crate) async fn get(State(site): State<SharedSite>, signed: Signed) -> PageResult {
    render(&page(&site, &signed, None, FormState::default()))
}

/// Sends a code to the new address and asks for it.
pub(crate) async fn post(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let email = fields.text("email");
    match outcome(change_address(&site.gateway.app, &signed.session, email).await)? {
        Ok(()) => render(&page(&site, &signed, Some(email), FormState::default())),
        Err(problem) => render_refused(&page(&site, &signed, None, FormState::refused(&fields, problem))),
    }
}

/// Takes the code.
pub(crate) async fn confirm(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let fields = read_form(&signed, request).await?;
    match outcome(confirm_address(&site.gateway.app, &signed.session, fields.text("code")).await)? {
        Ok(email) => Ok(done("/account", &format!("You sign in as {email} from now on."))),
        Err(problem) => {
            render_refused(&page(&site, &signed, Some(fields.text("email")), with_empty_code(problem)))
        }
    }
}

/// A code that was refused is of no use again: its field is empty for the right one.
fn with_empty_code(problem: Problem) -> FormState {
    FormState::refused(&Fields::from(vec![("code".to_owned(), String::new())]), problem)
}

#[derive(Template)]
#[template(path = "pages/address/undo.html")]
struct UndoPage {
    change: Uuid,
    is_undone: bool,
    form: FormState,
}

/// The change that a mail is about.
#[derive(Deserialize)]
pub(crate) struct Mailed {
    change: Uuid,
}

/// The page behind the link of the mail. Nothing is undone by opening it.
pub(crate) async fn ask_undo(Query(Mailed { change }): Query<Mailed>) -> PageResult {
    render(&UndoPage { change, is_undone: false, form: FormState::default() })
}

/// What the page sends.
#[derive(Deserialize)]
pub(crate) struct Undo {
    change: Uuid,
    #[serde(default)]
    code: String,
}

/// Whoever has the code reads the old address, signed in or not.
pub(crate) async fn undo(State(site): State<SharedSite>, Form(typed): Form<Undo>) -> PageResult {
    let change = typed.change;
    let input = UndoAddressChange { change_id: change, code: &typed.code };
    match outcome(undo_address_change(&site.gateway.app, input).await)? {
        Ok(()) => render(&UndoPage { change, is_undone: true, form: FormState::default() }),
        Err(problem) => {
            render_refused(&UndoPage { change, is_undone: false, form: with_empty_code(problem) })
        }
    }
}

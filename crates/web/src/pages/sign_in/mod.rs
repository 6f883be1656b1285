//! Sign-in by a typed code. Uses `domain` directly: a document cannot set a cookie.

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::access;
use serde::Deserialize;

use crate::{
    page::{PageError, PageResult, outcome, render},
    session::{Signed, cookie_name},
    site::{SharedSite, SiteOptions},
};

#[derive(Template)]
#[template(path = "pages/sign_in/email.html")]
struct EmailPage {
    email: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/sign_in/code.html")]
struct CodePage {
    email: String,
    error: Option<String>,
    has_mailbox: bool,
}

#[derive(Deserialize)]
pub(crate) struct EmailForm {
    #[serde(default)]
    email: String,
}

#[derive(Deserialize)]
pub(crate) struct CodeForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    code: String,
}

pub(crate) async fn get() -> PageResult {
    render(&EmailPage { email: String::new(), error: None })
}

/// Sends a code. The answer is the same for every address.
pub(crate) async fn post(State(site): State<SharedSite>, Form(form): Form<EmailForm>) -> PageResult {
    match outcome(access::request_sign_in_code(&site.gateway.app, &form.email).await)? {
        Err(problem) => refused(&EmailPage { email: form.email, error: Some(problem.message) }),
        Ok(()) => render(&CodePage {
            email: form.email.trim().to_owned(),
            error: None,
            has_mailbox: mailbox(&site),
        }),
    }
}

/// Takes the typed code and sets the session's cookie.
pub(crate) async fn code(State(site): State<SharedSite>, Form(form): Form<CodeForm>) -> PageResult {
    let app = &site.gateway.app;
    let signed = match outcome(access::sign_in(app, &form.email, &form.code).await)? {
        Ok(signed) => signed,
        Err(problem) => {
            let has_mailbox = mailbox(&site);
            return refused(&CodePage { email: form.email, error: Some(problem.message), has_mailbox });
        }
    };
    let secure = if app.links.is_https() { "; Secure" } else { "" };
    let cookie = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=7776000{secure}",
        cookie_name(app),
        signed.token
    );
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

#[derive(Deserialize)]
pub(crate) struct SignOutForm {
    #[serde(default)]
    csrf: String,
}

pub(crate) async fn sign_out(
    State(site): State<SharedSite>,
    signed: Signed,
    Form(form): Form<SignOutForm>,
) -> Result<Response, PageError> {
    signed.check(&form.csrf)?;
    let app = &site.gateway.app;
    access::sign_out(app, &signed.token).await?;
    let secure = if app.links.is_https() { "; Secure" } else { "" };
    let cookie = format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}", cookie_name(app));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}

fn mailbox(site: &SharedSite) -> bool {
    site.options == SiteOptions::Development
}

fn refused(page: &impl Template) -> PageResult {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render().map_err(PageError::internal)?)).into_response())
}

//! The development mailbox. Not an alliance's, so it has no document; only a development server has it.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::header,
    response::{Html, IntoResponse},
};
use domain::messages::{self, DevelopmentMail};
use uuid::Uuid;

use crate::{
    format,
    page::{PageError, PageResult, render},
    site::SharedSite,
};

#[derive(Template)]
#[template(path = "pages/dev_mail/page.html")]
struct Page {
    mails: Vec<DevelopmentMail>,
}

#[derive(Template)]
#[template(path = "pages/dev_mail/one.html")]
struct One {
    mail: DevelopmentMail,
}

pub(crate) async fn get(State(site): State<SharedSite>) -> PageResult {
    render(&Page { mails: messages::development_mails(&site.gateway.app, 200).await? })
}

pub(crate) async fn one(State(site): State<SharedSite>, Path(id): Path<Uuid>) -> PageResult {
    let mail = messages::development_mail(&site.gateway.app, id).await?.ok_or(PageError::NotFound)?;
    render(&One { mail })
}

/// The HTML part alone, for the frame: it has its own styles and nothing of ours, and runs nothing.
pub(crate) async fn html(State(site): State<SharedSite>, Path(id): Path<Uuid>) -> PageResult {
    let mail = messages::development_mail(&site.gateway.app, id).await?.ok_or(PageError::NotFound)?;
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox";
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::X_FRAME_OPTIONS, "SAMEORIGIN")];
    Ok((headers, Html(mail.html)).into_response())
}

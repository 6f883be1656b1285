//! An invitation as whoever was invited meets it, from its mail. It runs no document: they are in no alliance yet, and what
//! they see depends on the address that they proved. Opening it answers nothing.

use askama::Template;
use axum::extract::{Path, Request, State};
use domain::{
    error::ReadError,
    ids::InvitationId,
    people::invitations::{
        Found, InvitationState, Received, accept_invitation, decline_invitation, find_invitation,
    },
};
use uuid::Uuid;

use crate::{
    format,
    forms::{self, FormState, read_form},
    page::{PageError, PageResult, outcome, render},
    session::Signed,
    site::SharedSite,
};

#[derive(Template)]
#[template(path = "pages/invitation/page.html")]
struct Page {
    email: String,
    found: Found,
    form: FormState,
    base: String,
    csrf: String,
}

/// Why it can no longer be answered; `None` while it can.
fn over(received: &Received) -> Option<&'static str> {
    match received.state {
        InvitationState::Open => None,
        InvitationState::Expired => Some("Its time has run out. Whoever invited you can do so again."),
        InvitationState::Accepted => Some("You have accepted it."),
        InvitationState::Declined => Some("You have declined it. Whoever invited you can do so again."),
        InvitationState::Withdrawn => Some("It was withdrawn."),
    }
}

async fn page(site: &SharedSite, signed: &Signed, id: Uuid, form: FormState) -> Result<Page, PageError> {
    let found = find_invitation(&site.gateway.app, &signed.session, InvitationId(id)).await;
    let found = found.map_err(|error| match error {
        ReadError::Forbidden(_) => PageError::Forbidden,
        ReadError::Internal(error) => PageError::internal(error),
    })?;
    let found = found.ok_or(PageError::NotFound)?;
    let email = signed.session.account.email.to_string();
    Ok(Page { email, found, form, base: format!("/invitations/{id}"), csrf: signed.csrf.clone() })
}

pub(crate) async fn get(State(site): State<SharedSite>, signed: Signed, Path(id): Path<Uuid>) -> PageResult {
    render(&page(&site, &signed, id, FormState::default()).await?)
}

pub(crate) async fn accept(
    State(site): State<SharedSite>,
    signed: Signed,
    Path(id): Path<Uuid>,
    request: Request,
) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let accepted = accept_invitation(&site.gateway.app, &signed.session, InvitationId(id)).await;
    let show = |form| page(&site, &signed, id, form);
    forms::answer(outcome(accepted)?, &fields, show, |alliance| {
        (format!("/{}", alliance.slug), format!("Welcome to {}.", alliance.name))
    })
    .await
}

pub(crate) async fn decline(
    State(site): State<SharedSite>,
    signed: Signed,
    Path(id): Path<Uuid>,
    request: Request,
) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let declined = decline_invitation(&site.gateway.app, &signed.session, InvitationId(id)).await;
    let show = |form| page(&site, &signed, id, form);
    let next = |()| (format!("/invitations/{id}"), "The invitation is declined.".into());
    forms::answer(outcome(declined)?, &fields, show, next).await
}

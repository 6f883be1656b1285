//! "Please confirm that it is you": what an act that takes a recent proof leads to, and back to it with all that was
//! typed. Uses `domain` directly: a document cannot set a cookie.

use askama::Template;
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts, OriginalUri, Query, Request, State},
    http::{Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    access::{
        PasskeyChallenge, WayToConfirm, begin_passkey_confirmation, confirm_it_is_you, confirm_with_passkey,
        has_passkeys, passkeys, request_confirmation_code, way_to_confirm,
    },
    app::App,
    error::ReadError,
    viewer::Act,
};
use serde::Deserialize;

use crate::{
    forms::{Fields, FormState, read_form, sent_fields},
    lists::percent_encoded,
    page::{PageError, PageResult, Unconfirmed, outcome, render, render_refused, with_script},
    pages::{
        assets,
        sign_in::{own_address, session_cookie},
    },
    session::Signed,
    site::{LARGEST_BODY, SharedSite, SiteOptions},
};

/// What the page's own fields begin with. All others are those of the form that waits for the proof.
const OWN: &str = "confirm";

/// Where somebody wanted to go.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    to: String,
    #[serde(default)]
    before: String,
}

/// How far somebody has got.
enum Stage {
    Begun,
    /// A code is on its way.
    CodeSent,
    /// The device is asked for a passkey.
    DeviceAsked(PasskeyChallenge),
}

#[derive(Template)]
#[template(path = "pages/confirm/page.html")]
struct Page {
    /// What is to be done, in words after "before you"; may be empty.
    before: String,
    way: WayToConfirm,
    email: String,
    /// Whether a passkey of theirs can prove it.
    has_passkeys: bool,
    stage: Stage,
    has_mailbox: bool,
    /// Where it goes on.
    to: String,
    /// Whether a form goes on there, and what was typed into it.
    is_form: bool,
    waiting: Vec<(String, String)>,
    form: FormState,
    csrf: String,
}

impl Page {
    fn is_sent(&self) -> bool {
        matches!(self.stage, Stage::CodeSent)
    }

    fn asked(&self) -> Option<&PasskeyChallenge> {
        match &self.stage {
            Stage::DeviceAsked(asked) => Some(asked),
            Stage::Begun | Stage::CodeSent => None,
        }
    }
}

async fn page(site: &SharedSite, signed: &Signed, fields: &Fields) -> Result<Page, PageError> {
    let app = &site.gateway.app;
    let way = way_to_confirm(app, &signed.session).await.map_err(read)?;
    let passkeys = passkeys(app, &signed.session).await.map_err(read)?;
    Ok(Page {
        before: fields.text("confirmBefore").to_owned(),
        way,
        email: signed.session.account.email.to_string(),
        has_passkeys: has_passkeys(app) && !passkeys.is_empty(),
        stage: Stage::Begun,
        has_mailbox: site.options == SiteOptions::Development,
        to: own_address(fields.text("confirmTo")).to_owned(),
        is_form: !fields.text("confirmForm").is_empty(),
        waiting: fields.others(&[OWN, "csrf", "answer"]),
        form: FormState::default(),
        csrf: signed.csrf.clone(),
    })
}

fn read(error: ReadError) -> PageError {
    match error {
        ReadError::Forbidden(_) => PageError::Forbidden,
        ReadError::Internal(error) => error.into(),
    }
}

/// For whoever wanted to look at something.
pub(crate) async fn get(
    State(site): State<SharedSite>,
    signed: Signed,
    Query(wanted): Query<Wanted>,
) -> PageResult {
    let act = Act::all().find(|act| act.as_str() == wanted.before);
    let before = act.map(Act::words).unwrap_or_default().to_owned();
    let own = [("confirmBefore", before), ("confirmTo", wanted.to)];
    let fields: Vec<_> = own.map(|(name, value)| (name.to_owned(), value)).into();
    render(&page(&site, &signed, &fields.into()).await?)
}

/// Mails a code.
pub(crate) async fn send_code(
    State(site): State<SharedSite>,
    signed: Signed,
    request: Request,
) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let page = page(&site, &signed, &fields).await?;
    match outcome(request_confirmation_code(&site.gateway.app, &signed.session).await)? {
        Ok(()) => render(&Page { stage: Stage::CodeSent, ..page }),
        Err(problem) => {
            render_refused(&Page { form: FormState::refused(&Fields::default(), problem), ..page })
        }
    }
}

/// Takes the proof, and goes on to where it was asked for: a form is sent there again as it was.
pub(crate) async fn post(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let app = &site.gateway.app;
    match outcome(confirm_it_is_you(app, &signed.session, fields.text("confirmCode")).await)? {
        Ok(token) => Ok(go_on(app, &token, &fields)),
        Err(problem) => {
            // A wrong code is of no use again: the field is empty for the right one.
            let empty = Fields::from(vec![("confirmCode".to_owned(), String::new())]);
            let form = FormState::refused(&empty, crate::forms::at(problem, "code", "confirmCode"));
            render_refused(&Page { stage: Stage::CodeSent, form, ..page(&site, &signed, &fields).await? })
        }
    }
}

/// Asks the device for a passkey.
pub(crate) async fn ask_passkey(
    State(site): State<SharedSite>,
    signed: Signed,
    request: Request,
) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let asked = begin_passkey_confirmation(&site.gateway.app, &signed.session).await.map_err(read)?;
    let stage = Stage::DeviceAsked(asked.ok_or(PageError::NotFound)?);
    with_script(&Page { stage, ..page(&site, &signed, &fields).await? })
}

/// Takes what it answered.
pub(crate) async fn passkey(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let app = &site.gateway.app;
    let answer = (fields.text("confirmChallenge"), fields.text("answer"));
    match outcome(confirm_with_passkey(app, &signed.session, answer).await)? {
        Ok(token) => Ok(go_on(app, &token, &fields)),
        Err(problem) => {
            let form = FormState::refused(&Fields::default(), problem);
            render_refused(&Page { form, ..page(&site, &signed, &fields).await? })
        }
    }
}

/// On to what waited, with the session's new token.
fn go_on(app: &App, token: &str, fields: &Fields) -> Response {
    let to = own_address(fields.text("confirmTo"));
    let is_form = !fields.text("confirmForm").is_empty();
    let on = if is_form { Redirect::temporary(to) } else { Redirect::to(to) };
    ([(header::SET_COOKIE, session_cookie(app, token))], on).into_response()
}

/// Asks whoever proved too long ago who they are, in the place of every answer that says so: what they wanted to look at
/// comes after it, and a form waits in the page with all that was typed.
pub(crate) async fn ask(State(site): State<SharedSite>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let is_form = parts.method == Method::POST && is_urlencoded(&parts);
    let (body, sent) = if is_form {
        match to_bytes(body, LARGEST_BODY).await {
            Ok(sent) => (Body::from(sent.clone()), sent),
            Err(_) => return PageError::Forged.into_response(),
        }
    } else {
        (body, Bytes::new())
    };
    let kept = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    let Some(Unconfirmed(act)) = response.extensions().get().copied() else { return response };
    asked(&site, kept, (is_form, &sent), act).await.unwrap_or_else(IntoResponse::into_response)
}

fn is_urlencoded(parts: &Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"))
}

async fn asked(site: &SharedSite, mut parts: Parts, (is_form, sent): (bool, &Bytes), act: Act) -> PageResult {
    let address =
        parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0).to_string();
    if !is_form {
        let to = format!("/confirm?before={}&to={}", act.as_str(), percent_encoded(&address));
        return Ok(Redirect::to(&to).into_response());
    }
    let signed = Signed::from_request_parts(&mut parts, site).await?;
    let own = [("confirmBefore", act.words()), ("confirmTo", &address), ("confirmForm", "yes")];
    let mut fields = sent_fields(sent);
    fields.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    render_refused(&page(site, &signed, &fields.into()).await?)
}

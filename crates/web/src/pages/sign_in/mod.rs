//! Sign-in by a typed code, and by a second step where there is one. Uses `domain` directly: a document cannot set a cookie.

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    access::{self, Browser, FinishSignIn, PasskeyChallenge, SignIn, SignInWithPasskey, SignedIn, Started},
    app::App,
};
use gateway::cookies;
use serde::Deserialize;

use crate::{
    forms::{self, Fields, FormState},
    page::{PageError, PageResult, outcome, render, render_refused, with_script},
    pages::assets,
    session::Signed,
    site::{SharedSite, SiteOptions},
};

#[derive(Template)]
#[template(path = "pages/sign_in/email.html")]
struct EmailPage {
    form: FormState,
    /// Whether it is to found an alliance.
    founds: bool,
    /// The address to go back to; may be empty.
    to: String,
    /// Whether a passkey can sign in here.
    has_passkeys: bool,
}

#[derive(Template)]
#[template(path = "pages/sign_in/passkey.html")]
struct PasskeyPage {
    asked: PasskeyChallenge,
    to: String,
}

#[derive(Template)]
#[template(path = "pages/sign_in/code.html")]
struct CodePage {
    form: FormState,
    email: String,
    to: String,
    has_mailbox: bool,
}

#[derive(Template)]
#[template(path = "pages/sign_in/second_step.html")]
struct SecondStepPage {
    form: FormState,
    /// What is to be finished. It opens nothing by itself.
    started: String,
    to: String,
    has_passkeys: bool,
}

impl SecondStepPage {
    /// Where one types first: into the field of the app, or of a recovery code once that was refused.
    fn focus(&self, field: &str) -> &'static str {
        let typed = if self.form.error("recoveryCode").is_some() { "recoveryCode" } else { "code" };
        if field == typed { "autofocus" } else { "" }
    }
}

/// Where somebody wanted to go.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    to: String,
}

pub(crate) async fn get(State(site): State<SharedSite>, Query(wanted): Query<Wanted>) -> PageResult {
    render(&email_page(&site, FormState::default(), wanted.to))
}

fn email_page(site: &SharedSite, form: FormState, to: String) -> EmailPage {
    EmailPage { form, founds: false, to, has_passkeys: access::has_passkeys(&site.gateway.app) }
}

/// Sends a code. The answer is the same for every address.
pub(crate) async fn post(
    State(site): State<SharedSite>,
    Form(fields): Form<Vec<(String, String)>>,
) -> PageResult {
    let fields = Fields::from(fields);
    let to = fields.text("to").to_owned();
    match outcome(access::request_sign_in_code(&site.gateway.app, fields.text("email")).await)? {
        Err(problem) => render_refused(&email_page(&site, FormState::refused(&fields, problem), to)),
        Ok(()) => render(&code_page(&site, &fields, FormState::default())),
    }
}

/// Where an alliance is started by somebody who has proved their address.
const FOUND: &str = "/alliances/new";

pub(crate) async fn sign_up() -> PageResult {
    render(&EmailPage { form: FormState::default(), founds: true, to: FOUND.into(), has_passkeys: false })
}

/// Sends a code to whoever has the address, known or not.
pub(crate) async fn send_sign_up_code(
    State(site): State<SharedSite>,
    Form(fields): Form<Vec<(String, String)>>,
) -> PageResult {
    let fields = Fields::from(fields);
    match outcome(access::request_sign_up_code(&site.gateway.app, fields.text("email")).await)? {
        Err(problem) => {
            let form = FormState::refused(&fields, problem);
            render_refused(&EmailPage { form, founds: true, to: FOUND.into(), has_passkeys: false })
        }
        Ok(()) => render(&code_page(&site, &fields, FormState::default())),
    }
}

fn code_page(site: &SharedSite, fields: &Fields, form: FormState) -> CodePage {
    CodePage {
        form,
        email: fields.text("email").to_owned(),
        to: fields.text("to").to_owned(),
        has_mailbox: site.options == SiteOptions::Development,
    }
}

/// Takes the typed code: on to the second step, or signed in.
pub(crate) async fn code(
    State(site): State<SharedSite>,
    from: Parts,
    Form(fields): Form<Vec<(String, String)>>,
) -> PageResult {
    let app = &site.gateway.app;
    let fields = Fields::from(fields);
    let network = site.gateway.address(&from.headers, &from.extensions).to_string();
    let input = SignIn {
        email: fields.text("email"),
        digits: fields.text("code"),
        browser: browser(&site, &from.headers, &network),
    };
    match outcome(access::sign_in(app, input).await)? {
        Ok(Started::SignedIn(signed)) => Ok(arrived(&site, &signed, &fields)),
        Ok(Started::SecondStep(started)) => {
            let to = fields.text("to").to_owned();
            let has_passkeys = access::has_passkeys(app);
            render(&SecondStepPage { form: FormState::default(), started, to, has_passkeys })
        }
        Err(problem) => {
            // A wrong code is of no use again: the field is empty for the right one.
            let kept = [("email", fields.text("email")), ("to", fields.text("to")), ("code", "")];
            let kept: Vec<_> = kept.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
            let form = FormState::refused(&Fields::from(kept), problem);
            render_refused(&code_page(&site, &fields, form))
        }
    }
}

/// Takes the second step of whoever has typed the code from the mail.
pub(crate) async fn second_step(
    State(site): State<SharedSite>,
    from: Parts,
    Form(fields): Form<Vec<(String, String)>>,
) -> PageResult {
    let fields = Fields::from(fields);
    let network = site.gateway.address(&from.headers, &from.extensions).to_string();
    let typed = match fields.text("recoveryCode") {
        "" => "code",
        _ => "recoveryCode",
    };
    let input = FinishSignIn {
        started: fields.text("started"),
        code: fields.text(typed),
        browser: browser(&site, &from.headers, &network),
    };
    match outcome(access::finish_sign_in(&site.gateway.app, input).await)? {
        Ok(signed) => Ok(arrived(&site, &signed, &fields)),
        Err(problem) => {
            let empty = Fields::from(vec![(typed.to_owned(), String::new())]);
            let form = FormState::refused(&empty, forms::at(problem, "code", typed));
            let (started, to) = (fields.text("started").to_owned(), fields.text("to").to_owned());
            let has_passkeys = access::has_passkeys(&site.gateway.app);
            render_refused(&SecondStepPage { form, started, to, has_passkeys })
        }
    }
}

/// Asks for a passkey, which stands for both steps.
pub(crate) async fn ask_passkey(
    State(site): State<SharedSite>,
    Form(fields): Form<Vec<(String, String)>>,
) -> PageResult {
    let asked = access::begin_passkey_sign_in(&site.gateway.app).await?.ok_or(PageError::NotFound)?;
    with_script(&PasskeyPage { asked, to: Fields::from(fields).text("to").to_owned() })
}

/// Takes what the device answered.
pub(crate) async fn passkey(
    State(site): State<SharedSite>,
    from: Parts,
    Form(fields): Form<Vec<(String, String)>>,
) -> PageResult {
    let fields = Fields::from(fields);
    let network = site.gateway.address(&from.headers, &from.extensions).to_string();
    let input = SignInWithPasskey {
        challenge: fields.text("challenge"),
        answer: fields.text("answer"),
        browser: browser(&site, &from.headers, &network),
    };
    match outcome(access::sign_in_with_passkey(&site.gateway.app, input).await)? {
        Ok(signed) => Ok(arrived(&site, &signed, &fields)),
        Err(problem) => {
            let form = FormState::refused(&Fields::default(), problem);
            render_refused(&email_page(&site, form, fields.text("to").to_owned()))
        }
    }
}

fn browser<'a>(site: &SharedSite, headers: &'a HeaderMap, network: &'a str) -> Browser<'a> {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    Browser {
        agent: agent.unwrap_or_default(),
        network,
        replaces: cookies::value(headers, cookies::session_name(&site.gateway.app)),
    }
}

/// Sets the session's cookie and leads to where one wanted to go.
fn arrived(site: &SharedSite, signed: &SignedIn, fields: &Fields) -> Response {
    let cookie = session_cookie(&site.gateway.app, &signed.token);
    ([(header::SET_COOKIE, cookie)], Redirect::to(own_address(fields.text("to")))).into_response()
}

/// The cookie of a session.
pub(crate) fn session_cookie(app: &App, token: &str) -> String {
    let secure = if app.links.is_https() { "; Secure" } else { "" };
    format!("{}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=7776000{secure}", cookies::session_name(app))
}

/// The address when it is one of ours, or the start: a link in a mail of somebody else's must not lead off the site.
pub(crate) fn own_address(wanted: &str) -> &str {
    let is_path = wanted.strip_prefix('/').is_some_and(|rest| !rest.starts_with('/'));
    let is_plain = wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_path && is_plain { wanted } else { "/" }
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
    let cookie =
        format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}", cookies::session_name(app));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}

#[cfg(test)]
mod tests {
    use super::own_address;

    #[test]
    fn nobody_is_led_off_the_site() {
        for ours in ["/wold-edge/invoices?state=OVERDUE", "/a"] {
            assert_eq!(own_address(ours), ours);
        }
        for theirs in
            ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: b=c", "", "a"]
        {
            assert_eq!(own_address(theirs), "/", "{theirs:?}");
        }
    }
}

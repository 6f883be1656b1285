//! Passkeys of one's own: adding one with the device's help, names, removing.

use askama::Template;
use axum::{
    extract::{Path, Request, State},
    http::header,
};
use domain::{
    access::{
        AddPasskey, PasskeyChallenge, add_passkey, begin_passkey, has_passkeys, remove_passkey,
        rename_passkey,
    },
    ids::PasskeyId,
    problem::Problem,
};
use uuid::Uuid;

use crate::{
    format,
    forms::{Fields, FormState, read_form},
    ids,
    page::{PageError, PageResult, done, outcome, render, render_refused, with_script},
    pages::{account::known_device, assets, query},
    session::Signed,
    site::SharedSite,
};

query!(Passkeys, "src/pages/passkeys/query.graphql");

type Passkey = passkeys::PasskeysViewerPasskeys;

#[derive(Template)]
#[template(path = "pages/passkeys/page.html")]
struct Page {
    passkeys: Vec<Passkey>,
    /// Whether the site has a name, which passkeys are tied to.
    can_add: bool,
    flash: Option<String>,
    form: FormState,
    csrf: String,
}

#[derive(Template)]
#[template(path = "pages/passkeys/add.html")]
struct AddPage {
    asked: PasskeyChallenge,
    /// What it is called unless the person says otherwise.
    usual: String,
    form: FormState,
    csrf: String,
}

impl Page {
    fn last_used(passkey: &Passkey) -> String {
        passkey
            .last_used_at
            .map_or_else(|| "never used".to_owned(), |at| format!("last used {}", format::moment(&at)))
    }
}

async fn page(site: &SharedSite, signed: &Signed, form: FormState) -> Result<Page, PageError> {
    let data = site.query::<Passkeys>(signed, passkeys::Variables {}).await?;
    Ok(Page {
        passkeys: data.viewer.ok_or(PageError::NotFound)?.passkeys,
        can_add: has_passkeys(&site.gateway.app),
        flash: signed.flash.clone(),
        form,
        csrf: signed.csrf.clone(),
    })
}

pub(crate) async fn get(State(site): State<SharedSite>, signed: Signed) -> PageResult {
    render(&page(&site, &signed, FormState::default()).await?)
}

/// What the device is asked counts once, so this answers with the page that asks it.
pub(crate) async fn begin(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let usual = known_device(agent.unwrap_or_default()).unwrap_or_default();
    read_form(&signed, request).await?;
    match outcome(begin_passkey(&site.gateway.app, &signed.session).await)? {
        Ok(asked) => {
            let csrf = signed.csrf.clone();
            with_script(&AddPage { asked, usual, form: FormState::default(), csrf })
        }
        Err(problem) => render_refused(&page(&site, &signed, refused(problem)).await?),
    }
}

pub(crate) async fn add(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let made = AddPasskey {
        challenge: fields.text("challenge").to_owned(),
        answer: fields.text("answer").to_owned(),
        name: fields.text("name").to_owned(),
    };
    let added = outcome(add_passkey(&site.gateway.app, &signed.session, made).await)?;
    let said = "The passkey is added: sign in with it from now on.";
    answer(&site, &signed, added.map(|_| said)).await
}

pub(crate) async fn rename(
    State(site): State<SharedSite>,
    signed: Signed,
    Path(id): Path<Uuid>,
    request: Request,
) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let name = fields.text("name");
    let renamed = outcome(rename_passkey(&site.gateway.app, &signed.session, PasskeyId(id), name).await)?;
    answer(&site, &signed, renamed.map(|()| "The passkey is renamed.")).await
}

pub(crate) async fn remove(
    State(site): State<SharedSite>,
    signed: Signed,
    Path(id): Path<Uuid>,
    request: Request,
) -> PageResult {
    read_form(&signed, request).await?;
    let removed = outcome(remove_passkey(&site.gateway.app, &signed.session, PasskeyId(id)).await)?;
    answer(&site, &signed, removed.map(|()| "The passkey is removed: it does not sign in any more.")).await
}

/// Back to the list, with what was done or what is wrong: what a device answered is of no use a second time.
async fn answer(site: &SharedSite, signed: &Signed, result: Result<&str, Problem>) -> PageResult {
    match result {
        Ok(said) => Ok(done("/account/passkeys", said)),
        Err(problem) => render_refused(&page(site, signed, refused(problem)).await?),
    }
}

fn refused(problem: Problem) -> FormState {
    FormState::refused(&Fields::default(), problem)
}

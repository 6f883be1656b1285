//! The second step of one's own sign-in: setting it up, its recovery codes, taking it off. The codes are shown once.

use askama::Template;
use axum::extract::{Query, Request, State};
use domain::{
    access::{
        ConfirmSecondStep, EnterError, SecondStepSetUp, begin_second_step, confirm_second_step, enter,
        remove_second_step, renew_recovery_codes, second_step_set_up,
    },
    problem::Problem,
};
use serde::Deserialize;

use crate::{
    format,
    forms::{self, Fields, FormState, read_form},
    page::{PageError, PageResult, outcome, render, render_refused},
    pages::query,
    qr::{Picture, picture},
    session::Signed,
    site::SharedSite,
};

query!(SecondStep, "src/pages/second_step/query.graphql");

/// Few enough recovery codes left to make new ones.
const FEW: i64 = 3;

/// The alliance that asked for a second step, by its slug.
#[derive(Deserialize, Default)]
pub(crate) struct Wanted {
    #[serde(default)]
    alliance: String,
}

type Alliance = second_step::SecondStepViewerAlliances;

#[derive(Template)]
#[template(path = "pages/second_step/page.html")]
struct Page {
    step: Option<second_step::SecondStepViewerSecondStep>,
    /// How many API tokens end when it is set.
    tokens: usize,
    /// The alliance to go on to.
    wanted: Option<Alliance>,
    /// Whether it is one that asks everybody for a second step, and does not let the person in without.
    is_asked_for: bool,
    /// What is being set up.
    begun: Option<(SecondStepSetUp, Option<Picture>)>,
    /// New recovery codes, this once.
    new: Vec<String>,
    flash: Option<String>,
    form: FormState,
    csrf: String,
}

impl Page {
    /// What setting it means for programs that ask in the person's name, if there are any.
    fn ending_tokens(&self) -> Option<String> {
        match self.tokens {
            0 => None,
            1 => Some("It revokes your API token: a program that still needs it needs a new one.".into()),
            many => Some(format!(
                "It revokes your {many} API tokens: programs that still need one need a new one."
            )),
        }
    }

    fn few(left: i64) -> bool {
        left <= FEW
    }
}

async fn page(
    site: &SharedSite,
    signed: &Signed,
    alliance: &str,
    form: FormState,
) -> Result<Page, PageError> {
    let data = site.query::<SecondStep>(signed, second_step::Variables {}).await?;
    let viewer = data.viewer.ok_or(PageError::NotFound)?;
    let entered = enter(&site.gateway.app, &signed.session, alliance).await;
    Ok(Page {
        is_asked_for: matches!(entered, Err(EnterError::NeedsSecondStep)),
        step: viewer.second_step,
        tokens: viewer.tokens.len(),
        wanted: viewer.alliances.into_iter().find(|one| one.slug == alliance),
        begun: None,
        new: Vec::new(),
        flash: signed.flash.clone(),
        form,
        csrf: signed.csrf.clone(),
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    signed: Signed,
    Query(wanted): Query<Wanted>,
) -> PageResult {
    render(&page(&site, &signed, &wanted.alliance, FormState::default()).await?)
}

/// What is being set up is kept nowhere but in the form that comes next, so this answers with the page itself.
pub(crate) async fn begin(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let alliance = fields.text("alliance");
    match outcome(begin_second_step(&site.gateway.app, &signed.session).await)? {
        Ok(begun) => {
            let page = page(&site, &signed, alliance, FormState::default()).await?;
            render(&Page { begun: Some(with_picture(begun)), ..page })
        }
        Err(problem) => {
            render_refused(&page(&site, &signed, alliance, FormState::refused(&fields, problem)).await?)
        }
    }
}

fn with_picture(begun: SecondStepSetUp) -> (SecondStepSetUp, Option<Picture>) {
    let picture = picture(&begun.address);
    (begun, picture)
}

/// Answers with the recovery codes, which nobody can see again.
pub(crate) async fn confirm(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let app = &site.gateway.app;
    let fields = read_form(&signed, request).await?;
    let input =
        ConfirmSecondStep { set_up: fields.text("setUp").to_owned(), code: fields.text("code").to_owned() };
    match outcome(confirm_second_step(app, &signed.session, input).await)? {
        Ok(new) => show(&site, &signed, fields.text("alliance"), new).await,
        Err(problem) => {
            let begun = second_step_set_up(app, &signed.session, fields.text("setUp"))?;
            let page = page(&site, &signed, fields.text("alliance"), refused("code", problem)).await?;
            let begun = begun.filter(|_| page.step.is_none()).map(with_picture);
            render_refused(&Page { begun, ..page })
        }
    }
}

pub(crate) async fn renew(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let fields = read_form(&signed, request).await?;
    match outcome(renew_recovery_codes(&site.gateway.app, &signed.session, fields.text("code")).await)? {
        Ok(new) => show(&site, &signed, "", new).await,
        Err(problem) => render_refused(&page(&site, &signed, "", refused("code", problem)).await?),
    }
}

async fn show(site: &SharedSite, signed: &Signed, alliance: &str, new: Vec<String>) -> PageResult {
    render(&Page { new, ..page(site, signed, alliance, FormState::default()).await? })
}

pub(crate) async fn remove(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let code = fields.text("removalCode");
    match outcome(remove_second_step(&site.gateway.app, &signed.session, code).await)? {
        Ok(()) => Ok(crate::page::done("/account/second-step", "Your second step is taken off.")),
        Err(problem) => {
            let problem = forms::at(problem, "code", "removalCode");
            render_refused(&page(&site, &signed, "", refused("removalCode", problem)).await?)
        }
    }
}

/// A code that was refused is of no use again: its field is empty for the right one.
fn refused(field: &str, problem: Problem) -> FormState {
    FormState::refused(&Fields::from(vec![(field.to_owned(), String::new())]), problem)
}

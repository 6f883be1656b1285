//! API tokens of one's own: what programs may do in one's name. What a token looks like is shown once.

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use domain::{
    access::{CreateToken, EnterError, NewToken, create_token, enter, revoke_token},
    ids::ApiTokenId,
    problem::Problem,
    viewer::Permission,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    format,
    forms::{self, Fields, FormState, problem, read_form},
    ids,
    page::{PageError, PageResult, outcome, render, render_refused},
    pages::query,
    session::Signed,
    site::SharedSite,
    words,
};

query!(Tokens, "src/pages/tokens/query.graphql");

/// For which alliance a token is to be made, by its slug.
#[derive(Deserialize, Default)]
pub(crate) struct Wanted {
    #[serde(default)]
    alliance: String,
}

type Token = tokens::TokensViewerTokens;

#[derive(Template)]
#[template(path = "pages/tokens/page.html")]
struct Page {
    email: String,
    /// Where requests go.
    graphql: String,
    tokens: Vec<Token>,
    alliances: Vec<tokens::TokensViewerAlliances>,
    /// The alliance of the form, and what may be chosen there; none as long as there are several to choose from.
    chosen: Option<(String, String, Vec<Permission>)>,
    new: Option<NewToken>,
    flash: Option<String>,
    form: FormState,
    csrf: String,
}

impl Page {
    /// What a token may do, as a sentence; seeing the alliance goes without saying.
    fn may(token: &Token) -> String {
        let stored = token.permissions.iter().map(words::lower_name);
        let labels: Vec<_> = stored
            .filter_map(|name| Permission::parse(&name))
            .filter(|one| *one != Permission::SeeAlliance || token.permissions.len() == 1)
            .map(Permission::label)
            .collect();
        words::sentence(&labels.join("; "))
    }

    fn last_used(token: &Token) -> String {
        token
            .last_used_at
            .map_or_else(|| "never used".to_owned(), |at| format!("last used {}", format::moment(&at)))
    }
}

async fn page(
    site: &SharedSite,
    signed: &Signed,
    alliance: &str,
    form: FormState,
) -> Result<Page, PageError> {
    let app = &site.gateway.app;
    let data = site.query::<Tokens>(signed, tokens::Variables {}).await?;
    let viewer = data.viewer.ok_or(PageError::NotFound)?;
    let slug = match &viewer.alliances[..] {
        [only] => &only.slug,
        _ => alliance,
    };
    let entered = match enter(app, &signed.session, slug).await {
        Ok(entered) => entered,
        // Tokens can be seen and revoked all the same, as long as none is to be made.
        Err(EnterError::NeedsSecondStep) if alliance.is_empty() => None,
        Err(EnterError::NeedsSecondStep) => {
            return Err(PageError::NeedsSecondStep { slug: slug.to_owned() });
        }
        Err(EnterError::Internal(error)) => return Err(error.into()),
    };
    let chosen = entered.map(|entered| {
        let may = |one: &Permission| *one != Permission::SeeAlliance && entered.viewer.reach(*one).is_ok();
        (
            entered.alliance.slug.clone(),
            entered.alliance.name.clone(),
            Permission::all().filter(may).collect(),
        )
    });
    Ok(Page {
        email: viewer.email,
        graphql: app.links.to("/graphql"),
        tokens: viewer.tokens,
        alliances: viewer.alliances,
        chosen,
        new: None,
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

fn read(fields: &Fields) -> Result<CreateToken, Problem> {
    let days = fields.text("days").parse().map_err(|_| problem("days", "please give a number of days"))?;
    Ok(CreateToken {
        slug: fields.text("alliance").to_owned(),
        name: fields.text("name").to_owned(),
        permissions: std::iter::once(Permission::SeeAlliance)
            .chain(fields.all("permissions").filter_map(Permission::parse))
            .collect(),
        days,
    })
}

/// Answers with the page itself: what the token looks like is kept nowhere, so it cannot be led to.
pub(crate) async fn post(State(site): State<SharedSite>, signed: Signed, request: Request) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let result = match read(&fields) {
        Err(problem) => Err(problem),
        Ok(input) => outcome(create_token(&site.gateway.app, &signed.session, input).await)?,
    };
    let alliance = fields.text("alliance");
    match result {
        Ok(new) => {
            let page = page(&site, &signed, alliance, FormState::default()).await?;
            render(&Page { new: Some(new), ..page })
        }
        Err(problem) => {
            render_refused(&page(&site, &signed, alliance, FormState::refused(&fields, problem)).await?)
        }
    }
}

pub(crate) async fn revoke(
    State(site): State<SharedSite>,
    signed: Signed,
    Path(id): Path<Uuid>,
    request: Request,
) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let revoked = outcome(revoke_token(&site.gateway.app, &signed.session, ApiTokenId(id)).await)?;
    let next = |()| ("/account/tokens".to_owned(), "That token is worth nothing any more.".to_owned());
    forms::answer(revoked, &fields, |form| page(&site, &signed, "", form), next).await
}

//! Leaving an alliance: what ends with it, and the last day.

use askama::Template;
use axum::extract::{Query, Request, State};
use chrono::{Days, NaiveDate};
use domain::{
    access::{EnterError, enter},
    people::departures::{LeaveAlliance, MOST_DAYS_AHEAD, leave_alliance},
};
use serde::Deserialize;

use crate::{
    format,
    forms::{self, FormState, read_form},
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Signed,
    site::SharedSite,
    words,
};

query!(Leave, "src/pages/leave/query.graphql");

/// Which alliance, by its slug.
#[derive(Deserialize, Default)]
pub(crate) struct Wanted {
    #[serde(default)]
    alliance: String,
}

type Role = leave::LeaveAllianceMeHoldingsRoles;
type Post = leave::LeaveAllianceMeHoldingsPosts;

#[derive(Template)]
#[template(path = "pages/leave/page.html")]
struct Page {
    alliance: Option<leave::LeaveAlliance>,
    /// Those to choose from, as long as none is chosen.
    alliances: Vec<leave::LeaveViewerAlliances>,
    flash: Option<String>,
    form: FormState,
    csrf: String,
}

/// What a role is, and where: `Head, Alder Primary School`.
fn role(role: &Role) -> String {
    let member = role.member.as_ref().map(|member| member.name.as_str());
    let place = member.or(role.strand.as_ref().map(|strand| strand.name.as_str()));
    words::at(&words::role(&role.role), place)
}

/// What a post is, and where.
fn post(post: &Post) -> String {
    words::at(&post.title, post.member.as_ref().map(|member| member.name.as_str()))
}

fn role_term(role: &Role, alliance: &leave::LeaveAlliance) -> String {
    words::term(role.starts_on, role.ends_on, alliance.today).label
}

fn post_term(post: &Post, alliance: &leave::LeaveAlliance) -> String {
    words::term(post.starts_on, post.ends_on, alliance.today).label
}

/// Which days can be the last.
fn days(alliance: &leave::LeaveAlliance) -> String {
    format!("Today, or a day up to {}.", format::day(&(alliance.today + Days::new(MOST_DAYS_AHEAD))))
}

async fn page(site: &SharedSite, signed: &Signed, slug: &str, form: FormState) -> Result<Page, PageError> {
    match enter(&site.gateway.app, &signed.session, slug).await {
        Ok(_) => {}
        Err(EnterError::NeedsSecondStep) => {
            return Err(PageError::NeedsSecondStep { slug: slug.to_owned() });
        }
        Err(EnterError::Internal(error)) => return Err(error.into()),
    }
    let data = site.query::<Leave>(signed, leave::Variables { slug: slug.to_owned() }).await?;
    let viewer = data.viewer.ok_or(PageError::NotFound)?;
    Ok(Page {
        alliance: data.alliance,
        alliances: viewer.alliances,
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

pub(crate) async fn post_form(
    State(site): State<SharedSite>,
    signed: Signed,
    request: Request,
) -> PageResult {
    let fields = read_form(&signed, request).await?;
    let slug = fields.text("alliance").to_owned();
    let result = match fields.date("endsOn") {
        Err(problem) => Err(problem),
        Ok(ends_on) => {
            let input = LeaveAlliance { slug: slug.clone(), ends_on };
            let left = outcome(leave_alliance(&site.gateway.app, &signed.session, input).await)?;
            left.map(|()| ends_on)
        }
    };
    let show = |form| page(&site, &signed, &slug, form);
    let next = |ends_on: NaiveDate| {
        let said = format!("You leave on {}. Whoever runs the alliance is told.", format::day(&ends_on));
        ("/account".to_owned(), said)
    };
    forms::answer(result, &fields, show, next).await
}

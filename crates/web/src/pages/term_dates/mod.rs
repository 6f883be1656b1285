//! When schools are open: the terms of one school year.

use askama::Template;
use axum::extract::{Query, Request, State};
use domain::{
    alliances::terms::{SchoolYear, SetTermDates, Term, set_term_dates},
    dates::read_date,
    problem::Problem,
    viewer::Permission,
};
use serde::Deserialize;

use crate::{
    forms::{self, Fields, FormState, problem, read_form},
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
};

query!(TermDates, "src/pages/term_dates/query.graphql");

/// Which school year, and whether what is proposed for it is shown in place of what is kept.
#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    year: String,
    #[serde(default)]
    proposed: String,
}

/// Lines of the form: the six halves of a year, and two more.
const LINES: usize = 8;

/// A line of the form with the names of its fields.
#[derive(Default)]
struct Line {
    number: usize,
    name: String,
    starts_on: String,
    ends_on: String,
}

#[derive(Template)]
#[template(path = "pages/term_dates/page.html")]
struct Page {
    shell: Shell,
    year: SchoolYear,
    /// The years before and after, as far as they can be kept.
    others: Vec<SchoolYear>,
    lines: Vec<Line>,
    /// Whether any term of the year is kept.
    is_kept: bool,
    /// Whether what is shown is only proposed.
    is_proposed: bool,
    /// Who publishes what is proposed; none for a usual year.
    authority: Option<String>,
    form: FormState,
    base: String,
    settings: String,
}

async fn page(site: &SharedSite, within: &Within, asked: Asked, form: FormState) -> Result<Page, PageError> {
    if !within.may(Permission::ManageAlliance) {
        return Err(PageError::Forbidden);
    }
    let now = SchoolYear::of(site.gateway.app.clock.now().date_naive());
    let year = asked.year.trim().parse().map_or(now, SchoolYear);
    let near = now.0 - 1..=now.0 + 2;
    if !near.contains(&year.0) {
        return Err(PageError::NotFound);
    }
    let variables = term_dates::Variables { slug: within.slug(), year: year.0.into() };
    let data = site.query::<TermDates>(&within.signed, variables).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let kept: Vec<_> = alliance
        .term_dates
        .into_iter()
        .filter(|term| term.school_year == i64::from(year.0))
        .map(|term| (term.name, term.starts_on, term.ends_on))
        .collect();
    let proposed = alliance.proposed_terms;
    let offered: Vec<_> =
        proposed.terms.into_iter().map(|term| (term.name, term.starts_on, term.ends_on)).collect();
    // What is kept just so need not be looked at.
    let authority = proposed.local_authority.filter(|_| kept != offered);
    let is_kept = !kept.is_empty();
    let is_proposed = !is_kept || !asked.proposed.is_empty();
    let shown = if is_proposed { offered } else { kept };
    let mut lines: Vec<_> = (1..)
        .zip(shown)
        .map(|(number, (name, starts_on, ends_on))| Line {
            number,
            name,
            starts_on: starts_on.to_string(),
            ends_on: ends_on.to_string(),
        })
        .collect();
    lines.extend((lines.len() + 1..=LINES).map(|number| Line { number, ..Line::default() }));
    Ok(Page {
        shell: within.shell("Term dates"),
        year,
        others: near.map(SchoolYear).filter(|other| *other != year).collect(),
        lines,
        is_kept,
        is_proposed,
        authority,
        form,
        base: within.path("/settings/terms"),
        settings: within.path("/settings"),
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(asked): Query<Asked>,
) -> PageResult {
    render(&page(&site, &within, asked, FormState::default()).await?)
}

/// The lines that have anything in them.
fn terms(fields: &Fields) -> Result<Vec<Term>, Problem> {
    let mut terms = Vec::new();
    for line in 1..=LINES {
        let typed =
            ["name", "startsOn", "endsOn"].map(|field| fields.text(&format!("{field}{line}")).to_owned());
        if typed.iter().all(String::is_empty) {
            continue;
        }
        let [name, starts_on, ends_on] = typed;
        let date = |typed: &str, which: &str| match typed {
            "" => Err(problem("terms", &format!("Line {line}: please give its {which} day."))),
            typed => read_date(typed).map_err(|error| problem("terms", &format!("Line {line}: {error}"))),
        };
        terms.push(Term { name, starts_on: date(&starts_on, "first")?, ends_on: date(&ends_on, "last")? });
    }
    Ok(terms)
}

pub(crate) async fn post(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let year = SchoolYear(fields.text("schoolYear").parse().unwrap_or_default());
    let result = match terms(&fields) {
        Err(problem) => Err(problem),
        Ok(terms) => {
            let input = SetTermDates { year, terms };
            outcome(set_term_dates(&site.gateway.app, within.viewer(), input).await)?
        }
    };
    let asked = Asked { year: year.0.to_string(), ..Asked::default() };
    let show = |form| page(&site, &within, asked, form);
    let next = |terms: Vec<Term>| {
        let said = if terms.is_empty() { "No terms are kept for" } else { "The terms are saved for" };
        (within.path(&format!("/settings/terms?year={}", year.0)), format!("{said} {}.", year.label()))
    };
    forms::answer(result, &fields, show, next).await
}

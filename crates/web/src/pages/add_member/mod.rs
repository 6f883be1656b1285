//! A school joins: found in the national register by words or by its number, or outside it.

use askama::Template;
use axum::extract::{Query, Request, State};
use chrono::NaiveDate;
use domain::{
    schools::members::{AddMember as Input, Member, MemberIdentity, Phase, add_member as join},
    viewer::Permission,
};
use serde::Deserialize;

use crate::{
    format,
    forms::{FormState, answer, at, read_form},
    page::{PageError, PageResult, outcome, render},
    pages::{
        assign_payer::{payer_choice, payer_options},
        payers, query,
    },
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(AddMember, "src/pages/add_member/query.graphql");

/// What was looked for, and which of it was chosen.
#[derive(Deserialize, Default)]
pub(crate) struct Lookup {
    #[serde(default)]
    q: String,
    #[serde(default)]
    urn: String,
}

impl Lookup {
    /// The number that was chosen, or typed in full.
    fn urn(&self) -> Option<i32> {
        let typed = [self.urn.trim(), self.q.trim()].into_iter().find(|text| text.len() == 6)?;
        typed.parse().ok()
    }

    /// What the schools of the register are searched for.
    fn words(&self) -> &str {
        if self.urn().is_some() { "" } else { self.q.trim() }
    }
}

type Found = add_member::AddMemberAllianceRegisterSchool;
type Successor = add_member::AddMemberAllianceTodaysSchools;

#[derive(Template)]
#[template(path = "pages/add_member/page.html")]
struct Page {
    shell: Shell,
    lookup: Lookup,
    today: NaiveDate,
    has_register: bool,
    results: Vec<add_member::AddMemberAllianceRegisterSchools>,
    found: Option<Found>,
    /// What the chosen school has become, when that is another.
    successors: Vec<Successor>,
    payers: Vec<payers::Named>,
    form: FormState,
    base: String,
}

impl Page {
    /// Who may pay for the member.
    fn payers(&self) -> Vec<(&str, &str)> {
        payer_options(payers::options(&self.payers))
    }

    fn caption(&self) -> String {
        match self.results.len() {
            MOST_FOUND.. => {
                format!("The first {MOST_FOUND} schools: the town or the local authority finds fewer")
            }
            found => format::plural(&i64::try_from(found).unwrap_or(i64::MAX), "school", "schools"),
        }
    }
}

/// As many as the schema finds at most.
const MOST_FOUND: usize = 20;

async fn page(
    site: &SharedSite,
    within: &Within,
    lookup: Lookup,
    form: FormState,
) -> Result<Page, PageError> {
    if !within.may(Permission::ManageMembers) {
        return Err(PageError::Forbidden);
    }
    let urn = i64::from(lookup.urn().unwrap_or_default());
    let variables = add_member::Variables { slug: within.slug(), text: lookup.words().to_owned(), urn };
    let data = site.query::<AddMember>(&within.signed, variables).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    Ok(Page {
        shell: within.shell(&format!("Add {}", format::a(&within.entered.wording.member))),
        base: within.path("/members"),
        today: alliance.today,
        has_register: alliance.register_is_loaded,
        results: alliance.register_schools,
        found: alliance.register_school,
        successors: alliance.todays_schools.into_iter().filter(|school| school.urn != urn).collect(),
        payers: payers::every!(site, within, alliance.payers)?,
        lookup,
        form,
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(lookup): Query<Lookup>,
) -> PageResult {
    render(&page(&site, &within, lookup, FormState::default()).await?)
}

pub(crate) async fn post(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let identity = match fields.text("urn").parse() {
        Ok(urn) => MemberIdentity::Register { urn },
        Err(_) => MemberIdentity::Outside {
            name: fields.text("name").to_owned(),
            phase: Phase::parse(&fields.text("phase").to_lowercase()).unwrap_or(Phase::Other),
        },
    };
    let payer = payer_choice(&fields);
    let result = match fields.date("joinedOn") {
        Err(problem) => Err(problem),
        Ok(joined_on) => {
            let input = Input { identity, joined_on, payer };
            outcome(join(&site.gateway.app, within.viewer(), input).await)?
        }
    };
    let result = result.map_err(|problem| at(problem, "payerId", "payer"));
    let lookup = Lookup { urn: fields.text("urn").to_owned(), ..Lookup::default() };
    let next = |member: Member| {
        let said = format!("{} is {} now.", member.name, format::a(&within.entered.wording.member));
        (within.path(&format!("/members/{}", member.id)), said)
    };
    answer(result, &fields, |form| page(&site, &within, lookup, form), next).await
}

//! A school joins: by its number in the national register, or outside it.

use askama::Template;
use axum::extract::{Query, Request, State};
use chrono::NaiveDate;
use domain::{
    ids::PayerId,
    schools::members::{AddMember as Input, MemberIdentity, PayerChoice, Phase, add_member as join},
    viewer::Permission,
};
use gateway::schema::ids::decode;
use serde::Deserialize;

use crate::{
    forms::{FormState, read_form},
    page::{PageError, PageResult, done, outcome, render, render_refused},
    pages::{member::payer_details, query},
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(AddMember, "src/pages/add_member/query.graphql");

#[derive(Deserialize, Default)]
pub(crate) struct Lookup {
    #[serde(default)]
    urn: String,
}

#[derive(Template)]
#[template(path = "pages/add_member/page.html")]
struct Page {
    shell: Shell,
    lookup: Lookup,
    today: NaiveDate,
    found: Option<add_member::AddMemberAllianceRegisterSchool>,
    payers: Vec<add_member::AddMemberAlliancePayers>,
    form: FormState,
    base: String,
}

impl Page {
    /// Who may pay for the member.
    fn payers(&self) -> Vec<(&str, &str)> {
        let known = self.payers.iter().map(|payer| (payer.id.as_str(), payer.legal_name.as_str()));
        [("itself", "The school itself"), ("new", "A new payer, named below")]
            .into_iter()
            .chain(known)
            .collect()
    }
}

async fn page(
    site: &SharedSite,
    within: &Within,
    lookup: Lookup,
    form: FormState,
) -> Result<Page, PageError> {
    if !within.may(Permission::ManageMembers) {
        return Err(PageError::Forbidden);
    }
    let urn = lookup.urn.trim().parse::<i64>().ok().filter(|urn| i32::try_from(*urn).is_ok());
    let variables = add_member::Variables { slug: within.slug(), urn: urn.unwrap_or(0) };
    let data = site.query::<AddMember>(&within.signed, variables).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    Ok(Page {
        shell: within.shell("Add a member"),
        base: within.path("/members"),
        today: alliance.today,
        found: alliance.register_school,
        payers: alliance.payers,
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
    let payer = match (fields.text("payer"), decode(fields.text("payer"))) {
        (_, Some((_, _, id))) => PayerChoice::Existing(PayerId(id)),
        ("new", None) => PayerChoice::New(payer_details(&fields, None)),
        _ => PayerChoice::Itself,
    };
    let result = match fields.date("joinedOn") {
        Err(problem) => Err(problem),
        Ok(joined_on) => {
            let input = Input { identity, joined_on, payer };
            outcome(join(&site.gateway.app, within.viewer(), input).await)?
        }
    };
    match result {
        Ok(member) => {
            let said = format!("{} is a member now.", member.name);
            Ok(done(&within.path(&format!("/members/{}", member.id)), &said))
        }
        Err(problem) => {
            let lookup = Lookup { urn: fields.text("urn").to_owned() };
            render_refused(&page(&site, &within, lookup, FormState::refused(&fields, problem)).await?)
        }
    }
}

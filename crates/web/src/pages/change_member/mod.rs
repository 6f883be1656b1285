//! A member's name, number, phase and first day.

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use domain::{
    ids::MemberId,
    schools::members::{ChangeMember as Input, Member, Phase, change_member as change},
    viewer::Permission,
};
use gateway::schema::ids::Kind;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    format,
    forms::{Fields, FormState, answer, problem, read_form},
    ids::global,
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(ChangeMember, "src/pages/change_member/query.graphql");

/// The number that the school shall have, when a link proposes one.
#[derive(Deserialize, Default)]
pub(crate) struct Proposed {
    urn: Option<i32>,
}

type Entry = change_member::ChangeMemberAllianceRegisterSchool;

#[derive(Template)]
#[template(path = "pages/change_member/page.html")]
struct Page {
    shell: Shell,
    member: change_member::ChangeMemberAllianceMember,
    /// The proposed school.
    entry: Option<Entry>,
    proposed: Option<i32>,
    form: FormState,
    base: String,
}

impl Page {
    fn name(&self) -> &str {
        self.entry.as_ref().map_or(&self.member.name, |entry| &entry.name)
    }

    fn urn(&self) -> String {
        let known = self.member.urn.map(|urn| urn.to_string());
        self.proposed.map(|urn| urn.to_string()).or(known).unwrap_or_default()
    }

    /// As the register has it, unless that knows none.
    fn phase(&self) -> String {
        let entry = self.entry.as_ref().map(|entry| words::name(&entry.phase));
        entry.filter(|phase| phase != "OTHER").unwrap_or_else(|| words::name(&self.member.phase))
    }
}

async fn page(
    site: &SharedSite,
    within: &Within,
    id: Uuid,
    (proposed, form): (Option<i32>, FormState),
) -> Result<Page, PageError> {
    let variables = change_member::Variables {
        slug: within.slug(),
        id: global(within, Kind::Member, id),
        urn: proposed.unwrap_or_default().into(),
    };
    let data = site.query::<ChangeMember>(&within.signed, variables).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let member = alliance.member.ok_or(PageError::NotFound)?;
    if !within.may(Permission::ManageMembers) {
        return Err(PageError::Forbidden);
    }
    Ok(Page {
        shell: within.shell(&format!("Change {}", format::a(&within.entered.wording.member))),
        base: within.path(&format!("/members/{id}")),
        member,
        entry: alliance.register_school,
        proposed,
        form,
    })
}

type Address = Path<(String, Uuid)>;

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    Query(proposed): Query<Proposed>,
) -> PageResult {
    render(&page(&site, &within, id, (proposed.urn, FormState::default())).await?)
}

fn input(fields: &Fields, id: Uuid) -> Result<Input, domain::problem::Problem> {
    let urn = fields.optional("urn").map(|text| text.parse());
    let phase = Phase::parse(&fields.text("phase").to_lowercase());
    Ok(Input {
        member_id: MemberId(id),
        name: fields.text("name").to_owned(),
        urn: urn.transpose().map_err(|_| problem("urn", "A URN has six digits."))?,
        phase: phase.ok_or_else(|| problem("phase", "Please choose a phase."))?,
        joined_on: fields.date("joinedOn")?,
    })
}

pub(crate) async fn post(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let result = match input(&fields, id) {
        Err(problem) => Err(problem),
        Ok(input) => outcome(change(&site.gateway.app, within.viewer(), input).await)?,
    };
    let next = |_: Member| (within.path(&format!("/members/{id}")), "The changes are saved.".to_owned());
    answer(result, &fields, |form| page(&site, &within, id, (None, form)), next).await
}

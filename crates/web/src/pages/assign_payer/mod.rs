//! Somebody else pays for a member from now on.

use askama::Template;
use axum::extract::{Path, Request, State};
use domain::{
    ids::{MemberId, PayerId},
    schools::members::{AssignPayer as Input, PayerChoice, assign_payer as assign},
    viewer::Permission,
};
use gateway::schema::ids::{Kind, decode};
use uuid::Uuid;

use crate::{
    forms::{Fields, FormState, answer, at, read_form},
    ids::global,
    page::{PageError, PageResult, outcome, render},
    pages::{member::payer_details, payers, query},
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(AssignPayer, "src/pages/assign_payer/query.graphql");

#[derive(Template)]
#[template(path = "pages/assign_payer/page.html")]
struct Page {
    shell: Shell,
    member: assign_payer::AssignPayerAllianceMember,
    payers: Vec<payers::Named>,
    form: FormState,
    base: String,
}

impl Page {
    /// Who may pay instead of who does.
    fn payers(&self) -> Vec<(&str, &str)> {
        let now = self.member.payer.as_ref().map(|payer| payer.id.as_str());
        payer_options(payers::options(&self.payers).filter(|(id, _)| Some(*id) != now))
    }

    fn payer_now(&self) -> String {
        match self.member.payer.as_ref().map(|payer| payer.legal_name.as_str()) {
            None => "Nobody pays for the school at present.".into(),
            Some(payer) if payer == self.member.name => "The school pays for itself at present.".into(),
            Some(payer) => format!("{payer} pays for {} at present.", self.member.name),
        }
    }
}

/// Who may pay: the school, somebody new, or one of `known`, by id and name.
pub(crate) fn payer_options<'a>(known: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(&'a str, &'a str)> {
    [("itself", "The school itself"), ("new", "A new payer, named below")].into_iter().chain(known).collect()
}

/// Who shall pay, as a form with [`payer_options`] says it.
pub(crate) fn payer_choice(fields: &Fields) -> PayerChoice {
    match (fields.text("payer"), decode(fields.text("payer"))) {
        (_, Some((_, _, id))) => PayerChoice::Existing(PayerId(id)),
        ("new", None) => PayerChoice::New(payer_details(fields, None)),
        _ => PayerChoice::Itself,
    }
}

async fn page(site: &SharedSite, within: &Within, id: Uuid, form: FormState) -> Result<Page, PageError> {
    let variables = assign_payer::Variables { slug: within.slug(), id: global(within, Kind::Member, id) };
    let data = site.query::<AssignPayer>(&within.signed, variables).await?;
    let alliance = data.alliance.ok_or(PageError::NotFound)?;
    let member = alliance.member.ok_or(PageError::NotFound)?;
    if !within.may(Permission::ManageMembers) {
        return Err(PageError::Forbidden);
    }
    Ok(Page {
        shell: within.shell("Another payer"),
        base: within.path(&format!("/members/{id}")),
        member,
        payers: payers::every!(site, within, alliance.payers)?,
        form,
    })
}

type Address = Path<(String, Uuid)>;

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
) -> PageResult {
    render(&page(&site, &within, id, FormState::default()).await?)
}

pub(crate) async fn post(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let input = Input { member_id: MemberId(id), payer: payer_choice(&fields) };
    let result = outcome(assign(&site.gateway.app, within.viewer(), input).await)?;
    let result = result.map_err(|problem| at(problem, "payerId", "payer"));
    let next = |_| (within.path(&format!("/members/{id}")), "The payer is another from now on.".to_owned());
    answer(result, &fields, |form| page(&site, &within, id, form), next).await
}

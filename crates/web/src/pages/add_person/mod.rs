//! A person whom the alliance comes to know, with a post and a role.

use askama::Template;
use axum::extract::{Request, State};
use chrono::NaiveDate;
use domain::{
    ids::MemberId,
    people::{self, AddPerson as Input, NewPost, Person},
    viewer::{Permission, Role},
};
use gateway::schema::ids::decode;

use crate::{
    format,
    forms::{Fields, FormState, answer, read_form},
    ids,
    lists::read_on,
    page::{PageError, PageResult, outcome, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(AddPerson, "src/pages/add_person/query.graphql");

#[derive(Template)]
#[template(path = "pages/add_person/page.html")]
struct Page {
    shell: Shell,
    today: NaiveDate,
    members: Vec<(String, String)>,
    strands: Vec<(String, String)>,
    roles: Vec<(&'static str, String)>,
    form: FormState,
    base: String,
}

async fn page(site: &SharedSite, within: &Within, form: FormState) -> Result<Page, PageError> {
    if !within.may(Permission::ManageMembers) {
        return Err(PageError::Forbidden);
    }
    let mut alliance = load(site, within, None).await?;
    read_on!(alliance.members, |after| load(site, within, after));
    Ok(Page {
        shell: within.shell("Add a person"),
        base: within.path("/people"),
        today: alliance.today,
        members: words::choices(
            "no school",
            alliance.members.nodes.into_iter().map(|one| (one.id, one.name)),
        ),
        strands: words::choices("none", alliance.strands.into_iter().map(|one| (one.id, one.name))),
        roles: words::roles_to_give(within.viewer(), "none: they do not sign in"),
        form,
    })
}

async fn load(
    site: &SharedSite,
    within: &Within,
    after: Option<String>,
) -> Result<add_person::AddPersonAlliance, PageError> {
    let variables = add_person::Variables { slug: within.slug(), after };
    let data = site.query::<AddPerson>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

pub(crate) async fn get(State(site): State<SharedSite>, within: Within) -> PageResult {
    render(&page(&site, &within, FormState::default()).await?)
}

pub(crate) async fn post(State(site): State<SharedSite>, within: Within, request: Request) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let result = match new_post(&fields) {
        Err(problem) => Err(problem),
        Ok(post) => {
            let input = Input {
                name: fields.text("name").to_owned(),
                email: fields.optional("email"),
                post,
                role: Role::parse(fields.text("role")),
                strand_id: ids::strand(fields.text("strandId")),
            };
            outcome(people::add_person(&site.gateway.app, within.viewer(), input).await)?
        }
    };
    let next = |person: Person| {
        (within.path(&format!("/people/{}", person.id)), format!("{} is added.", person.name))
    };
    answer(result, &fields, |form| page(&site, &within, form), next).await
}

/// The post that a form names, if it names a school.
pub(crate) fn new_post(fields: &Fields) -> Result<Option<NewPost>, domain::problem::Problem> {
    let Some((_, _, id)) = decode(fields.text("memberId")) else { return Ok(None) };
    Ok(Some(NewPost {
        member_id: MemberId(id),
        title: fields.text("title").to_owned(),
        starts_on: fields.optional_date("startsOn")?,
    }))
}

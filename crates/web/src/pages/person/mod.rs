//! One person: name and address, posts and roles, each with its form, and what was changed.

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use chrono::NaiveDate;
use domain::{
    ids::{MemberId, PersonId, PostId, RoleGrantId},
    people::{self, AddPost, ChangePerson, ChangePost, EndRole, GrantRole},
    problem::Problem,
    viewer::{Permission, Role},
};
use gateway::schema::ids::{Kind, decode};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    format,
    forms::{self, Fields, FormState, problem, read_form},
    ids::{self, global},
    lists::read_on,
    page::{PageError, PageResult, outcome, render},
    pages::{add_person::new_post, query},
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Person, "src/pages/person/query.graphql");

/// What is being changed: `person`, `post` or `role` for a new one, or the id of a post or role that is there. One form
/// at a time, so that no two fields of the page have one name.
#[derive(Deserialize, Default)]
pub(crate) struct Editing {
    #[serde(default)]
    edit: String,
}

#[derive(Template)]
#[template(path = "pages/person/page.html")]
struct Page {
    shell: Shell,
    today: NaiveDate,
    person: person::PersonAlliancePerson,
    members: Vec<(String, String)>,
    strands: Vec<(String, String)>,
    roles: Vec<(&'static str, String)>,
    edit: String,
    form: FormState,
    may_manage: bool,
    base: String,
}

type Post = person::PersonAlliancePersonPosts;
type Grant = person::PersonAlliancePersonRoles;

impl Page {
    fn purpose(&self) -> String {
        let person = &self.person;
        let holds_role =
            person.roles.iter().any(|grant| words::holds(grant.starts_on, grant.ends_on, self.today));
        match (holds_role, person.has_signed_in, &person.email) {
            (false, ..) => "Holds no role today, so does not sign in.".into(),
            (true, true, _) => "Signs in with the address that they proved when they first did so.".into(),
            (true, false, Some(email)) => format!("Can sign in with {email}; has not yet."),
            (true, false, None) => "Cannot sign in without an email address.".into(),
        }
    }

    fn edits(&self, what: &str) -> bool {
        self.may_manage && self.edit == what
    }

    fn post(&self) -> Option<&Post> {
        self.person.posts.iter().find(|post| self.edits(&ids::in_path(&post.id)))
    }

    fn grant(&self) -> Option<&Grant> {
        self.person.roles.iter().find(|grant| self.edits(&ids::in_path(&grant.id)))
    }

    /// Whether the role's end is still to come and the viewer's to set.
    fn may_end(&self, grant: &Grant) -> bool {
        let is_giver = self.roles.iter().any(|(name, _)| *name == words::lower_name(&grant.role));
        self.may_manage && is_giver && grant.ends_on.is_none_or(|last| last >= self.today)
    }

    fn post_term(&self, post: &Post) -> words::Tag {
        words::term(post.starts_on, post.ends_on, self.today)
    }

    fn role_term(&self, grant: &Grant) -> words::Tag {
        words::term(grant.starts_on, grant.ends_on, self.today)
    }
}

/// The last day as a date field has it.
fn last_day(post: &Post) -> String {
    post.ends_on.map(|date| date.to_string()).unwrap_or_default()
}

type Address = Path<(String, Uuid)>;

async fn page(
    (site, within, id): (&SharedSite, &Within, Uuid),
    edit: String,
    form: FormState,
) -> Result<Page, PageError> {
    let mut alliance = load(site, within, id, None).await?;
    let person = alliance.person.take().ok_or(PageError::NotFound)?;
    read_on!(alliance.members, |after| load(site, within, id, after));
    Ok(Page {
        shell: within.shell(&person.name),
        base: within.path(&format!("/people/{id}")),
        today: alliance.today,
        person,
        members: words::choices(
            "no school",
            alliance.members.nodes.into_iter().map(|one| (one.id, one.name)),
        ),
        strands: words::choices("none", alliance.strands.into_iter().map(|one| (one.id, one.name))),
        roles: words::roles_to_give(within.viewer(), "choose a role"),
        edit,
        form,
        may_manage: within.may(Permission::ManageMembers),
    })
}

async fn load(
    site: &SharedSite,
    within: &Within,
    id: Uuid,
    after: Option<String>,
) -> Result<person::PersonAlliance, PageError> {
    let variables = person::Variables { slug: within.slug(), id: global(within, Kind::Person, id), after };
    let data = site.query::<Person>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    Query(editing): Query<Editing>,
) -> PageResult {
    render(&page((&site, &within, id), editing.edit, FormState::default()).await?)
}

/// The person's page after a form was taken, or the form `edit` again.
async fn answer<T>(
    at: (&SharedSite, &Within, Uuid),
    (edit, fields): (&str, &Fields),
    result: Result<T, Problem>,
    said: &str,
) -> PageResult {
    let (_, within, id) = at;
    // Whoever ended their own last role is a stranger on the next page.
    let next = within.path(&format!("/people/{id}"));
    forms::answer(result, fields, |form| page(at, edit.to_owned(), form), |_| (next, said.to_owned())).await
}

pub(crate) async fn change(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let input = ChangePerson {
        person_id: PersonId(id),
        name: fields.text("name").to_owned(),
        email: fields.optional("email"),
    };
    let result = outcome(people::change_person(&site.gateway.app, within.viewer(), input).await)?;
    answer((&site, &within, id), ("person", &fields), result, "The name and address are saved.").await
}

pub(crate) async fn add_post(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let input = || {
        let post = new_post(&fields)?.ok_or_else(|| problem("memberId", "Please choose the school."))?;
        Ok(AddPost { person_id: PersonId(id), post })
    };
    let result = match input() {
        Err(problem) => Err(problem),
        Ok(input) => outcome(people::add_post(&site.gateway.app, within.viewer(), input).await)?,
    };
    answer((&site, &within, id), ("post", &fields), result, "The post is added.").await
}

pub(crate) async fn change_post(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let post: Uuid = fields.text("postId").parse().unwrap_or_default();
    let input = || {
        Ok(ChangePost {
            post_id: PostId(post),
            title: fields.text("title").to_owned(),
            starts_on: fields.date("startsOn")?,
            ends_on: fields.optional_date("endsOn")?,
        })
    };
    let result = match input() {
        Err(problem) => Err(problem),
        Ok(input) => outcome(people::change_post(&site.gateway.app, within.viewer(), input).await)?,
    };
    answer((&site, &within, id), (&post.to_string(), &fields), result, "The post is changed.").await
}

pub(crate) async fn grant_role(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let input = || {
        Ok(GrantRole {
            person_id: PersonId(id),
            role: Role::parse(fields.text("role")).ok_or_else(|| problem("role", "Please choose a role."))?,
            member_id: decode(fields.text("memberId")).map(|(_, _, id)| MemberId(id)),
            strand_id: ids::strand(fields.text("strandId")),
            starts_on: fields.optional_date("startsOn")?,
            ends_on: fields.optional_date("endsOn")?,
        })
    };
    let result = match input() {
        Err(problem) => Err(problem),
        Ok(input) => outcome(people::grant_role(&site.gateway.app, within.viewer(), input).await)?,
    };
    answer((&site, &within, id), ("role", &fields), result, "The role is given.").await
}

pub(crate) async fn end_role(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Address,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let grant: Uuid = fields.text("grantId").parse().unwrap_or_default();
    let result = match fields.date("endsOn") {
        Err(problem) => Err(problem),
        Ok(ends_on) => {
            let input = EndRole { grant_id: RoleGrantId(grant), ends_on };
            outcome(people::end_role(&site.gateway.app, within.viewer(), input).await)?
        }
    };
    answer((&site, &within, id), (&grant.to_string(), &fields), result, "The role’s last day is recorded.")
        .await
}

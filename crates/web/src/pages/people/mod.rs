//! The people whom the alliance knows: their posts, their roles, and who may sign in.

use askama::Template;
use axum::extract::{Query, State};
use chrono::NaiveDate;
use domain::viewer::{Act, Permission, Role};
use serde::Deserialize;

use crate::{
    csv, format, ids,
    lists::{ListAddress, every_entry},
    page::{PageError, PageResult, render},
    pages::query,
    session::{Download, Within},
    shell::Shell,
    site::SharedSite,
    words,
};

query!(People, "src/pages/people/query.graphql");

#[derive(Deserialize, Default)]
pub(crate) struct Filter {
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/people/page.html")]
struct Page {
    shell: Shell,
    filter: Filter,
    at: ListAddress,
    alliance: people::PeopleAlliance,
    may_add: bool,
    base: String,
}

impl Page {
    /// Where they work and what their roles are for, each once.
    fn schools(&self, person: &Person) -> String {
        let today = self.alliance.today;
        let of_posts = held_posts(person, today).filter_map(|post| post.member.as_ref());
        let of_posts = of_posts.map(|member| member.name.as_str());
        let of_roles = held_roles(person, today).filter_map(|grant| grant.member.as_ref());
        let of_roles = of_roles.map(|member| member.name.as_str());
        once(of_posts.chain(of_roles).map(str::to_owned))
    }

    fn posts(&self, person: &Person) -> String {
        once(held_posts(person, self.alliance.today).map(|post| post.title.clone()))
    }

    fn roles(&self, person: &Person) -> String {
        let held = held_roles(person, self.alliance.today);
        once(held.map(|grant| {
            words::at(&words::role(&grant.role), grant.strand.as_ref().map(|strand| strand.name.as_str()))
        }))
    }

    /// Why somebody cannot come in; for those who can there is nothing to say.
    fn cannot_come_in(&self, person: &Person) -> Option<words::Tag> {
        let today = self.alliance.today;
        let comes_in = may_sign_in(person, today) && person.has_second_step != Some(false);
        (!comes_in).then(|| sign_in(person, today))
    }
}

/// Each of them once, in their order.
fn once(all: impl Iterator<Item = String>) -> String {
    let mut seen = Vec::new();
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen.join("; ")
}

type Post = people::PeopleAlliancePeopleNodesPosts;
type Grant = people::PeopleAlliancePeopleNodesRoles;

fn held_posts(person: &Person, today: NaiveDate) -> impl Iterator<Item = &Post> {
    person.posts.iter().filter(move |post| words::holds(post.starts_on, post.ends_on, today))
}

fn held_roles(person: &Person, today: NaiveDate) -> impl Iterator<Item = &Grant> {
    person.roles.iter().filter(move |grant| words::holds(grant.starts_on, grant.ends_on, today))
}

type Person = people::PeopleAlliancePeopleNodes;

/// The posts of today: `Head, Alder Primary School`.
fn posts(person: &Person, today: NaiveDate) -> Vec<String> {
    let held = held_posts(person, today);
    held.map(|post| words::at(&post.title, post.member.as_ref().map(|member| member.name.as_str()))).collect()
}

/// The roles of today, likewise.
fn roles(person: &Person, today: NaiveDate) -> Vec<String> {
    let held = held_roles(person, today);
    held.map(|grant| {
        let member = grant.member.as_ref().map(|member| member.name.as_str());
        let strand = grant.strand.as_ref().map(|strand| strand.name.as_str());
        words::at(&words::role(&grant.role), member.or(strand))
    })
    .collect()
}

fn may_sign_in(person: &Person, today: NaiveDate) -> bool {
    held_roles(person, today).next().is_some() && (person.has_signed_in || person.email.is_some())
}

fn sign_in(person: &Person, today: NaiveDate) -> words::Tag {
    if may_sign_in(person, today) && person.has_second_step == Some(false) {
        return words::lacks_second_step();
    }
    words::sign_in(words::SignIn {
        holds_role: held_roles(person, today).next().is_some(),
        has_address: person.email.is_some(),
        has_signed_in: person.has_signed_in,
    })
}

async fn load(
    site: &SharedSite,
    within: &Within,
    filter: &Filter,
    (first, after): (i64, Option<String>),
) -> Result<people::PeopleAlliance, PageError> {
    let role = Role::parse(&filter.role).map(|role| role.as_str().to_uppercase());
    let variables = people::Variables {
        slug: within.slug(),
        name: Some(filter.name.clone()),
        role: role.and_then(|role| serde_json::from_value(role.into()).ok()),
        first,
        after,
    };
    let data = site.query::<People>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(filter): Query<Filter>,
) -> PageResult {
    let alliance = load(&site, &within, &filter, (100, filter.after.clone())).await?;
    let fields = [("name", filter.name.as_str()), ("role", &filter.role)];
    let page = Page {
        shell: within.shell("People"),
        at: ListAddress::new(within.path("/people"), &fields, filter.after.as_deref()),
        filter,
        alliance,
        may_add: within.may(Permission::ManageMembers),
        base: within.path("/people"),
    };
    render(&page)
}

pub(crate) async fn csv(
    State(site): State<SharedSite>,
    Download(within): Download,
    Query(filter): Query<Filter>,
) -> PageResult {
    within.viewer().require_confirmed(Act::DownloadPeople)?;
    let rows = every_entry(|part| async {
        let alliance = load(&site, &within, &filter, part).await?;
        let today = alliance.today;
        let rows = alliance.people.nodes.into_iter().map(|person| {
            let (posts, roles) = (posts(&person, today), roles(&person, today));
            let sign_in = sign_in(&person, today);
            let email = person.email.unwrap_or_default();
            vec![person.name, email, posts.join("; "), roles.join("; "), sign_in.label]
        });
        let part = alliance.people.page_info;
        Ok((rows.collect(), part.end_cursor.filter(|_| part.has_next_page)))
    })
    .await?;
    csv::download((&site, &within), "people.csv", &["Name", "Email", "Posts", "Roles", "Sign-in"], rows).await
}

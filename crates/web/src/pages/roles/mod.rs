//! Who may do what: the one table of the product, in words.

use askama::Template;
use axum::extract::State;
use domain::{alliances::Wording, viewer::Role};
use serde::Serialize;

use crate::{
    format,
    page::{PageError, PageResult, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Roles, "src/pages/roles/query.graphql");

#[derive(Template)]
#[template(path = "pages/roles/page.html")]
struct Page {
    shell: Shell,
    table: roles::RolesAllianceRoleTable,
}

/// Roles in words: `Director, Manager`.
fn names<T: Serialize>(roles: &[T]) -> String {
    if roles.is_empty() {
        "nobody".into()
    } else {
        roles.iter().map(words::role).collect::<Vec<_>>().join(", ")
    }
}

/// Who has a permission for the whole alliance.
fn everywhere(permission: &roles::RolesAllianceRoleTablePermissions) -> String {
    let everybody = Role::ALL.len();
    if permission.everywhere.len() == everybody { "everybody".into() } else { names(&permission.everywhere) }
}

/// What a role is for: `one school, or the whole alliance`.
fn remits(role: &roles::RolesAllianceRoleTableRoles, wording: &Wording) -> String {
    let words = role.remits.iter().map(|remit| match words::name(remit).as_str() {
        "SCHOOL" => "one school".to_owned(),
        "STRAND" => format!("one {}", wording.strand),
        _ => format!("the whole {}", wording.alliance),
    });
    words.collect::<Vec<_>>().join(", or ")
}

pub(crate) async fn get(State(site): State<SharedSite>, within: Within) -> PageResult {
    let data = site.query::<Roles>(&within.signed, roles::Variables { slug: within.slug() }).await?;
    let table = data.alliance.ok_or(PageError::NotFound)?.role_table;
    render(&Page { shell: within.shell("Roles"), table })
}

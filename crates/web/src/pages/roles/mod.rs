//! Who may do what: the one table of the product, in words.

use askama::Template;
use axum::extract::State;

use crate::{
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

type Permission = roles::RolesAllianceRoleTablePermissions;
type Role = roles::RolesAllianceRoleTableRoles;

/// What a role may of a permission.
fn may(permission: &Permission, role: &Role) -> &'static str {
    match (permission.roles.contains(&role.role), role.is_of_one_school && !permission.reaches_all) {
        (false, _) => "no",
        (true, true) => "own school",
        (true, false) => "yes",
    }
}

/// Who gives a role: `Director, Manager`.
fn givers(role: &Role) -> String {
    role.givers.iter().map(words::role).collect::<Vec<_>>().join(", ")
}

pub(crate) async fn get(State(site): State<SharedSite>, within: Within) -> PageResult {
    let data = site.query::<Roles>(&within.signed, roles::Variables { slug: within.slug() }).await?;
    let table = data.alliance.ok_or(PageError::NotFound)?.role_table;
    render(&Page { shell: within.shell("Roles"), table })
}

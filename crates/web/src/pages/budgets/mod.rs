//! Every year's budget.

use askama::Template;
use axum::extract::{Query, State};
use domain::viewer::Permission;
use serde::Deserialize;

use crate::{
    format, ids,
    lists::ListAddress,
    page::{PageError, PageResult, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
};

query!(Budgets, "src/pages/budgets/query.graphql");

#[derive(Template)]
#[template(path = "pages/budgets/page.html")]
struct Page {
    shell: Shell,
    at: ListAddress,
    list: budgets::BudgetsAllianceBudgets,
    may_draft: bool,
    base: String,
}

#[derive(Deserialize)]
pub(crate) struct Place {
    after: Option<String>,
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(Place { after }): Query<Place>,
) -> PageResult {
    let base = within.path("/budgets");
    let at = ListAddress::new(base.clone(), &[], after.as_deref());
    let variables = budgets::Variables { slug: within.slug(), after };
    let data = site.query::<Budgets>(&within.signed, variables).await?;
    let page = Page {
        shell: within.shell("Budgets"),
        at,
        list: data.alliance.ok_or(PageError::NotFound)?.budgets,
        may_draft: within.may(Permission::ManageBudgets),
        base,
    };
    render(&page)
}

//! Every year's budget.

use askama::Template;
use axum::extract::State;
use domain::viewer::Permission;

use crate::{
    format, ids,
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
    budgets: Vec<budgets::BudgetsAllianceBudgets>,
    may_draft: bool,
    base: String,
}

pub(crate) async fn get(State(site): State<SharedSite>, within: Within) -> PageResult {
    let data = site.query::<Budgets>(&within.signed, budgets::Variables { slug: within.slug() }).await?;
    let page = Page {
        shell: within.shell("Budgets"),
        budgets: data.alliance.ok_or(PageError::NotFound)?.budgets,
        may_draft: within.may(Permission::ManageBudgets),
        base: within.path("/budgets"),
    };
    render(&page)
}

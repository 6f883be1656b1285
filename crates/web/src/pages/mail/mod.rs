//! Outgoing mail: what went to whom, and what became of it.

use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;

use crate::{
    format,
    page::{PageError, PageResult, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Mail, "src/pages/mail/query.graphql");

#[derive(Deserialize, Default)]
pub(crate) struct Filter {
    #[serde(default)]
    state: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/mail/page.html")]
struct Page {
    shell: Shell,
    filter: Filter,
    mail: mail::MailAlliance,
    base: String,
}

impl Page {
    /// When reminders go, in words.
    fn levels(&self) -> String {
        let level = |days: &i64| match days {
            0 => "on the due date".to_owned(),
            1.. => format!("{days} days after"),
            _ => format!("{} days before", -days),
        };
        self.mail.reminder_levels.iter().map(level).collect::<Vec<_>>().join(", ")
    }
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(filter): Query<Filter>,
) -> PageResult {
    let state = serde_json::Value::String(filter.state.clone());
    let variables = mail::Variables {
        slug: within.slug(),
        state: if filter.state.is_empty() { None } else { serde_json::from_value(state).ok() },
        after: filter.after.clone(),
    };
    let data = site.query::<Mail>(&within.signed, variables).await?;
    let page = Page {
        shell: within.shell("Outgoing mail"),
        filter,
        mail: data.alliance.ok_or(PageError::NotFound)?,
        base: within.path("/mail"),
    };
    render(&page)
}

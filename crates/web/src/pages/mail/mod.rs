//! Outgoing mail: what went to whom, and what became of it.

use askama::Template;
use axum::extract::{Query, Request, State};
use domain::{funding::reminders::set_reminder_levels, viewer::Permission};
use serde::Deserialize;

use crate::{
    format,
    forms::{FormState, problem, read_form},
    ids,
    lists::ListAddress,
    page::{PageError, PageResult, done, outcome, render, render_refused},
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
    at: ListAddress,
    mail: mail::MailAlliance,
    form: FormState,
    may_change: bool,
    base: String,
}

impl Page {
    /// When reminders go, in words.
    fn rule(&self) -> String {
        let level = |days: &i64| match days {
            0 => "on the due date".to_owned(),
            1.. => format!("{} after", format::plural(days, "day", "days")),
            _ => format!("{} before", format::plural(&-days, "day", "days")),
        };
        let levels: Vec<_> = self.mail.reminder_levels.iter().map(level).collect();
        let levels = levels.join(", ");
        format!(
            "They go {levels}; never for what is paid, held or disputed, and not while schools are closed."
        )
    }

    /// The same as the form has it.
    fn levels(&self) -> String {
        let levels: Vec<_> = self.mail.reminder_levels.iter().map(i64::to_string).collect();
        levels.join(", ")
    }
}

async fn page(
    site: &SharedSite,
    within: &Within,
    filter: Filter,
    form: FormState,
) -> Result<Page, PageError> {
    let state = serde_json::Value::String(filter.state.clone());
    let variables = mail::Variables {
        slug: within.slug(),
        state: if filter.state.is_empty() { None } else { serde_json::from_value(state).ok() },
        after: filter.after.clone(),
    };
    let data = site.query::<Mail>(&within.signed, variables).await?;
    Ok(Page {
        shell: within.shell("Outgoing mail"),
        at: ListAddress::new(within.path("/mail"), &[("state", &filter.state)], filter.after.as_deref()),
        filter,
        mail: data.alliance.ok_or(PageError::NotFound)?,
        form,
        may_change: within.may(Permission::IssueInvoices),
        base: within.path("/mail"),
    })
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Query(filter): Query<Filter>,
) -> PageResult {
    render(&page(&site, &within, filter, FormState::default()).await?)
}

pub(crate) async fn set_reminders(
    State(site): State<SharedSite>,
    within: Within,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let typed = fields.text("levels").replace('−', "-");
    let levels: Result<Vec<i16>, _> =
        typed.split([',', ' ']).filter(|text| !text.is_empty()).map(str::parse).collect();
    let result = match levels {
        Err(_) => Err(problem("levels", "Please give whole numbers of days, such as -7, 1, 14.")),
        Ok(levels) => outcome(set_reminder_levels(&site.gateway.app, within.viewer(), levels).await)?,
    };
    match result {
        Ok(_) => Ok(done(&within.path("/mail"), "Reminders go by the new days from now on.")),
        Err(problem) => {
            let form = FormState::refused(&fields, problem);
            render_refused(&page(&site, &within, Filter::default(), form).await?)
        }
    }
}

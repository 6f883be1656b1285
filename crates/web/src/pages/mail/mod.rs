//! Outgoing mail: what went to whom, and what became of it.

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use domain::{funding::reminders::set_reminder_levels, ids::DeliveryId, messages, viewer::Permission};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    csv, format,
    forms::{FormState, problem, read_form},
    ids,
    lists::{ListAddress, every_entry},
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

async fn load(
    site: &SharedSite,
    within: &Within,
    filter: &Filter,
    (first, after): (i64, Option<String>),
) -> Result<mail::MailAlliance, PageError> {
    let state = serde_json::Value::String(filter.state.clone());
    let variables = mail::Variables {
        slug: within.slug(),
        state: if filter.state.is_empty() { None } else { serde_json::from_value(state).ok() },
        first,
        after,
    };
    let data = site.query::<Mail>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

async fn page(
    site: &SharedSite,
    within: &Within,
    filter: Filter,
    form: FormState,
) -> Result<Page, PageError> {
    Ok(Page {
        shell: within.shell("Outgoing mail"),
        mail: load(site, within, &filter, (50, filter.after.clone())).await?,
        at: ListAddress::new(within.path("/mail"), &[("state", &filter.state)], filter.after.as_deref()),
        filter,
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

pub(crate) async fn csv(
    State(site): State<SharedSite>,
    within: Within,
    Query(filter): Query<Filter>,
) -> PageResult {
    let rows = every_entry(|part| async {
        let mail = load(&site, &within, &filter, part).await?;
        let rows = mail.deliveries.nodes.into_iter().map(|row| {
            vec![
                words::sentence(&words::name(&row.rule)),
                row.mail_subject.unwrap_or_default(),
                row.recipient,
                row.member.map(|member| member.name).unwrap_or_default(),
                format::moment(&row.created_at),
                row.sent_at.as_ref().map(format::moment).unwrap_or_default(),
                row.attempts.to_string(),
                words::delivery_state(&row.state).label,
                row.last_reply.unwrap_or_default(),
            ]
        });
        let part = mail.deliveries.page_info;
        Ok((rows.collect(), part.end_cursor.filter(|_| part.has_next_page)))
    })
    .await?;
    let heading =
        ["Mail", "Subject", "To", "About", "Queued", "Sent", "Tries", "State", "What the mail server said"];
    csv::download("outgoing-mail.csv", &heading, rows)
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

pub(crate) async fn send_again(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Path<(String, Uuid)>,
    request: Request,
) -> PageResult {
    let fields = read_form(&within.signed, request).await?;
    let sent = messages::send_again(&site.gateway.app, within.viewer(), DeliveryId(id)).await;
    match outcome(sent)? {
        Ok(mails) => {
            let to: Vec<_> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
            let said = format!("It is on its way again, to {}.", to.join(" and "));
            Ok(done(&within.path("/mail"), &said))
        }
        Err(problem) => {
            let form = FormState::refused(&fields, problem);
            render_refused(&page(&site, &within, Filter::default(), form).await?)
        }
    }
}

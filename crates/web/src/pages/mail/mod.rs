//! Outgoing mail: what went to whom, and what became of it.

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use domain::{
    funding::reminders::set_reminder_levels,
    ids::DeliveryId,
    messages::{self, DeliveryState},
    viewer::{Act, Permission},
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    csv, format,
    forms::{FormState, problem, read_form},
    ids,
    lists::{ListAddress, every_entry},
    page::{PageError, PageResult, done, outcome, render, render_refused},
    pages::query,
    session::{Download, Within},
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Mail, "src/pages/mail/query.graphql");
// For whoever sees the mails but not the money, which the page's own document asks for as well.
query!(MailList, "src/pages/mail/list.graphql");

#[derive(Deserialize, Default)]
pub(crate) struct Filter {
    #[serde(default)]
    state: String,
    after: Option<String>,
}

impl Filter {
    /// Whether it names a state that there is. Any other word filters nothing.
    fn is_of_a_state(&self) -> bool {
        DeliveryState::ALL.iter().any(|state| state.as_str().to_uppercase() == self.state)
    }
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
        rule(&self.mail.reminder_levels)
    }

    /// `Tomorrow`, or `On Monday 30 November 2026`.
    fn next_day(&self) -> String {
        let on = self.mail.planned_reminders.on;
        if self.mail.today.succ_opt() == Some(on) {
            "Tomorrow".into()
        } else {
            format!("On {}", format::long_day(&on))
        }
    }

    /// What goes then.
    fn next(&self) -> String {
        let plan = &self.mail.planned_reminders;
        let day = self.next_day();
        match i64::try_from(plan.go.len()).unwrap_or(i64::MAX) {
            0 => format!("{day} no reminder goes."),
            1 => format!("{day} 1 reminder goes, unless it is paid before then."),
            many => format!("{day} {many} reminders go, fewer if something is paid before then."),
        }
    }

    /// The same as the form has it.
    fn levels(&self) -> String {
        let levels: Vec<_> = self.mail.reminder_levels.iter().map(i64::to_string).collect();
        levels.join(", ")
    }
}

/// A mail's subject line, or what it is and for whom.
fn title(mail: &mail::MailAllianceDeliveriesNodes) -> String {
    if let Some(subject) = mail.mail_subject.as_ref().filter(|subject| !subject.is_empty()) {
        return subject.clone();
    }
    let what = words::sentence(&words::name(&mail.rule));
    mail.member.as_ref().map_or_else(|| what.clone(), |member| format!("{what} for {}", member.name))
}

/// `7, 21 and 42 days`.
fn days(of: &[i64]) -> String {
    let numbers: Vec<_> = of.iter().map(i64::to_string).collect();
    let listed = match numbers.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => numbers.concat(),
    };
    format!("{listed} {}", if listed == "1" { "day" } else { "days" })
}

/// When reminders go, by the levels in days from the due date.
fn rule(levels: &[i64]) -> String {
    let mut before: Vec<_> = levels.iter().filter(|level| **level < 0).map(|level| -level).collect();
    before.sort_unstable_by(|one, other| other.cmp(one));
    let after: Vec<_> = levels.iter().filter(|level| **level > 0).copied().collect();
    let mut parts = Vec::new();
    if !before.is_empty() {
        parts.push(format!("{} before the due date", days(&before)));
    }
    if levels.contains(&0) {
        parts.push(if parts.is_empty() { "on the due date" } else { "on the day" }.to_owned());
    }
    if !after.is_empty() {
        let of_what = if parts.is_empty() { " the due date" } else { "" };
        parts.push(format!("{} after{of_what}", days(&after)));
    }
    let when = match parts.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{}, and {last}", before.join(", ")),
        _ => parts.concat(),
    };
    format!(
        "Reminders go {when}; never for what is paid, held or disputed, and not while schools are closed."
    )
}

/// How far along a reminder is: `7 days before it is due`, `21 days late`.
fn level(days: i64) -> String {
    match days {
        0 => "due that day".into(),
        1.. => format!("{} after the due date", format::plural(&days, "day", "days")),
        _ => format!("{} before the due date", format::plural(&-days, "day", "days")),
    }
}

/// Why nobody is reminded.
fn left_out(reason: &mail::LeftOutReason) -> String {
    match words::name(reason).as_str() {
        "HELD" => "held".into(),
        "DISPUTED" => "disputed".into(),
        "NO_ADDRESS" => "its payer has no address for mails".into(),
        _ => "not printed yet".into(),
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
        state: if filter.is_of_a_state() { serde_json::from_value(state).ok() } else { None },
        first,
        after,
    };
    let data = site.query::<Mail>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

/// The mails alone.
async fn list(
    site: &SharedSite,
    within: &Within,
    filter: &Filter,
    (first, after): (i64, Option<String>),
) -> Result<mail_list::MailListAlliance, PageError> {
    let state = serde_json::Value::String(filter.state.clone());
    let variables = mail_list::Variables {
        slug: within.slug(),
        state: if filter.is_of_a_state() { serde_json::from_value(state).ok() } else { None },
        first,
        after,
    };
    let data = site.query::<MailList>(&within.signed, variables).await?;
    data.alliance.ok_or(PageError::NotFound)
}

async fn page(
    site: &SharedSite,
    within: &Within,
    mut filter: Filter,
    form: FormState,
) -> Result<Page, PageError> {
    if !filter.is_of_a_state() {
        filter.state.clear();
    }
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
    Download(within): Download,
    Query(filter): Query<Filter>,
) -> PageResult {
    within.viewer().require_confirmed(Act::DownloadMail)?;
    let rows = every_entry(|part| async {
        let mail = list(&site, &within, &filter, part).await?;
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
    csv::download((&site, &within), "outgoing-mail.csv", &heading, rows).await
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
    let sent = messages::send_again(&site.gateway.app, within.viewer(), DeliveryId(id), None).await;
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

#[cfg(test)]
mod tests {
    use super::rule;

    #[test]
    fn the_rule_reads_as_a_sentence() {
        for (levels, words) in [
            (&[-7, 0, 7, 21, 42][..], "7 days before the due date, on the day, and 7, 21 and 42 days after"),
            (&[-14, -7], "14 and 7 days before the due date"),
            (&[0, 1], "on the due date, and 1 day after"),
            (&[30], "30 days after the due date"),
        ] {
            let sentence = rule(levels);
            assert!(sentence.starts_with(&format!("Reminders go {words}; never for")), "{sentence}");
        }
    }
}

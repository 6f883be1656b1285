//! The daily look at what is owed.

use std::collections::HashSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{is_quiet, level_reached, repo};
use crate::{
    alliances,
    app::App,
    error::ReadError,
    funding::invoices::payer_recipients,
    jobs::Job,
    messages::{self, Effect, Rule},
    viewer::{Permission, Viewer},
};

/// Queues the reminders of one day. Scheduled each morning; running it again the same day makes nothing new.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlanReminders {
    /// The local date that the schedule meant.
    pub date: NaiveDate,
}

impl Job for PlanReminders {
    const KIND: &'static str = "plan_reminders";

    fn dedupe_key(&self) -> Option<String> {
        Some(self.date.to_string())
    }
}

/// Queues a mail for every invoice that has reached a level it was not reminded of. Returns how many invoices.
/// A day without a run loses nothing: the next looks at the levels reached by then.
pub async fn plan_reminders(app: &App, viewer: &Viewer, date: NaiveDate) -> Result<usize, ReadError> {
    let scope = viewer.require(Permission::IssueInvoices)?;

    let mut tx = app.db.begin(scope).await?;
    let closures = alliances::repo::closures(&mut tx, date).await?;
    if is_quiet(date, &closures) {
        return Ok(0);
    }
    let levels = repo::levels(&mut tx).await?;
    let earliest = levels.iter().min().copied().unwrap_or(0).min(0);
    let until = date + chrono::TimeDelta::days((-earliest).into());
    let invoices = repo::chased(&mut tx, until).await?;
    let subjects: Vec<_> = invoices.iter().map(|invoice| invoice.id.0).collect();
    let made: HashSet<_> =
        messages::repo::made(&mut tx, Rule::InvoiceReminder, &subjects).await?.into_iter().collect();
    let mut reminded = 0;
    for invoice in invoices {
        let Some(level) = level_reached(&levels, invoice.issued_on, invoice.due_on, date) else { continue };
        if made.contains(&(invoice.id.0, invoice.due_on, level)) {
            continue;
        }
        let effect = Effect {
            rule: Rule::InvoiceReminder,
            subject_id: invoice.id.0,
            member_id: invoice.member_id,
            reference_date: invoice.due_on,
            occurrence: level,
            again: 0,
        };
        let to = payer_recipients(&mut tx, invoice.payer_id).await?;
        messages::queue_mails(app, &mut tx, &effect, &to).await?;
        reminded += 1;
    }
    tx.commit().await?;
    Ok(reminded)
}

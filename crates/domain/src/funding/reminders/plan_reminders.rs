//! The daily look at what is owed, and the same look beforehand.

use std::collections::{HashMap, HashSet};

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::{is_quiet, level_reached, repo};
use crate::{
    access::EmailAddress,
    alliances,
    app::App,
    db::Tx,
    error::{Internal, ReadError},
    funding::invoices::{self, Chasing, InvoiceRecord, recipients_of},
    ids::PayerId,
    jobs::Job,
    messages::{self, Effect, Rule},
    people,
    schools::members,
    viewer::{Permission, Reach, Reading, Viewer},
};

/// Schools are not closed for longer.
const LONGEST_QUIET: usize = 120;

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

/// What the morning of a day does, if nothing changes until then.
#[derive(Debug, Clone)]
pub struct ReminderPlan {
    /// The day.
    pub date: NaiveDate,
    /// Who is reminded.
    pub go: Vec<PlannedReminder>,
    /// Who would be, but for a reason.
    pub left_out: Vec<LeftOut>,
}

/// A reminder that goes.
#[derive(Debug, Clone)]
pub struct PlannedReminder {
    /// Of what.
    pub record: InvoiceRecord,
    /// Its level, in days from the due date.
    pub level: i16,
    /// To whom: at least one address.
    pub recipients: Vec<EmailAddress>,
}

/// An invoice that has reached a level and of which nobody is reminded.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// Which.
    pub record: InvoiceRecord,
    /// The level, in days from the due date.
    pub level: i16,
    /// Why.
    pub reason: LeftOutReason,
}

/// Why nobody is reminded of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOutReason {
    /// It is held.
    Held,
    /// It is disputed.
    Disputed,
    /// Its payer has no address for mails about invoices.
    NoAddress,
    /// It is not printed yet, so there is nothing to attach.
    NotPrinted,
}

/// Queues a mail for every invoice that has reached a level it was not reminded of. Returns how many invoices.
/// A day without a run loses nothing: the next looks at the levels reached by then.
pub async fn plan_reminders(app: &App, viewer: &Viewer, date: NaiveDate) -> Result<usize, ReadError> {
    let scope = viewer.require(Permission::IssueInvoices)?;

    let mut tx = app.db.begin(scope).await?;
    let closures = alliances::days_closed(&mut tx, date).await?;
    if is_quiet(date, &closures) {
        return Ok(0);
    }
    let plan = plan(&mut tx, date).await?;
    for PlannedReminder { record, level, recipients } in &plan.go {
        let effect = Effect {
            rule: Rule::InvoiceReminder,
            subject_id: record.invoice.id.0,
            member_id: record.invoice.member_id,
            reference_date: record.invoice.due_on,
            occurrence: *level,
            again: 0,
        };
        messages::queue_mails(app, &mut tx, &effect, recipients).await?;
    }
    tx.commit().await?;
    Ok(plan.go.len())
}

/// What the morning of `on` would do, or of the next day after `today` on which reminders go. Nothing is stored.
pub async fn planned_reminders(
    reading: &Reading,
    on: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<ReminderPlan, ReadError> {
    reading.viewer().require(Permission::SeeMoney)?;
    let mut tx = reading.require(Permission::SeeMessages).await?;
    let closures = alliances::days_closed(&mut tx, today).await?;
    let tomorrow = on.unwrap_or(today + TimeDelta::days(1));
    let days = if on.is_some() { 1 } else { LONGEST_QUIET };
    let Some(date) = tomorrow.iter_days().take(days).find(|date| !is_quiet(*date, &closures)) else {
        return Ok(ReminderPlan { date: tomorrow, go: Vec::new(), left_out: Vec::new() });
    };
    Ok(plan(&mut tx, date).await?)
}

async fn plan(tx: &mut Tx, date: NaiveDate) -> Result<ReminderPlan, Internal> {
    let levels = repo::levels(tx).await?;
    let earliest = levels.iter().min().copied().unwrap_or(0).min(0);
    let unpaid = repo::unpaid(tx, date + TimeDelta::days((-earliest).into())).await?;
    let subjects: Vec<_> = unpaid.iter().map(|invoice| invoice.id.0).collect();
    let made: HashSet<_> =
        messages::repo::made(tx, Rule::InvoiceReminder, &subjects).await?.into_iter().collect();
    let reached: Vec<_> = unpaid
        .iter()
        .filter_map(|invoice| {
            let level = level_reached(&levels, invoice.issued_on, invoice.due_on, date)?;
            (!made.contains(&(invoice.id.0, invoice.due_on, level))).then_some((invoice, level))
        })
        .collect();
    let ids: Vec<_> = reached.iter().map(|(invoice, _)| invoice.id).collect();
    let records = invoices::repo::invoices_by_ids(tx, &ids).await?;
    let mut records: HashMap<_, _> = records.into_iter().map(|record| (record.invoice.id, record)).collect();
    let payers: Vec<_> = records.values().map(|record| record.invoice.payer_id).collect();
    let addresses = addresses(tx, &payers).await?;

    let mut plan = ReminderPlan { date, go: Vec::new(), left_out: Vec::new() };
    for (invoice, level) in reached {
        let missing = || Internal::new("an unpaid invoice is not there");
        let record = records.remove(&invoice.id).ok_or_else(missing)?;
        let recipients = addresses.get(&record.invoice.payer_id).cloned().unwrap_or_default();
        let reason = match record.balance.chasing {
            Chasing::Held { .. } => Some(LeftOutReason::Held),
            Chasing::Disputed { .. } => Some(LeftOutReason::Disputed),
            Chasing::Usual if recipients.is_empty() => Some(LeftOutReason::NoAddress),
            Chasing::Usual if !invoice.is_printed => Some(LeftOutReason::NotPrinted),
            Chasing::Usual => None,
        };
        match reason {
            None => plan.go.push(PlannedReminder { record, level, recipients }),
            Some(reason) => plan.left_out.push(LeftOut { record, level, reason }),
        }
    }
    Ok(plan)
}

/// Who at each payer gets mail about its invoices today.
async fn addresses(tx: &mut Tx, payers: &[PayerId]) -> Result<HashMap<PayerId, Vec<EmailAddress>>, Internal> {
    let payers = members::repo::payers_by_ids(tx, &Reach::Alliance, payers).await?;
    let contacts = payers.iter().filter_map(|payer| payer.finance_contact_id);
    let contacts = people::repo::addresses(tx, contacts).await?;
    let all = payers.into_iter().map(|payer| {
        let contact = payer.finance_contact_id.and_then(|id| contacts.get(&id).cloned());
        (payer.id, recipients_of(payer.accounts_email, contact))
    });
    Ok(all.collect())
}

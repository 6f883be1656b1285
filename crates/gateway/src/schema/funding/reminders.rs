//! What the next morning's reminders will be.

use std::sync::Arc;

use async_graphql::{Enum, Object, Result, SimpleObject};
use chrono::NaiveDate;
use domain::{
    access::EmailAddress,
    funding::reminders::{self, LeftOutReason},
};

use super::InvoiceObject;
use crate::schema::{context::Inside, errors, scalars::Date};

/// What the morning of a day does, if nothing changes until then.
#[derive(SimpleObject)]
#[graphql(name = "PlannedReminders")]
pub(crate) struct PlannedRemindersObject {
    /// The day.
    on: Date,
    /// Who is reminded.
    go: Vec<PlannedReminderObject>,
    /// Who would be, but for a reason.
    left_out: Vec<LeftOutObject>,
}

/// A reminder that goes.
pub(crate) struct PlannedReminderObject {
    inside: Arc<Inside>,
    planned: reminders::PlannedReminder,
}

#[Object(name = "PlannedReminder")]
impl PlannedReminderObject {
    /// Of what.
    async fn invoice(&self) -> InvoiceObject {
        InvoiceObject { inside: Arc::clone(&self.inside), record: self.planned.record.clone() }
    }

    /// Its level, in days from the due date.
    async fn days_from_due(&self) -> i32 {
        self.planned.level.into()
    }

    /// To whom: at least one address.
    async fn recipients(&self) -> Vec<&str> {
        self.planned.recipients.iter().map(EmailAddress::as_str).collect()
    }
}

/// An invoice of which nobody is reminded although its day has come.
#[derive(SimpleObject)]
#[graphql(name = "LeftOutReminder")]
pub(crate) struct LeftOutObject {
    /// Which.
    invoice: InvoiceObject,
    /// The level, in days from the due date.
    days_from_due: i32,
    /// Why.
    reason: LeftOutReasonEnum,
}

/// Why nobody is reminded of an invoice.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "LeftOutReason", remote = "LeftOutReason")]
pub(crate) enum LeftOutReasonEnum {
    /// It is held.
    Held,
    /// It is disputed.
    Disputed,
    /// Its payer has no address for mails about invoices.
    NoAddress,
    /// It is not printed yet, so there is nothing to attach.
    NotPrinted,
}

pub(crate) async fn planned_reminders(
    inside: &Arc<Inside>,
    on: Option<NaiveDate>,
) -> Result<PlannedRemindersObject> {
    let plan = reminders::planned_reminders(&inside.reading, on, inside.today).await.map_err(errors::read)?;
    let go = plan.go.into_iter().map(|planned| PlannedReminderObject { inside: Arc::clone(inside), planned });
    let left_out = plan.left_out.into_iter().map(|left| LeftOutObject {
        invoice: InvoiceObject { inside: Arc::clone(inside), record: left.record },
        days_from_due: left.level.into(),
        reason: left.reason.into(),
    });
    Ok(PlannedRemindersObject { on: plan.date.into(), go: go.collect(), left_out: left_out.collect() })
}

//! The daily look at what is owed.

use domain::funding::reminders::{self, PlanReminders};

use super::Deps;
use crate::{JobContext, JobError};

/// Queues the reminders of the day.
pub(super) async fn plan_reminders(context: JobContext<Deps>, job: PlanReminders) -> Result<(), JobError> {
    let reminded = reminders::plan_reminders(&context.app, &context.viewer, job.date).await?;
    tracing::info!(reminded, "reminders are planned");
    Ok(())
}

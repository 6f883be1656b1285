//! "The alliance is to be deleted."

use domain::alliances::deletions::{DeletionStage, SendDeletionNotice, deletion_notice};
use mail::{
    Alliance, SendError,
    mails::{self, DeletionStep},
};

use super::{Deps, post::Letter};
use crate::{JobContext, JobError};

/// Mails one of the directors. The fixed Message-ID makes a second attempt the same mail.
pub(super) async fn send_deletion_notice(
    context: JobContext<Deps>,
    job: SendDeletionNotice,
) -> Result<(), JobError> {
    let (app, post) = (&context.app, &context.deps.post);
    let Some(notice) = deletion_notice(app, &context.viewer, &job).await? else { return Ok(()) };
    let (step, word) = match job.stage {
        DeletionStage::Requested => (DeletionStep::Requested, "requested"),
        DeletionStage::Deactivated => (DeletionStep::Deactivated, "deactivated"),
        DeletionStage::CalledOff => (DeletionStep::CalledOff, "called-off"),
    };
    let letter = Letter {
        from_name: &notice.alliance.name,
        reply_to: None,
        to: notice.to.as_str(),
        message_id: format!("<{}.{}.{word}@{}>", job.deletion_id, job.person_id, app.links.host()),
        date: notice.at,
        attachments: Vec::new(),
    };
    let mail = mails::Deletion {
        alliance: Alliance {
            name: notice.alliance.name.clone(),
            contact: notice.alliance.letterhead.contact_email.clone(),
        },
        step,
        by: notice.by,
        reason: notice.reason,
        deactivates_on: notice.deactivates_on,
        purges_on: notice.purges_on,
        page: notice.page,
    };
    match post.send(app, &post.compose(&mail, letter)?).await {
        Err(SendError::Retry { reason }) => Err(JobError::Retry(reason)),
        // The alliance's people see the parked job, and that a director cannot be reached.
        Err(SendError::Discard { reason, .. }) => Err(JobError::Discard(reason)),
        Ok(_) => Ok(()),
    }
}

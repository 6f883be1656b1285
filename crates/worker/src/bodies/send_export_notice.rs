//! "Your export is ready."

use domain::alliances::exports::{SendExportNotice, export_notice};
use mail::{Alliance, SendError, mails};

use super::{Deps, post::Letter};
use crate::{JobContext, JobError};

/// Mails whoever asked. The fixed Message-ID makes a second attempt the same mail.
pub(super) async fn send_export_notice(
    context: JobContext<Deps>,
    job: SendExportNotice,
) -> Result<(), JobError> {
    let (app, post) = (&context.app, &context.deps.post);
    let Some(notice) = export_notice(app, &context.viewer, &job).await? else { return Ok(()) };
    let letter = Letter {
        from_name: &notice.alliance.name,
        reply_to: None,
        to: notice.to.as_str(),
        message_id: format!("<{}.export@{}>", job.export_id, app.links.host()),
        date: notice.ready_at,
        attachments: Vec::new(),
    };
    let mail = mails::ExportReady {
        alliance: Alliance {
            name: notice.alliance.name.clone(),
            contact: notice.alliance.letterhead.contact_email.clone(),
        },
        asked_on: notice.asked_on,
        until: notice.until,
        page: notice.page,
    };
    match post.send(app, &post.compose(&mail, letter)?).await {
        Err(SendError::Retry { reason }) => Err(JobError::Retry(reason)),
        // The alliance's people see the parked job.
        Err(SendError::Discard { reason, .. }) => Err(JobError::Discard(reason)),
        Ok(_) => Ok(()),
    }
}

//! "Somebody leaves."

use domain::people::departures::{SendDepartureNotice, departure_notice};
use mail::{Alliance, SendError, mails};

use super::{Deps, post::Letter};
use crate::{JobContext, JobError};

/// Mails one of those who run the alliance. The fixed Message-ID makes a second attempt the same mail.
pub(super) async fn send_departure_notice(
    context: JobContext<Deps>,
    job: SendDepartureNotice,
) -> Result<(), JobError> {
    let (app, post) = (&context.app, &context.deps.post);
    let Some(notice) = departure_notice(app, &context.viewer, &job).await? else { return Ok(()) };
    let letter = Letter {
        from_name: &notice.alliance.name,
        reply_to: None,
        to: notice.to.as_str(),
        message_id: format!("<{}.{}@{}>", job.departure_id, job.person_id, app.links.host()),
        date: notice.said_at,
        attachments: Vec::new(),
    };
    let mail = mails::Departure {
        alliance: Alliance {
            name: notice.alliance.name.clone(),
            contact: notice.alliance.letterhead.contact_email.clone(),
        },
        name: notice.name,
        ends_on: notice.ends_on,
        roles: notice.roles,
        finance_contact_of: notice.finance_contact_of,
        page: notice.page,
    };
    match post.send(app, &post.compose(&mail, letter)?).await {
        Err(SendError::Retry { reason }) => Err(JobError::Retry(reason)),
        // The alliance's people see the parked job, and that somebody who runs it cannot be reached.
        Err(SendError::Discard { reason, .. }) => Err(JobError::Discard(reason)),
        Ok(_) => Ok(()),
    }
}

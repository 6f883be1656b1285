//! "Somebody leaves."

use domain::people::departures::{SendDepartureNotice, departure_notice};
use mail::mails;

use super::{
    Deps,
    post::{Notice, Refused, alliance_of},
};
use crate::{JobContext, JobError};

/// Mails one of those who run the alliance. The fixed Message-ID makes a second attempt the same mail.
pub(super) async fn send_departure_notice(
    context: JobContext<Deps>,
    job: SendDepartureNotice,
) -> Result<(), JobError> {
    let (app, post) = (&context.app, &context.deps.post);
    let Some(notice) = departure_notice(app, &context.viewer, &job).await? else { return Ok(()) };
    let mail = mails::Departure {
        alliance: alliance_of(&notice.alliance),
        name: notice.name,
        ends_on: notice.ends_on,
        roles: notice.roles,
        finance_contact_of: notice.finance_contact_of,
        page: notice.page,
    };
    let letter = Notice {
        from_name: &notice.alliance.name,
        to: notice.to.as_str(),
        id: format!("{}.{}", job.departure_id, job.person_id),
        date: notice.said_at,
        // The alliance sees that somebody who runs it cannot be reached.
        refused: Refused::Parks,
    };
    post.notify(app, &mail, letter).await
}

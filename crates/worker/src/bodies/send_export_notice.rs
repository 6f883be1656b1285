//! "Your export is ready."

use domain::alliances::exports::{SendExportNotice, export_notice};
use mail::mails;

use super::{
    Deps,
    post::{Notice, Refused, alliance_of},
};
use crate::{JobContext, JobError};

/// Mails whoever asked. The fixed Message-ID makes a second attempt the same mail.
pub(super) async fn send_export_notice(
    context: JobContext<Deps>,
    job: SendExportNotice,
) -> Result<(), JobError> {
    let (app, post) = (&context.app, &context.deps.post);
    let Some(notice) = export_notice(app, &context.viewer, &job).await? else { return Ok(()) };
    let mail = mails::ExportReady {
        alliance: alliance_of(&notice.alliance),
        asked_on: notice.asked_on,
        until: notice.until,
        page: notice.page,
    };
    let letter = Notice {
        from_name: &notice.alliance.name,
        to: notice.to.as_str(),
        id: format!("{}.export", job.export_id),
        date: notice.ready_at,
        refused: Refused::Parks,
    };
    post.notify(app, &mail, letter).await
}

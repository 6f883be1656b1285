//! "The alliance is to be deleted."

use domain::alliances::deletions::{DeletionStage, SendDeletionNotice, deletion_notice};
use mail::mails::{self, DeletionStep};

use super::{
    Deps,
    post::{Notice, Refused, alliance_of},
};
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
    let mail = mails::Deletion {
        alliance: alliance_of(&notice.alliance),
        step,
        by: notice.by,
        reason: notice.reason,
        deactivates_on: notice.deactivates_on,
        purges_on: notice.purges_on,
        page: notice.page,
    };
    let letter = Notice {
        from_name: &notice.alliance.name,
        to: notice.to.as_str(),
        id: format!("{}.{}.{word}", job.deletion_id, job.person_id),
        date: notice.at,
        // The alliance sees that a director cannot be reached.
        refused: Refused::Parks,
    };
    post.notify(app, &mail, letter).await
}

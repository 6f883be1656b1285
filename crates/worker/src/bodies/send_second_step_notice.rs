//! "Your second step was changed."

use chrono_tz::Europe::London;
use domain::access::{SecondStepChange, SendSecondStepNotice, second_step_notice};
use mail::mails;

use super::{
    Deps,
    post::{Notice, Refused},
};
use crate::{JobContext, JobError};

/// Mails the person. The fixed Message-ID makes a second attempt the same mail.
pub(super) async fn send_second_step_notice(
    context: JobContext<Deps>,
    job: SendSecondStepNotice,
) -> Result<(), JobError> {
    let (app, post) = (&context.app, &context.deps.post);
    let Some(notice) = second_step_notice(app, &job).await? else { return Ok(()) };
    let mail = mails::SecondStepChanged {
        change: change(notice.change),
        at: notice.at.with_timezone(&London).naive_local(),
        site: app.links.host().to_owned(),
    };
    let letter = Notice {
        from_name: "Ensemble",
        to: notice.to.as_str(),
        id: job.id.to_string(),
        date: notice.at,
        refused: Refused::IsNothing,
    };
    post.notify(app, &mail, letter).await
}

fn change(change: SecondStepChange) -> mails::SecondStepChange {
    match change {
        SecondStepChange::Set { ended_tokens } => mails::SecondStepChange::Set { ended_tokens },
        SecondStepChange::Removed => mails::SecondStepChange::Removed,
        SecondStepChange::TakenOff { ended_tokens } => mails::SecondStepChange::TakenOff { ended_tokens },
        SecondStepChange::RecoveryCodeUsed { left } => mails::SecondStepChange::RecoveryCodeUsed { left },
        SecondStepChange::RecoveryCodesRenewed => mails::SecondStepChange::RecoveryCodesRenewed,
        SecondStepChange::PasskeyAdded => mails::SecondStepChange::PasskeyAdded,
        SecondStepChange::PasskeyRemoved => mails::SecondStepChange::PasskeyRemoved,
    }
}

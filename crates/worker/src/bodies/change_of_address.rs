//! "Here is the code for your new address", "your account has another address", and what follows from it.

use chrono_tz::Europe::London;
use domain::{
    access::{AddressNotice, SendAddressCode, SendAddressNotice, address_code, address_notice},
    app::Timestamp,
    people::{FollowAddress, follow_address},
};
use mail::{Mail, mails};

use super::{
    Deps,
    post::{Notice, Refused},
};
use crate::{JobContext, JobError};

/// Mails the code. One that was used or has expired is not mailed.
pub(super) async fn send_address_code(
    context: JobContext<Deps>,
    job: SendAddressCode,
) -> Result<(), JobError> {
    let app = &context.app;
    let Some(code) = address_code(app, &job).await? else { return Ok(()) };
    let mail = mails::AddressCode {
        code: code.code,
        minutes: code.minutes,
        from: code.from.to_string(),
        site: app.links.host().to_owned(),
    };
    send(&context, &mail, (code.to.as_str(), app.clock.now()), &job.change_id.to_string()).await
}

/// Mails the address that an account does not have any more.
pub(super) async fn send_address_notice(
    context: JobContext<Deps>,
    job: SendAddressNotice,
) -> Result<(), JobError> {
    let site = context.app.links.host().to_owned();
    let in_london = |at: Timestamp| at.with_timezone(&London).naive_local();
    match address_notice(&context.app, &job).await? {
        None => Ok(()),
        Some(AddressNotice::Changed { to, new, at, code, page, until }) => {
            let (new, until) = (new.to_string(), in_london(until));
            let mail = mails::AddressChanged { new, at: in_london(at), code, page, until, site };
            send(&context, &mail, (to.as_str(), at), &format!("{}-changed", job.change_id)).await
        }
        Some(AddressNotice::Undone { to, at }) => {
            let mail = mails::AddressChangeUndone { at: in_london(at), site };
            send(&context, &mail, (to.as_str(), at), &format!("{}-undone", job.change_id)).await
        }
    }
}

async fn send<M: Mail>(
    context: &JobContext<Deps>,
    mail: &M,
    (to, date): (&str, Timestamp),
    id: &str,
) -> Result<(), JobError> {
    // An address that does not exist proves nothing, and nobody reads there.
    let refused = Refused::IsNothing;
    let notice = Notice { from_name: "Ensemble", to, id: id.to_owned(), date, refused };
    context.deps.post.notify(&context.app, mail, notice).await
}

/// Has the alliance know the address that its person signs in with now.
pub(super) async fn follow(context: JobContext<Deps>, job: FollowAddress) -> Result<(), JobError> {
    Ok(follow_address(&context.app, &context.viewer, &job).await?)
}

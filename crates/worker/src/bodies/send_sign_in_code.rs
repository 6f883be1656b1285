//! "Here is your code."

use domain::access::{SendSignInCode, SignInMail, sign_in_mail};
use mail::mails;

use super::{
    Deps,
    post::{Notice, Refused},
};
use crate::{JobContext, JobError};

/// Mails the code, or the advice that nobody knows the address. A code that was used or has expired is not mailed.
pub(super) async fn send_sign_in_code(
    context: JobContext<Deps>,
    job: SendSignInCode,
) -> Result<(), JobError> {
    let (app, post) = (&context.app, &context.deps.post);
    let Some(mail) = sign_in_mail(app, job.code_id).await? else { return Ok(()) };
    let site = app.links.host().to_owned();
    let notice = |to| Notice {
        from_name: "Ensemble",
        to,
        id: job.code_id.to_string(),
        date: app.clock.now(),
        // An address that does not exist cannot sign in; nobody has to look at that.
        refused: Refused::IsNothing,
    };
    match &mail {
        SignInMail::Code { to, code, minutes } => {
            let mail = mails::SignInCode { code: code.clone(), minutes: *minutes, site };
            post.notify(app, &mail, notice(to.as_str())).await
        }
        SignInMail::NoAccount { to } => {
            post.notify(app, &mails::NoAccount { site }, notice(to.as_str())).await
        }
    }
}

//! "Here is your code."

use domain::access::{SendSignInCode, SignInMail, sign_in_mail};
use mail::{SendError, mails};

use super::{Deps, post::Letter};
use crate::{JobContext, JobError};

/// Mails the code, or the advice that nobody knows the address. A code that was used or has expired is not mailed.
pub(super) async fn send_sign_in_code(
    context: JobContext<Deps>,
    job: SendSignInCode,
) -> Result<(), JobError> {
    let (app, post) = (&context.app, &context.deps.post);
    let Some(mail) = sign_in_mail(app, job.code_id).await? else { return Ok(()) };
    let site = app.links.host().to_owned();
    let letter = |to| Letter {
        from_name: "Ensemble",
        reply_to: None,
        to,
        message_id: format!("<{}@{}>", job.code_id, app.links.host()),
        date: app.clock.now(),
        attachments: Vec::new(),
    };
    let email = match &mail {
        SignInMail::Code { to, code, minutes } => {
            let mail = mails::SignInCode { code: code.clone(), minutes: *minutes, site };
            post.compose(&mail, letter(to.as_str()))?
        }
        SignInMail::NoAccount { to } => post.compose(&mails::NoAccount { site }, letter(to.as_str()))?,
    };
    match post.send(app, &email).await {
        Err(SendError::Retry { reason }) => Err(JobError::Retry(reason)),
        // An address that does not exist cannot sign in; nobody has to look at that.
        Ok(_) | Err(SendError::Discard { .. }) => Ok(()),
    }
}

//! "You are invited."

use domain::people::invitations::{SendInvitation, invitation_mail, record_refusal};
use mail::{SendError, mails};

use super::{
    Deps,
    post::{Letter, alliance_of},
};
use crate::{JobContext, JobError};

/// Mails an invitation that is still open. A second attempt at the same mailing has its Message-ID.
pub(super) async fn send_invitation(context: JobContext<Deps>, job: SendInvitation) -> Result<(), JobError> {
    let (app, post) = (&context.app, &context.deps.post);
    let Some(found) = invitation_mail(app, &context.viewer, job.invitation_id).await? else {
        return Ok(());
    };
    let (alliance, invitation) = (&found.alliance, &found.invitation);
    let letter = Letter {
        from_name: &alliance.name,
        reply_to: None,
        to: found.to.as_str(),
        message_id: format!("<{}.{}@{}>", job.invitation_id, found.mailed_at.timestamp(), app.links.host()),
        date: found.mailed_at,
        attachments: Vec::new(),
    };
    let mail = mails::Invitation {
        alliance: alliance_of(alliance),
        name: invitation.name.clone(),
        invited_by: invitation.invited_by.clone(),
        role: invitation.role.clone(),
        message: invitation.message.clone(),
        email: found.to.to_string(),
        until: alliance.date(invitation.expires_at),
        page: found.page.clone(),
    };
    match post.send(app, &post.compose(&mail, letter)?).await {
        Err(SendError::Retry { reason }) => Err(JobError::Retry(reason)),
        // The page of invitations shows it; whoever invited asks for another address.
        Err(SendError::Discard { reason, .. }) => {
            Ok(record_refusal(app, &context.viewer, &found, &reason).await?)
        }
        Ok(_) => Ok(()),
    }
}

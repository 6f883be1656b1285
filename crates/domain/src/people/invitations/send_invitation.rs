//! The mail of an invitation.

use serde::{Deserialize, Serialize};

use super::{InvitationState, Received, repo};
use crate::{
    access::EmailAddress,
    alliances::{self, Alliance},
    app::{App, Timestamp},
    error::ReadError,
    ids::InvitationId,
    jobs::Job,
    viewer::{Permission, Viewer},
};

/// Mails one invitation.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendInvitation {
    /// Which.
    pub invitation_id: InvitationId,
}

impl Job for SendInvitation {
    const KIND: &'static str = "send_invitation";
}

/// What the mail says.
#[derive(Debug, Clone)]
pub struct InvitationMail {
    /// To whom.
    pub to: EmailAddress,
    /// Who invites.
    pub alliance: Alliance,
    /// To what. Without the inviter's words, the invited one's name among them, while the alliance is on trial.
    pub invitation: Received,
    /// The page on which it is answered.
    pub page: String,
    /// When it was asked for: the Date header, and what tells one mailing from the next.
    pub mailed_at: Timestamp,
}

/// Loads the mail of a job; `None` once the invitation is no longer open.
pub async fn invitation_mail(
    app: &App,
    viewer: &Viewer,
    id: InvitationId,
) -> Result<Option<InvitationMail>, ReadError> {
    let scope = viewer.require(Permission::ManageMembers)?;
    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let Some(invitation) = repo::invitation(&mut tx, id, now).await? else { return Ok(None) };
    let Some(mut received) = repo::received(&mut tx, id, now).await? else { return Ok(None) };
    if invitation.state != InvitationState::Open {
        return Ok(None);
    }
    if !alliance.is_confirmed {
        received.message.clear();
        received.name.clear();
    }
    Ok(Some(InvitationMail {
        to: invitation.email,
        page: app.links.to(&format!("/invitations/{id}")),
        alliance,
        invitation: received,
        mailed_at: invitation.mailed_at,
    }))
}

/// Keeps what the mail server said when it refused a mail, for those who invite. Of an earlier mail it says nothing.
pub async fn record_refusal(
    app: &App,
    viewer: &Viewer,
    mail: &InvitationMail,
    refusal: &str,
) -> Result<(), ReadError> {
    let scope = viewer.require(Permission::ManageMembers)?;
    let mut tx = app.db.begin(scope).await?;
    repo::mark_refused(&mut tx, (mail.invitation.id, mail.mailed_at), refusal).await?;
    Ok(tx.commit().await?)
}

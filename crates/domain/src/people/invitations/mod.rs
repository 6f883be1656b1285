//! Invitations: somebody is asked, at an address, to act in a role. Nobody but whoever has proved that address takes one
//! up, and nothing comes of one that is not.
//!
//! A role that is given to a person directly lets in whoever proves the person's address, by their own act of signing in;
//! an invitation besides tells them, asks them, and can be declined. Both lead to the same dated grant.

mod accept_invitation;
mod decline_invitation;
mod invite;
mod invite_several;
pub(super) mod repo;
mod send_invitation;
mod send_invitation_again;
mod withdraw_invitation;

pub use accept_invitation::{AcceptInvitationError, accept_invitation};
pub use decline_invitation::{DeclineInvitationError, decline_invitation};
pub use invite::{Invite, InviteError, invite};
pub use invite_several::{
    InviteRun, InviteSeveral, InviteSeveralError, InvitedSeveral, LeftOutLine, MOST_LINES, invite_several,
};
pub use send_invitation::{InvitationMail, SendInvitation, invitation_mail, record_refusal};
pub use send_invitation_again::{SendInvitationAgainError, send_invitation_again};
pub use withdraw_invitation::{WithdrawInvitationError, withdraw_invitation};

use chrono::TimeDelta;

use crate::{
    access::{EmailAddress, Session},
    app::{App, Timestamp},
    db::Tx,
    error::{Internal, ReadError},
    ids::{AllianceId, InvitationId, PersonId},
    viewer::{Permission, Reading, Remit, Role},
};

/// How long an invitation can be taken up.
pub const LIFETIME: TimeDelta = TimeDelta::days(21);
/// The pause between two mails of one invitation.
const BETWEEN_MAILS: TimeDelta = TimeDelta::days(1);
/// Invitations of one alliance that are mailed to one address within that time: as many as an office with a shared mailbox
/// may need at once.
const MAILS_TO_ONE_ADDRESS: i64 = 5;
/// Invitations of an alliance on trial, ever. Its mail goes to its own team only, and these are how it comes by one: few,
/// without words of its own, and each mailed once, so that nobody starts an alliance to write to strangers.
pub const ON_TRIAL: i64 = 10;

/// How an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// It waits for whoever was invited.
    Open,
    /// Its time ran out.
    Expired,
    /// It was taken up.
    Accepted,
    /// Whoever was invited said no.
    Declined,
    /// The alliance took it back.
    Withdrawn,
}

impl InvitationState {
    fn stored(name: &str, expires_at: Timestamp, now: Timestamp) -> Self {
        match name {
            "accepted" => Self::Accepted,
            "declined" => Self::Declined,
            "withdrawn" => Self::Withdrawn,
            _ if expires_at <= now => Self::Expired,
            _ => Self::Open,
        }
    }
}

/// An invitation to act in a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The invitation.
    pub id: InvitationId,
    /// As the person shall be known, unless they are known already.
    pub name: String,
    /// Where it was sent; whoever has proved it takes it up.
    pub email: EmailAddress,
    /// What they may act as.
    pub role: Role,
    /// What the role is for.
    pub remit: Remit,
    /// What the inviter wrote to them; may be empty.
    pub message: String,
    /// Who invited; `None` is the deployment.
    pub invited_by: Option<PersonId>,
    /// When.
    pub invited_at: Timestamp,
    /// From when on it can no longer be taken up.
    pub expires_at: Timestamp,
    /// When it was last mailed.
    pub mailed_at: Timestamp,
    /// What the mail server said when it refused that mail; `None` when it did not.
    pub refusal: Option<String>,
    /// How it stands.
    pub state: InvitationState,
}

/// The alliance's invitations, the open ones first and of each the newest first, at most 200.
pub async fn invitations(reading: &Reading, now: Timestamp) -> Result<Vec<Invitation>, ReadError> {
    let mut tx = reading.require(Permission::ManageMembers).await?;
    Ok(repo::invitations(&mut tx, now).await?)
}

/// Whether as much was mailed to this address lately as an address is sent.
async fn is_full(tx: &mut Tx, email: &EmailAddress, now: Timestamp) -> Result<bool, Internal> {
    Ok(repo::count_mailed(tx, email, now - BETWEEN_MAILS).await? >= MAILS_TO_ONE_ADDRESS)
}

/// An invitation as whoever was invited sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The invitation.
    pub id: InvitationId,
    /// To which alliance.
    pub alliance_id: AllianceId,
    /// Its name.
    pub alliance_name: String,
    /// Whom it is for, as the inviter wrote it: several people may share one address.
    pub name: String,
    /// What they may act as, and where: "head, Alder Primary School".
    pub role: String,
    /// Who invited; none is the deployment.
    pub invited_by: Option<String>,
    /// What the inviter wrote.
    pub message: String,
    /// From when on it can no longer be taken up.
    pub expires_at: Timestamp,
    /// How it stands.
    pub state: InvitationState,
}

/// What an account finds where an invitation leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is theirs.
    Yours {
        /// What it says.
        received: Box<Received>,
        /// As whom the alliance knows them already: whoever takes it up stays that person.
        known_as: Option<String>,
    },
    /// It was sent to another address, of which this much is shown: `b…@birch.example`.
    AnothersAt(String),
}

/// The invitation of this id, or to whom it was sent.
pub async fn find_invitation(
    app: &App,
    session: &Session,
    id: InvitationId,
) -> Result<Option<Found>, ReadError> {
    session.device()?;
    let Some((alliance_id, email)) = repo::address(app, id).await? else { return Ok(None) };
    if email != session.account.email.as_str() {
        return Ok(Some(Found::AnothersAt(redacted(&email))));
    }
    let mut tx = app.db.begin(entrance(alliance_id)?).await?;
    let received = repo::received(&mut tx, id, app.clock.now()).await?;
    let known_as = repo::person_of(&mut tx, &session.account).await?.map(|known| known.name);
    Ok(received.map(|received| Found::Yours { received: Box::new(received), known_as }))
}

/// The open invitations of an account, the newest first.
pub async fn received_invitations(app: &App, session: &Session) -> Result<Vec<Received>, ReadError> {
    session.device()?;
    let now = app.clock.now();
    let mut received = Vec::new();
    for (alliance_id, id) in repo::open_at(app, &session.account.email, now).await? {
        let mut tx = app.db.begin(entrance(alliance_id)?).await?;
        received.extend(repo::received(&mut tx, id, now).await?);
    }
    Ok(received)
}

/// Whoever is invited is not in the alliance yet: that the address is theirs is checked in place of a role.
fn entrance(alliance_id: AllianceId) -> Result<crate::viewer::Scope, Internal> {
    crate::viewer::Viewer::machinery(alliance_id).require(Permission::ManageMembers).map_err(Internal::new)
}

/// As much of an address as helps its owner to know which it is, and nobody else to write to it.
fn redacted(email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}…@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_to_its_owner_alone() {
        assert_eq!(redacted("bursar@birch.example"), "b…@birch.example");
        assert_eq!(redacted("é@x.example"), "é…@x.example");
    }
}

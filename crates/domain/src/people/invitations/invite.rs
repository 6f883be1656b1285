//! Somebody is invited.

use super::{Invitation, InvitationState, LIFETIME, ON_TRIAL, SendInvitation, is_full, repo};
use crate::{
    access::{EmailAddress, NotAnEmailAddress},
    alliances::{self, Alliance},
    app::App,
    db::{OnConstraint, Tx},
    error::{Forbidden, Internal},
    ids::{InvitationId, MemberId, StrandId},
    people,
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission, Remit, Role, Viewer, WrongRemit},
};

/// Who is invited, and as what.
#[derive(Debug, Clone)]
pub struct Invite {
    /// As they shall be known, at most 200 characters.
    pub name: String,
    /// Where; whoever has proved this address takes it up.
    pub email: String,
    /// What they may act as.
    pub role: Role,
    /// The one school it is for, if it is.
    pub member_id: Option<MemberId>,
    /// The one strand of work it is for, if it is.
    pub strand_id: Option<StrandId>,
    /// What to say to them, at most 500 characters; may be empty.
    pub message: String,
}

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// Empty, or longer than 200 characters.
    #[error("Please give a name of at most 200 characters.")]
    InvalidName,
    /// Not a mail address.
    #[error(transparent)]
    InvalidEmail(#[from] NotAnEmailAddress),
    /// Longer than 500 characters.
    #[error("Please say it in at most 500 characters.")]
    InvalidMessage,
    /// The viewer's own roles may not give this one.
    #[error("Your own role does not give this one. Please ask a director.")]
    RoleAboveYou,
    /// No such member in this alliance.
    #[error("That school is not a member of this alliance.")]
    UnknownMember,
    /// No such strand in this alliance.
    #[error("That is not among this alliance's work.")]
    UnknownStrand,
    /// The role is not for what was chosen.
    #[error(transparent)]
    WrongRemit(#[from] WrongRemit),
    /// The same, to the same address, waits already.
    #[error("This address is invited to that role already. The invitation is still open.")]
    AlreadyInvited,
    /// An address is not filled with mail.
    #[error("Several invitations went to this address within a day. Please wait until tomorrow.")]
    TooManyToAddress,
    /// On trial.
    #[error(
        "While the alliance is on trial it invites ten people at most. Once it is confirmed it invites anybody."
    )]
    TooManyOnTrial,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Invites somebody and mails it to them.
pub async fn invite(app: &App, viewer: &Viewer, input: Invite) -> Result<Invitation, InviteError> {
    use InviteError as E;
    let scope = viewer.require(Permission::ManageMembers)?;
    viewer.require_confirmed(Act::Invite)?;
    if !viewer.may_give(input.role) {
        return Err(E::RoleAboveYou);
    }
    let name = one_line(&input.name, 200).ok_or(E::InvalidName)?;
    let email = EmailAddress::parse(&input.email)?;
    let message = match input.message.trim() {
        "" => String::new(),
        said => one_line(said, 500).ok_or(E::InvalidMessage)?,
    };
    let remit = input.role.remit(input.member_id, input.strand_id)?;

    let mut tx = app.db.begin(scope).await?;
    people::repo::hold_alliance(&mut tx).await?;
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let invited = Invited { name, email, role: input.role, remit, message };
    let invitation = ask(app, &mut tx, (viewer, &alliance), invited).await?;
    tx.commit().await?;
    Ok(invitation)
}

/// Who is invited, and as what, read and checked.
pub(super) struct Invited {
    pub(super) name: String,
    pub(super) email: EmailAddress,
    pub(super) role: Role,
    pub(super) remit: Remit,
    pub(super) message: String,
}

/// Writes one invitation down, and queues its mail. The caller holds the alliance.
pub(super) async fn ask(
    app: &App,
    tx: &mut Tx,
    (viewer, alliance): (&Viewer, &Alliance),
    invited: Invited,
) -> Result<Invitation, InviteError> {
    use InviteError as E;
    let now = app.clock.now();
    let Invited { name, email, role, remit, message } = invited;
    let is_same = |one: &Invitation| {
        one.state == InvitationState::Open && one.role == role && one.remit == remit && one.name == name
    };
    if repo::to_address(tx, &email, now).await?.iter().any(is_same) {
        return Err(E::AlreadyInvited);
    }
    if is_full(tx, &email, now).await? {
        return Err(E::TooManyToAddress);
    }
    if !alliance.is_confirmed && repo::count(tx).await? >= ON_TRIAL {
        return Err(E::TooManyOnTrial);
    }
    let invitation = Invitation {
        id: InvitationId::new(app),
        name,
        email,
        role,
        remit,
        message,
        invited_by: viewer.person_id(),
        invited_at: now,
        expires_at: now + LIFETIME,
        mailed_at: now,
        refusal: None,
        state: InvitationState::Open,
    };
    repo::insert(tx, &invitation).await.on_constraints([
        ("invitations_member_fkey", E::UnknownMember),
        ("invitations_strand_fkey", E::UnknownStrand),
    ])?;
    tx.enqueue(app, &SendInvitation { invitation_id: invitation.id }).await?;
    Ok(invitation)
}

failure!(InviteError {
    InvalidName => "name",
    InvalidEmail => "email",
    InvalidMessage => "message",
    RoleAboveYou => "role",
    UnknownMember => "memberId",
    UnknownStrand => "strandId",
    AlreadyInvited => "email",
    TooManyToAddress => "email",
    TooManyOnTrial => "email",
} nested { Forbidden, Unconfirmed, WrongRemit, Internal });

//! Whoever was invited takes it up.

use super::{entrance, repo};
use crate::{
    access::{self, AllianceEntry, Session},
    alliances,
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    ids::{InvitationId, PersonId, RoleGrantId},
    people::{self, Person, PersonChange, RoleGrant, grant_role::overlap},
    problem::failure,
    viewer::Viewer,
};

/// Why it was not taken up.
#[derive(Debug, thiserror::Error)]
pub enum AcceptInvitationError {
    /// A token answers nothing.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is none, or it was sent to another address.
    #[error("There is no such invitation for your address.")]
    UnknownInvitation,
    /// It was answered, taken back, or has run out.
    #[error("This invitation is no longer open. Whoever invited you can do so again.")]
    NotOpen,
    /// Nobody raises themselves.
    #[error("Nobody gives a role to themselves. Please ask another director or manager.")]
    OwnRole,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Takes up an invitation to the account's address, and says where it leads. Whoever is a person of the alliance already,
/// by whatever name, stays that person; otherwise they become one. The role begins today.
pub async fn accept_invitation(
    app: &App,
    session: &Session,
    id: InvitationId,
) -> Result<AllianceEntry, AcceptInvitationError> {
    use AcceptInvitationError as E;
    session.device()?;
    let account = &session.account;
    let found = repo::address(app, id).await?.filter(|(_, email)| email == account.email.as_str());
    let (alliance_id, _) = found.ok_or(E::UnknownInvitation)?;
    // Whoever was added under this address since they signed in is this person.
    access::join_people(app, account).await?;

    let now = app.clock.now();
    let machinery = Viewer::machinery(alliance_id);
    let mut tx = app.db.begin(entrance(alliance_id)?).await?;
    people::repo::hold_alliance(&mut tx).await?;
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let invitation = repo::invitation(&mut tx, id, now).await?.ok_or(E::UnknownInvitation)?;
    let known = repo::person_of(&mut tx, account.id).await?;
    let person_id = known.unwrap_or_else(|| PersonId::new(app));
    if invitation.invited_by == Some(person_id) {
        return Err(E::OwnRole);
    }
    if known.is_none() {
        let email = Some(account.email.clone());
        let person = Person { id: person_id, name: invitation.name, email, has_signed_in: false };
        people::repo::insert_person(&mut tx, &person, now).await?;
    }
    if !repo::settle(&mut tx, id, ("accepted", Some(person_id)), now).await? {
        return Err(E::NotOpen);
    }
    let grant = RoleGrant {
        id: RoleGrantId::new(app),
        person_id,
        role: invitation.role,
        remit: invitation.remit,
        starts_on: alliance.date(now),
        ends_on: None,
    };
    // Who was given the same in the meantime has it already.
    if !people::repo::roles_of_person(&mut tx, person_id).await?.iter().any(|held| overlap(held, &grant)) {
        people::repo::insert_role(&mut tx, &grant).await.map_err(Internal::from)?;
        let given = PersonChange::of_given_role(app, &machinery, &grant);
        let given = PersonChange { changed_by: invitation.invited_by, ..given };
        people::repo::insert_change(&mut tx, &given).await?;
    }
    tx.announce(&[Change::Person(person_id, invitation.remit.member_id())]).await?;
    tx.commit().await?;
    // Two logins mean two transactions: where this one does not happen, the next sign-in does the same.
    access::join_people(app, account).await?;
    Ok(AllianceEntry { id: alliance_id, slug: alliance.slug, name: alliance.name })
}

failure!(AcceptInvitationError {
    UnknownInvitation => "invitationId",
    NotOpen => "invitationId",
    OwnRole => "invitationId",
} nested { Forbidden, Internal });

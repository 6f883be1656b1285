//! Whoever was invited takes it up.

use chrono::NaiveDate;

use super::{entrance, repo};
use crate::{
    access::{self, AllianceEntry, Session},
    alliances,
    app::App,
    changes::Change,
    db::Tx,
    error::{Forbidden, Internal},
    ids::{InvitationId, PersonId, RoleGrantId},
    people::{self, Person, PersonChange, RoleGrant},
    problem::failure,
    viewer::{Role, Viewer},
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
    /// It was answered, taken back, or has run out, or whoever invited may no longer give the role.
    #[error("This invitation is no longer open. Please ask the alliance for a new one.")]
    NotOpen,
    /// Nobody raises themselves.
    #[error("Nobody gives a role to themselves. Please ask another director or manager.")]
    OwnRole,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Takes up an invitation to the account's address, and says where it leads. Whoever is a person of the alliance already,
/// by whatever name, stays that person; otherwise they become one. They have the role from today on, without an end. Nobody
/// gives by it what they could not give today.
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
    let today = alliance.date(now);
    let known = repo::person_of(&mut tx, account).await?.map(|person| person.id);
    let person_id = known.unwrap_or_else(|| PersonId::new(app));
    if invitation.invited_by == Some(person_id) {
        return Err(E::OwnRole);
    }
    if let Some(inviter) = invitation.invited_by
        && !may_still_give(&mut tx, inviter, invitation.role, today).await?
    {
        return Err(E::NotOpen);
    }
    if known.is_none() {
        let email = Some(account.email.clone());
        let person = Person { id: person_id, name: invitation.name, email, has_signed_in: false };
        people::repo::insert_person(&mut tx, &person, now).await?;
    }
    if !repo::settle(&mut tx, id, ("accepted", Some(person_id)), now).await? {
        return Err(E::NotOpen);
    }
    let place = people::repo::place(&mut tx, invitation.remit).await?;
    let mut held = people::repo::roles_of_person(&mut tx, person_id).await?;
    held.retain(|held| (held.role, held.remit) == (invitation.role, invitation.remit));
    for (starts_on, ends_on) in not_held(&held, today) {
        let (id, role, remit) = (RoleGrantId::new(app), invitation.role, invitation.remit);
        let grant = RoleGrant { id, person_id, role, remit, starts_on, ends_on };
        people::repo::insert_role(&mut tx, &grant).await.map_err(Internal::from)?;
        let given = PersonChange::of_given_role(app, &machinery, (&grant, place.as_deref()));
        let given = PersonChange { changed_by: invitation.invited_by, ..given };
        people::repo::insert_change(&mut tx, &given).await?;
    }
    tx.announce(&[Change::Person(person_id, invitation.remit.member_id())]).await?;
    tx.commit().await?;
    // Two logins mean two transactions: where this one does not happen, the next sign-in does the same.
    access::join_people(app, account).await?;
    Ok(AllianceEntry { id: alliance_id, slug: alliance.slug, name: alliance.name })
}

/// Whether a person holds on this day what it takes to give the role.
async fn may_still_give(
    tx: &mut Tx,
    person_id: PersonId,
    role: Role,
    today: NaiveDate,
) -> Result<bool, Internal> {
    let held = people::repo::roles_of_person(tx, person_id).await?;
    Ok(held.iter().any(|grant| grant.is_in_force(today) && role.givers().contains(&grant.role)))
}

/// The first and last days from `from` on, without an end, that these grants leave open.
fn not_held(held: &[RoleGrant], from: NaiveDate) -> Vec<(NaiveDate, Option<NaiveDate>)> {
    let mut terms: Vec<_> = held.iter().map(|grant| (grant.starts_on, grant.ends_on)).collect();
    terms.sort_unstable();
    let mut open = Vec::new();
    let mut next = Some(from);
    for (first, last) in terms {
        let Some(day) = next else { break };
        if last.is_some_and(|last| last < day) {
            continue;
        }
        if first > day {
            open.push((day, first.pred_opt()));
        }
        next = last.and_then(|last| last.succ_opt());
    }
    open.extend(next.map(|day| (day, None)));
    open
}

failure!(AcceptInvitationError {
    UnknownInvitation => "invitationId",
    NotOpen => "invitationId",
    OwnRole => "invitationId",
} nested { Forbidden, Internal });

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::viewer::Remit;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
    }

    fn held(starts_on: NaiveDate, ends_on: Option<NaiveDate>) -> RoleGrant {
        let (id, person_id) = (RoleGrantId(Uuid::nil()), PersonId(Uuid::nil()));
        RoleGrant { id, person_id, role: Role::Trainee, remit: Remit::Alliance, starts_on, ends_on }
    }

    #[test]
    fn whoever_accepts_has_the_role_from_that_day_on_and_no_day_twice() {
        let (over, short) = (held(day(1), Some(day(9))), held(day(5), Some(day(20))));
        let (later, for_good) = (held(day(25), Some(day(28))), held(day(25), None));
        let cases: [(&[RoleGrant], &[_]); 7] = [
            (&[], &[(day(10), None)]),
            (&[over], &[(day(10), None)]),
            (&[short], &[(day(21), None)]),
            (&[later, short], &[(day(21), Some(day(24))), (day(29), None)]),
            (&[for_good], &[(day(10), Some(day(24)))]),
            (&[for_good, short, over], &[(day(21), Some(day(24)))]),
            (&[held(day(10), None)], &[]),
        ];
        for (held, expected) in cases {
            assert_eq!(not_held(held, day(10)), expected, "{held:?}");
        }
    }
}

//! A person is given a role.

use chrono::NaiveDate;

use super::{PersonChange, RoleGrant, repo};
use crate::{
    alliances,
    app::App,
    changes::Change,
    db::OnConstraint,
    error::{Forbidden, Internal},
    ids::{MemberId, PersonId, RoleGrantId, StrandId},
    problem::failure,
    viewer::{Act, ConfirmItIsYou, Permission, Role, Viewer, WrongRemit},
};

/// A role for a person whom the alliance knows.
#[derive(Debug, Clone, Copy)]
pub struct GrantRole {
    /// To whom.
    pub person_id: PersonId,
    /// What they may act as.
    pub role: Role,
    /// The one school it is for, if it is.
    pub member_id: Option<MemberId>,
    /// The one strand of work it is for, if it is.
    pub strand_id: Option<StrandId>,
    /// The first day; today when not said.
    pub starts_on: Option<NaiveDate>,
    /// The last day, when that is known beforehand.
    pub ends_on: Option<NaiveDate>,
}

/// Why no role was given.
#[derive(Debug, thiserror::Error)]
pub enum GrantRoleError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// The viewer's own roles may not give this one.
    #[error("Your own role does not give this one. Please ask a director.")]
    RoleAboveYou,
    /// Nobody raises themselves.
    #[error("Nobody gives a role to themselves. Please ask another director or manager.")]
    OwnRole,
    /// No such person in this alliance.
    #[error("That person is not one of this alliance's.")]
    UnknownPerson,
    /// No such member in this alliance.
    #[error("That school is not a member of this alliance.")]
    UnknownMember,
    /// No such strand in this alliance.
    #[error("That is not among this alliance's work.")]
    UnknownStrand,
    /// The role is not for what was chosen.
    #[error(transparent)]
    WrongRemit(#[from] WrongRemit),
    /// Over before it begins.
    #[error("The last day of a role cannot be before its first day.")]
    EndsBeforeStart,
    /// The person has this very role on some of these days.
    #[error("This person has that role already on some of these days.")]
    AlreadyHeld,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Gives a role from its first day on. Whoever has an address may then sign in with it.
pub async fn grant_role(app: &App, viewer: &Viewer, input: GrantRole) -> Result<RoleGrant, GrantRoleError> {
    use GrantRoleError as E;
    let scope = viewer.require(Permission::ManageMembers)?;
    viewer.require_confirmed(Act::GrantRole)?;
    if !viewer.may_give(input.role) {
        return Err(E::RoleAboveYou);
    }
    if viewer.person_id() == Some(input.person_id) {
        return Err(E::OwnRole);
    }
    let remit = input.role.remit(input.member_id, input.strand_id)?;

    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    repo::hold_alliance(&mut tx).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(now);
    let grant = RoleGrant {
        id: RoleGrantId::new(app),
        person_id: input.person_id,
        role: input.role,
        remit,
        starts_on: input.starts_on.unwrap_or(today),
        ends_on: input.ends_on,
    };
    if grant.ends_on.is_some_and(|last| last < grant.starts_on) {
        return Err(E::EndsBeforeStart);
    }
    let person = repo::person(&mut tx, grant.person_id).await?.ok_or(E::UnknownPerson)?;
    if repo::roles_of_person(&mut tx, person.id).await?.iter().any(|held| overlap(held, &grant)) {
        return Err(E::AlreadyHeld);
    }
    repo::insert_role(&mut tx, &grant).await.on_constraints([
        ("role_grants_member_fkey", E::UnknownMember),
        ("role_grants_strand_fkey", E::UnknownStrand),
    ])?;
    let place = repo::place(&mut tx, remit).await?;
    let given = PersonChange::of_given_role(app, viewer, (&grant, place.as_deref()));
    repo::insert_change(&mut tx, &given).await?;
    tx.announce(&[Change::Person(grant.person_id, grant.remit.member_id())]).await?;
    tx.commit().await?;
    Ok(grant)
}

/// Whether both are the same role, for the same school or strand, on some day.
fn overlap(one: &RoleGrant, other: &RoleGrant) -> bool {
    (one.role, one.remit) == (other.role, other.remit)
        && one.ends_on.is_none_or(|last| other.starts_on <= last)
        && other.ends_on.is_none_or(|last| one.starts_on <= last)
}

failure!(GrantRoleError {
    RoleAboveYou => "role",
    OwnRole => "role",
    UnknownPerson => "personId",
    UnknownMember => "memberId",
    UnknownStrand => "strandId",
    EndsBeforeStart => "endsOn",
    AlreadyHeld => "role",
} nested { Forbidden, Unconfirmed, WrongRemit, Internal });

//! A role ends.

use chrono::{Days, NaiveDate};

use super::{PersonChange, RoleGrant, administrators, repo};
use crate::{
    alliances,
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    ids::{PersonId, RoleGrantId},
    problem::failure,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// The end of a role.
#[derive(Debug, Clone, Copy)]
pub struct EndRole {
    /// Which grant of a role.
    pub grant_id: RoleGrantId,
    /// The last day: yesterday at the earliest, which ends it at once.
    pub ends_on: NaiveDate,
}

/// Why the role goes on.
#[derive(Debug, thiserror::Error)]
pub enum EndRoleError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// The viewer's own roles may not end this one.
    #[error("Your own role does not end this one. Please ask a director.")]
    RoleAboveYou,
    /// No such grant in this alliance.
    #[error("That role is not one of this alliance's.")]
    UnknownRole,
    /// Who held a role on a day that is over stays on record.
    #[error("The last day can be yesterday at the earliest, which ends the role at once.")]
    TooLongAgo,
    /// It ends on that day or sooner already.
    #[error("This role ends by then already. To lengthen it, give it again from the day after.")]
    EndsSooner,
    /// Nobody could run the alliance.
    #[error(
        "Nobody else could run the alliance then: first make somebody a director or a manager who can sign in."
    )]
    LastAdministrator,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Ends a role after its last day, and says whose it was. One that would end before its first day is taken back: it
/// never was. From the request after that, a person without any role in force is a stranger.
pub async fn end_role(app: &App, viewer: &Viewer, input: EndRole) -> Result<PersonId, EndRoleError> {
    use EndRoleError as E;
    let scope = viewer.require(Permission::ManageMembers)?;
    viewer.require_confirmed(Act::EndRole)?;

    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    repo::hold_alliance(&mut tx).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(now);
    let before = repo::role_grant(&mut tx, input.grant_id).await?.ok_or(E::UnknownRole)?;
    if !viewer.may_give(before.role) {
        return Err(E::RoleAboveYou);
    }
    if before.ends_on.is_some_and(|last| last <= input.ends_on) {
        return Err(E::EndsSooner);
    }
    if input.ends_on < today - Days::new(1) {
        return Err(E::TooLongAgo);
    }
    let after = Some(RoleGrant { ends_on: Some(input.ends_on), ..before })
        .filter(|grant| input.ends_on >= grant.starts_on);
    match &after {
        Some(grant) => repo::end_role(&mut tx, grant.id, input.ends_on).await?,
        None => repo::delete_role(&mut tx, before.id).await?,
    }
    let ran_the_alliance = Permission::ManageMembers.everywhere().contains(&before.role);
    if ran_the_alliance && !administrators::is_administered(&mut tx, today).await? {
        return Err(E::LastAdministrator);
    }
    let place = repo::place(&mut tx, before.remit).await?;
    let change = PersonChange::of_ended_role(app, viewer, (&before, after.as_ref()), place.as_deref());
    repo::insert_change(&mut tx, &change).await?;
    tx.announce(&[Change::Person(before.person_id, before.remit.member_id())]).await?;
    tx.commit().await?;
    Ok(before.person_id)
}

failure!(EndRoleError {
    RoleAboveYou => "grantId",
    UnknownRole => "grantId",
    TooLongAgo => "endsOn",
    EndsSooner => "endsOn",
    LastAdministrator => "endsOn",
} nested { Forbidden, Unconfirmed, Internal });

//! A person leaves an alliance.

use chrono::{Days, NaiveDate};

use super::{Departure, SendDepartureNotice, holdings, repo};
use crate::{
    access::{NotEntered, Session, enter_to_act},
    alliances,
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    ids::DepartureId,
    people::{PersonChange, Post, RoleGrant, administrators, repo as people},
    problem::failure,
    viewer::{Act, ConfirmItIsYou, Permission},
};

/// How far ahead the last day may be.
pub const MOST_DAYS_AHEAD: u64 = 90;

/// That a person leaves.
#[derive(Debug, Clone)]
pub struct LeaveAlliance {
    /// The short address of the alliance.
    pub slug: String,
    /// The last day: today, or one of the next 90 days.
    pub ends_on: NaiveDate,
}

/// Why they stay.
#[derive(Debug, thiserror::Error)]
pub enum LeaveAllianceError {
    /// A token leaves nothing.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// The alliance is not entered.
    #[error(transparent)]
    NotEntered(#[from] NotEntered),
    /// Who held a role on a day that is over stays on record.
    #[error("Your last day can be today at the earliest.")]
    InPast,
    /// So far ahead that it would be forgotten.
    #[error("Your last day can be 90 days ahead at the most.")]
    TooFarAhead,
    /// They have said so before.
    #[error(
        "You have said already that you leave. To stay longer, ask a director or a manager to give you a role again."
    )]
    AlreadyLeaving,
    /// Nobody could run the alliance.
    #[error(
        "Nobody else could run the alliance then. First give somebody who can sign in the role of a director or a \
         manager, then leave."
    )]
    LastAdministrator,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Ends every role and post of whoever asks after their last day, and has the people who run the alliance told. What would
/// begin later is taken back. It takes no permission: everybody may leave, and for nobody but themselves. From the day
/// after, their sessions and tokens let them in no more.
pub async fn leave_alliance(
    app: &App,
    session: &Session,
    input: LeaveAlliance,
) -> Result<(), LeaveAllianceError> {
    use LeaveAllianceError as E;
    session.device()?;
    let viewer = enter_to_act(app, session, &input.slug).await?;
    let scope = viewer.require(Permission::SeeAlliance)?;
    viewer.require_confirmed(Act::LeaveAlliance)?;
    let person_id = viewer.person_id().ok_or(Forbidden)?;

    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    people::hold_alliance(&mut tx).await?;
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let today = alliance.date(now);
    let ends_on = input.ends_on;
    if ends_on < today {
        return Err(E::InPast);
    }
    if ends_on > today + Days::new(MOST_DAYS_AHEAD) {
        return Err(E::TooFarAhead);
    }
    let held = holdings(&mut tx, person_id, today).await?.ok_or(NotEntered::UnknownAlliance)?;
    if held.leaves_on.is_some() {
        return Err(E::AlreadyLeaving);
    }

    let mut changes = vec![Change::Person(person_id, None)];
    let goes_on = |last: Option<NaiveDate>| last.is_none_or(|last| last > ends_on);
    for before in held.roles.iter().filter(|grant| goes_on(grant.ends_on)) {
        let after = (before.starts_on <= ends_on).then_some(RoleGrant { ends_on: Some(ends_on), ..*before });
        match after {
            Some(grant) => people::end_role(&mut tx, grant.id, ends_on).await?,
            None => people::delete_role(&mut tx, before.id).await?,
        }
        let place = people::place(&mut tx, before.remit).await?;
        let change = PersonChange::of_ended_role(app, &viewer, (before, after.as_ref()), place.as_deref());
        people::insert_change(&mut tx, &change).await?;
        changes.push(Change::Person(person_id, before.remit.member_id()));
    }
    for before in held.posts.iter().filter(|post| goes_on(post.ends_on)) {
        let after = (before.starts_on <= ends_on).then(|| Post { ends_on: Some(ends_on), ..before.clone() });
        match &after {
            Some(post) => people::update_post(&mut tx, post).await?,
            None => people::delete_post(&mut tx, before.id).await?,
        }
        let change = PersonChange::of_ended_post(app, &viewer, before, after.as_ref());
        people::insert_change(&mut tx, &change).await?;
        changes.push(Change::Person(person_id, Some(before.member_id)));
    }
    let ran_the_alliance = |grant: &RoleGrant| Permission::ManageMembers.everywhere().contains(&grant.role);
    if held.roles.iter().any(ran_the_alliance) && !administrators::is_administered(&mut tx, today).await? {
        return Err(E::LastAdministrator);
    }

    let departure = Departure { id: DepartureId::new(app), person_id, said_at: now, ends_on };
    repo::insert(&mut tx, &departure).await?;
    for one in repo::administrators(&mut tx, (today, ends_on + Days::new(1))).await? {
        // On trial, mail goes to those of the team who have proved their address.
        if one.id != person_id && (alliance.is_confirmed || one.has_signed_in) {
            let notice = SendDepartureNotice { departure_id: departure.id, person_id: one.id };
            tx.enqueue(app, &notice).await?;
        }
    }
    changes.dedup();
    tx.announce(&changes).await?;
    Ok(tx.commit().await?)
}

failure!(LeaveAllianceError {
    InPast => "endsOn",
    TooFarAhead => "endsOn",
    AlreadyLeaving => "endsOn",
    LastAdministrator => "endsOn",
} nested { Forbidden, NotEntered, Unconfirmed, Internal });

//! Departures: a person says that they leave an alliance, and whoever runs it is told what they held.

mod leave_alliance;
mod repo;
mod send_departure_notice;

pub use leave_alliance::{LeaveAlliance, LeaveAllianceError, MOST_DAYS_AHEAD, leave_alliance};
pub use send_departure_notice::{DepartureNotice, SendDepartureNotice, departure_notice};

use chrono::NaiveDate;

use super::{Person, Post, RoleGrant, repo as people};
use crate::{
    app::Timestamp,
    error::{Internal, ReadError},
    ids::{DepartureId, PersonId},
    viewer::{Permission, Reading},
};

/// That a person leaves, or has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Departure {
    id: DepartureId,
    person_id: PersonId,
    said_at: Timestamp,
    /// The last day on which they are let in.
    ends_on: NaiveDate,
}

impl Departure {
    /// Whether it is still to come, or of today, and nobody has given them a role beyond it since.
    fn stands(&self, roles: &[RoleGrant], today: NaiveDate) -> bool {
        let goes_on = |grant: &RoleGrant| grant.ends_on.is_none_or(|last| last > self.ends_on);
        self.ends_on >= today && !roles.iter().any(goes_on)
    }
}

/// What a person holds in an alliance: what ends when they leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdings {
    /// Who they are there.
    pub person: Person,
    /// Their roles that are not over, the newest first.
    pub roles: Vec<RoleGrant>,
    /// Their posts that are not over, the newest first.
    pub posts: Vec<Post>,
    /// The payers whose finance contact they are, by name. That does not end by itself.
    pub finance_contact_of: Vec<String>,
    /// Their last day, once they have said that they leave.
    pub leaves_on: Option<NaiveDate>,
}

/// What whoever reads holds themselves, whatever their roles; `None` for a job.
pub async fn own_holdings(reading: &Reading, today: NaiveDate) -> Result<Option<Holdings>, ReadError> {
    let mut tx = reading.require(Permission::SeeAlliance).await?;
    let Some(id) = reading.viewer().person_id() else { return Ok(None) };
    Ok(holdings(&mut tx, id, today).await?)
}

async fn holdings(
    tx: &mut crate::db::Tx,
    id: PersonId,
    today: NaiveDate,
) -> Result<Option<Holdings>, Internal> {
    let Some(person) = people::person(tx, id).await? else { return Ok(None) };
    let is_over = |ends_on: Option<NaiveDate>| ends_on.is_some_and(|last| last < today);
    let mut roles = people::roles_of_person(tx, id).await?;
    roles.retain(|grant| !is_over(grant.ends_on));
    let mut posts = people::posts_of_person(tx, id).await?;
    posts.retain(|post| !is_over(post.ends_on));
    let departure = repo::newest_of(tx, id).await?;
    let leaves_on = departure.filter(|one| one.stands(&roles, today)).map(|one| one.ends_on);
    let finance_contact_of = repo::payers_of_contact(tx, id).await?;
    Ok(Some(Holdings { person, roles, posts, finance_contact_of, leaves_on }))
}

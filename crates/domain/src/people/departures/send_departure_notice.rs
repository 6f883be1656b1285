//! The mail that somebody leaves, to each of those who run the alliance.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::repo;
use crate::{
    access::EmailAddress,
    alliances::{self, Alliance},
    app::{App, Timestamp},
    error::ReadError,
    ids::{DepartureId, PersonId},
    jobs::Job,
    people::{in_words, repo as people},
    viewer::{Permission, Viewer},
};

/// Tells one of those who run the alliance that somebody leaves it.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendDepartureNotice {
    /// Which departure.
    pub departure_id: DepartureId,
    /// Whom to tell.
    pub person_id: PersonId,
}

impl Job for SendDepartureNotice {
    const KIND: &'static str = "send_departure_notice";

    fn dedupe_key(&self) -> Option<String> {
        Some(format!("{}:{}", self.departure_id, self.person_id))
    }
}

/// What the mail says.
#[derive(Debug, Clone)]
pub struct DepartureNotice {
    /// To whom.
    pub to: EmailAddress,
    /// What is left.
    pub alliance: Alliance,
    /// Who leaves.
    pub name: String,
    /// Their last day.
    pub ends_on: NaiveDate,
    /// The roles they held when they said so: "head, Alder Primary School".
    pub roles: Vec<String>,
    /// The payers whose finance contact they are, by name.
    pub finance_contact_of: Vec<String>,
    /// Their page.
    pub page: String,
    /// When they said so: the Date header.
    pub said_at: Timestamp,
}

/// Loads the mail of a job; `None` when whom it is for does not run the alliance any more.
pub async fn departure_notice(
    app: &App,
    viewer: &Viewer,
    job: &SendDepartureNotice,
) -> Result<Option<DepartureNotice>, ReadError> {
    let scope = viewer.require(Permission::ManageMembers)?;
    let mut tx = app.db.begin(scope).await?;
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let Some(departure) = repo::departure(&mut tx, job.departure_id).await? else { return Ok(None) };
    let Some(person) = people::person(&mut tx, departure.person_id).await? else { return Ok(None) };
    let today = alliance.date(app.clock.now());
    let days = (today, today.max(departure.ends_on + Days::new(1)));
    let told = repo::administrators(&mut tx, days).await?.into_iter().find(|one| one.id == job.person_id);
    let Some(told) = told else { return Ok(None) };
    let said_on = alliance.date(departure.said_at);
    let mut roles = Vec::new();
    for grant in people::roles_of_person(&mut tx, person.id).await? {
        if grant.is_in_force(said_on) {
            let place = people::place(&mut tx, grant.remit).await?;
            roles.push(in_words(grant.role, place.as_deref()));
        }
    }
    Ok(Some(DepartureNotice {
        to: told.email,
        name: person.name,
        ends_on: departure.ends_on,
        roles,
        finance_contact_of: repo::payers_of_contact(&mut tx, person.id).await?,
        page: app.links.to(&format!("/{}/people/{}", alliance.slug, person.id)),
        said_at: departure.said_at,
        alliance,
    }))
}

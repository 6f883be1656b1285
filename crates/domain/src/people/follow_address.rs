//! An alliance gets to know the new address of a person.

use serde::{Deserialize, Serialize};

use super::{Person, PersonChange, repo};
use crate::{
    access::{EmailAddress, addresses_of},
    app::App,
    changes::Change,
    error::ReadError,
    ids::AccountId,
    jobs::Job,
    viewer::{Permission, Viewer},
};

/// Gives an account's person in one alliance the address that the account has now, if the alliance knows them under one
/// that it had. An address of the alliance's own for them stays. Safe to run twice, and in any order with others.
#[derive(Debug, Serialize, Deserialize)]
pub struct FollowAddress {
    /// Whose person.
    pub account_id: AccountId,
    /// The account whose changes say which addresses it had: another one when it was part of it for a while.
    pub history_of: AccountId,
}

impl Job for FollowAddress {
    const KIND: &'static str = "follow_address";
}

/// Does it in the viewer's alliance.
pub async fn follow_address(app: &App, viewer: &Viewer, job: &FollowAddress) -> Result<(), ReadError> {
    let scope = viewer.require(Permission::ManageMembers)?;
    let Some((now_has, had)) = addresses_of(app, job.account_id, job.history_of).await? else {
        return Ok(());
    };
    let mut tx = app.db.begin(scope).await?;
    repo::hold_alliance(&mut tx).await?;
    let Some(before) = repo::person_of_account(&mut tx, job.account_id).await? else { return Ok(()) };
    let is_one_it_had = |email: &EmailAddress| *email != now_has && had.contains(email);
    if !before.email.as_ref().is_some_and(is_one_it_had) {
        return Ok(());
    }
    let person = Person { email: Some(now_has), ..before.clone() };
    repo::update_person(&mut tx, &person).await?;
    let emails = (before.email.as_ref(), person.email.as_ref());
    repo::insert_change(&mut tx, &PersonChange::of_email(app, viewer, person.id, emails)).await?;
    tx.announce(&[Change::Person(person.id, None)]).await?;
    Ok(tx.commit().await?)
}

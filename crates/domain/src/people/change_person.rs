//! A person gets another name or mail address.

use super::{Person, PersonChange, administrators, repo};
use crate::{
    access::{EmailAddress, NotAnEmailAddress},
    alliances,
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    ids::PersonId,
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// A person as they shall be known.
#[derive(Debug, Clone)]
pub struct ChangePerson {
    /// Who.
    pub person_id: PersonId,
    /// Their name, at most 200 characters.
    pub name: String,
    /// Where they get mail; none when `None` or empty.
    pub email: Option<String>,
}

/// Why the person is known as before.
#[derive(Debug, thiserror::Error)]
pub enum ChangePersonError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No such person in this alliance.
    #[error("That person is not one of this alliance's.")]
    UnknownPerson,
    /// Empty, or longer than 200 characters.
    #[error("Please give a name of at most 200 characters.")]
    InvalidName,
    /// Not a mail address.
    #[error(transparent)]
    InvalidEmail(#[from] NotAnEmailAddress),
    /// They hold a role that the viewer may not give.
    #[error(
        "This person holds a role that only a director gives, so only a director changes their email address."
    )]
    AddressAboveYou,
    /// Nobody could run the alliance.
    #[error("Without an address this person cannot sign in, and nobody else could run the alliance.")]
    LastAdministrator,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Changes how a person is known. Whoever has signed in as this person stays who they are: the address that an account
/// proved joins it to a person once, and another address, whoever proved that, takes nobody's place. Before the first
/// sign-in the address decides who that will be, so changing it takes what giving the person's roles takes.
pub async fn change_person(
    app: &App,
    viewer: &Viewer,
    input: ChangePerson,
) -> Result<Person, ChangePersonError> {
    use ChangePersonError as E;
    let scope = viewer.require(Permission::ManageMembers)?;
    viewer.require_confirmed(Act::ChangePerson)?;
    let name = one_line(&input.name, 200).ok_or(E::InvalidName)?;
    let email = EmailAddress::parse_optional(input.email)?;

    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    repo::hold_alliance(&mut tx).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(now);
    let before = repo::person(&mut tx, input.person_id).await?.ok_or(E::UnknownPerson)?;
    let person = Person { name, email, ..before.clone() };
    repo::update_person(&mut tx, &person).await?;
    if person.name != before.name {
        let change = PersonChange::of_name(app, viewer, person.id, (&before.name, &person.name));
        repo::insert_change(&mut tx, &change).await?;
    }
    if person.email != before.email {
        let is_own = viewer.person_id() == Some(person.id);
        let mut roles = repo::roles_of_person(&mut tx, person.id).await?;
        roles.retain(|grant| grant.ends_on.is_none_or(|last| last >= today));
        if !is_own && !roles.iter().all(|grant| viewer.may_give(grant.role)) {
            return Err(E::AddressAboveYou);
        }
        if person.email.is_none() && !administrators::is_administered(&mut tx, today).await? {
            return Err(E::LastAdministrator);
        }
        let emails = (before.email.as_ref(), person.email.as_ref());
        repo::insert_change(&mut tx, &PersonChange::of_email(app, viewer, person.id, emails)).await?;
    }
    tx.announce(&[Change::Person(person.id, None)]).await?;
    tx.commit().await?;
    Ok(person)
}

failure!(ChangePersonError {
    UnknownPerson => "personId",
    InvalidName => "name",
    InvalidEmail => "email",
    AddressAboveYou => "email",
    LastAdministrator => "email",
} nested { Forbidden, Unconfirmed, Internal });

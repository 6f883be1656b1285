//! People as an alliance knows them: persons, dated posts at members, dated roles.

mod add_person;
pub(crate) mod repo;

pub use add_person::{AddPerson, AddPersonError, NewPost, add_person};

use chrono::NaiveDate;

use crate::{
    access::EmailAddress,
    error::ReadError,
    ids::{MemberId, PersonId, PostId},
    page::{Page, PageRequest},
    viewer::{Permission, Reading, Role},
};

/// A person whom an alliance knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person, in this alliance.
    pub id: PersonId,
    /// Their name as this alliance writes it.
    pub name: String,
    /// Where they get mail and sign in.
    pub email: Option<EmailAddress>,
}

/// A post of a person at a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The post.
    pub id: PostId,
    /// Whose it is.
    pub person_id: PersonId,
    /// Where.
    pub member_id: MemberId,
    /// "Head", "School business manager".
    pub title: String,
    /// The first day.
    pub starts_on: NaiveDate,
    /// The last day, once known.
    pub ends_on: Option<NaiveDate>,
}

/// A role to be given to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRole {
    /// To whom.
    pub person_id: PersonId,
    /// What they may act as.
    pub role: Role,
    /// The one school it is for, exactly when [`Role::is_of_one_school`].
    pub member_id: Option<MemberId>,
    /// The first day.
    pub starts_on: NaiveDate,
}

/// Where a list of people goes on: after this name and person.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PersonCursor {
    /// The last name shown.
    pub name: String,
    /// And its person.
    pub id: PersonId,
}

/// People within reach, by name: all of them for the alliance's team, a head's own staff for a head.
pub async fn people(reading: &Reading, page: &PageRequest<PersonCursor>) -> Result<Page<Person>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeePeople).await?;
    Ok(repo::people(&mut tx, &reach, page).await?)
}

/// How many people are within reach.
pub async fn count_people(reading: &Reading) -> Result<i64, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeePeople).await?;
    Ok(repo::count_people(&mut tx, &reach).await?)
}

/// These people, as far as they are within reach.
pub async fn people_by_ids(reading: &Reading, ids: &[PersonId]) -> Result<Vec<Person>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeePeople).await?;
    Ok(repo::people_by_ids(&mut tx, &reach, ids).await?)
}

/// The posts at these members that are held on `on`, with their people.
pub async fn posts_of_members(
    reading: &Reading,
    members: &[MemberId],
    on: NaiveDate,
) -> Result<Vec<(Post, Person)>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeePeople).await?;
    Ok(repo::posts_of_members(&mut tx, &reach, members, on).await?)
}

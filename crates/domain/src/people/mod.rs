//! People as an alliance knows them: persons, dated posts at members, dated roles, and what was changed of them. How they come
//! is in [`invitations`], how they go in [`departures`].

mod add_person;
mod add_post;
mod administrators;
mod change_person;
mod change_post;
mod changes;
pub mod departures;
mod end_role;
mod follow_address;
mod grant_role;
pub mod invitations;
pub(crate) mod repo;

pub use add_person::{AddPerson, AddPersonError, NewPost, add_person};
pub use add_post::{AddPost, AddPostError, add_post};
pub use change_person::{ChangePerson, ChangePersonError, change_person};
pub use change_post::{ChangePost, ChangePostError, change_post};
pub use changes::{Changed, PersonChange};
pub use end_role::{EndRole, EndRoleError, end_role};
pub use follow_address::{FollowAddress, follow_address};
pub use grant_role::{GrantRole, GrantRoleError, grant_role};

use chrono::NaiveDate;

use crate::{
    access::EmailAddress,
    error::ReadError,
    ids::{MemberId, PersonId, PostId, RoleGrantId},
    page::{Page, PageRequest},
    viewer::{Permission, Reading, Remit, Role},
};

/// A person whom an alliance knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person, in this alliance.
    pub id: PersonId,
    /// Their name as this alliance writes it.
    pub name: String,
    /// Where they get mail, and sign in for the first time.
    pub email: Option<EmailAddress>,
    /// Whether somebody has proved to be this person by signing in. From then on the address they proved is what they
    /// sign in with, whatever the alliance writes.
    pub has_signed_in: bool,
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

/// A role of a person, from its first day to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleGrant {
    /// The grant.
    pub id: RoleGrantId,
    /// Whose it is.
    pub person_id: PersonId,
    /// What they may act as.
    pub role: Role,
    /// What it is for: one of [`Role::remits`].
    pub remit: Remit,
    /// The first day.
    pub starts_on: NaiveDate,
    /// The last day, once known.
    pub ends_on: Option<NaiveDate>,
}

impl RoleGrant {
    fn is_in_force(&self, on: NaiveDate) -> bool {
        self.starts_on <= on && self.ends_on.is_none_or(|last| on <= last)
    }
}

/// A role and where: `head, Alder Primary School`.
fn in_words(role: Role, place: Option<&str>) -> String {
    let label = role.label();
    place.map_or_else(|| label.to_owned(), |place| format!("{label}, {place}"))
}

/// Which people a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonFilter {
    /// A part of the name, in any case.
    pub name: Option<String>,
    /// A role that is held on `on`.
    pub role: Option<Role>,
    /// The day for `role`.
    pub on: NaiveDate,
}

/// Where a list of people goes on: after this name and person.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PersonCursor {
    /// The last name shown.
    pub name: String,
    /// And its person.
    pub id: PersonId,
}

/// People within reach, by name: all of them for the alliance's team, those with a post or a role at their own school
/// for a head.
pub async fn people(
    reading: &Reading,
    filter: &PersonFilter,
    page: &PageRequest<PersonCursor>,
) -> Result<Page<Person>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeePeople).await?;
    Ok(repo::people(&mut tx, &reach, filter, page).await?)
}

/// How many people within reach a filter finds.
pub async fn count_people(reading: &Reading, filter: &PersonFilter) -> Result<i64, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeePeople).await?;
    Ok(repo::count_people(&mut tx, &reach, filter).await?)
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

/// Every post of these people at members within reach, the newest first.
pub async fn posts_of_people(reading: &Reading, ids: &[PersonId]) -> Result<Vec<Post>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeePeople).await?;
    Ok(repo::posts_of_people(&mut tx, &reach, ids).await?)
}

/// Every role of these people, the newest first; for a head those at their own school.
pub async fn roles_of_people(reading: &Reading, ids: &[PersonId]) -> Result<Vec<RoleGrant>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeePeople).await?;
    Ok(repo::roles_of_people(&mut tx, &reach, ids).await?)
}

/// What was changed of a person, the newest first, at most 100 changes.
pub async fn changes_of_person(reading: &Reading, id: PersonId) -> Result<Vec<PersonChange>, ReadError> {
    let mut tx = reading.require(Permission::ManageMembers).await?;
    Ok(repo::changes_of_person(&mut tx, id).await?)
}

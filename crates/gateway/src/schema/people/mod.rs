//! People as an alliance knows them.

mod add_person;

use std::{collections::HashMap, sync::Arc};

use async_graphql::{ID, Object, Result};
use domain::{
    error::ReadError,
    ids::{MemberId, PersonId},
    people::{self, Person, PersonCursor, Post},
};

pub(crate) use add_person::PeopleMutation;

use super::{
    batches::Batch,
    connection::{self, PageInfo},
    context::Inside,
    errors,
    ids::{self, Kind},
    scalars::Date,
    schools::MemberObject,
};

/// A person whom the alliance knows.
pub(crate) struct PersonObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) person: Person,
}

#[Object(name = "Person")]
impl PersonObject {
    /// Opaque, and good for as long as the person is known.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Person, self.inside.id(), self.person.id.0)
    }

    /// Their name as this alliance writes it.
    async fn name(&self) -> &str {
        &self.person.name
    }

    /// Where they get mail and sign in.
    async fn email(&self) -> Option<&str> {
        self.person.email.as_ref().map(domain::access::EmailAddress::as_str)
    }
}

/// A post of a person at a member.
pub(crate) struct PostObject {
    inside: Arc<Inside>,
    post: Post,
    person: Person,
}

#[Object(name = "Post")]
impl PostObject {
    /// Opaque, and good for as long as the post is known.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Post, self.inside.id(), self.post.id.0)
    }

    /// "Head", "School business manager".
    async fn title(&self) -> &str {
        &self.post.title
    }

    /// The first day.
    async fn starts_on(&self) -> Date {
        self.post.starts_on.into()
    }

    /// The last day, once known.
    async fn ends_on(&self) -> Option<Date> {
        self.post.ends_on.map(Into::into)
    }

    /// Whose it is.
    async fn person(&self) -> PersonObject {
        PersonObject { inside: Arc::clone(&self.inside), person: self.person.clone() }
    }

    /// Where.
    async fn member(&self) -> Result<Option<MemberObject>> {
        self.inside.member(self.post.member_id).await
    }
}

/// Counts people: a list has no filter, so its pages tell all there is.
pub(crate) struct PeopleTotal(Arc<Inside>);

impl PeopleTotal {
    async fn count(&self) -> Result<i64> {
        people::count_people(&self.0.reading).await.map_err(errors::read)
    }
}

connection::connection! {
    /// People in pages.
    PersonConnection of PersonObject, total: PeopleTotal
}

pub(crate) async fn people(
    inside: &Arc<Inside>,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<PersonConnection> {
    let list = inside.list("people");
    let page = people::people(&inside.reading, &list.page(first, after)?).await.map_err(errors::read)?;
    let end_cursor =
        page.items.last().map(|last| list.cursor(&PersonCursor { name: last.name.clone(), id: last.id }));
    let object = |person| PersonObject { inside: Arc::clone(inside), person };
    Ok(PersonConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: page.items.into_iter().map(object).collect(),
        total: PeopleTotal(Arc::clone(inside)),
    })
}

struct PeopleById;

impl Batch for PeopleById {
    type Key = PersonId;
    type Value = Person;

    async fn read(inside: &Inside, keys: &[PersonId]) -> Result<HashMap<PersonId, Person>, ReadError> {
        let found = people::people_by_ids(&inside.reading, keys).await?;
        Ok(found.into_iter().map(|person| (person.id, person)).collect())
    }
}

struct PostsOfMember;

impl Batch for PostsOfMember {
    type Key = MemberId;
    type Value = Vec<(Post, Person)>;

    async fn read(inside: &Inside, keys: &[MemberId]) -> Result<HashMap<MemberId, Self::Value>, ReadError> {
        let mut found: HashMap<_, Self::Value> = HashMap::new();
        for (post, person) in people::posts_of_members(&inside.reading, keys, inside.today).await? {
            found.entry(post.member_id).or_default().push((post, person));
        }
        Ok(found)
    }
}

impl Inside {
    pub(crate) async fn person(self: &Arc<Self>, id: PersonId) -> Result<Option<PersonObject>> {
        let found = self.load::<PeopleById>(id).await?;
        Ok(found.map(|person| PersonObject { inside: Arc::clone(self), person }))
    }

    pub(crate) async fn posts(self: &Arc<Self>, id: MemberId) -> Result<Vec<PostObject>> {
        let found = self.load::<PostsOfMember>(id).await?.unwrap_or_default();
        let object = |(post, person)| PostObject { inside: Arc::clone(self), post, person };
        Ok(found.into_iter().map(object).collect())
    }
}

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    ids::{MemberId, StrandId},
    people::{AddPerson, NewPost, add_person},
};

use super::PersonObject;
use crate::schema::{
    alliances::RoleEnum,
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::Date,
};

/// A new person.
#[derive(InputObject)]
struct AddPersonInput {
    /// The alliance's short address.
    alliance: String,
    /// Their name.
    name: String,
    /// Where they get mail and sign in.
    email: Option<String>,
    /// The member they hold a post at.
    member_id: Option<ID>,
    /// What the post is, such as Head.
    title: Option<String>,
    /// The first day of the post; today when not given.
    starts_on: Option<Date>,
    /// What they may act as. A school's role is for `memberId`.
    role: Option<RoleEnum>,
    /// The strand of work that a strand lead's role is for.
    strand_id: Option<ID>,
}

payload! {
    /// The person who was added.
    AddPersonPayload {
        /// The person.
        person: PersonObject
    }
}

#[derive(Default)]
pub(crate) struct AddPersonMutation;

#[Object]
impl AddPersonMutation {
    /// Add a person, with a post at a member and a role.
    async fn add_person(&self, ctx: &Context<'_>, input: AddPersonInput) -> Result<AddPersonPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let post = input.member_id.map(|id| NewPost {
            member_id: MemberId(local(Kind::Member, change.id(), &id)),
            title: input.title.unwrap_or_default(),
            starts_on: input.starts_on.map(|date| date.0),
        });
        let person = AddPerson {
            name: input.name,
            email: input.email,
            post,
            role: input.role.map(Into::into),
            strand_id: input.strand_id.map(|id| StrandId(local(Kind::Strand, change.id(), &id))),
        };
        let done = answer(add_person(session.app(), change.viewer(), person).await)?;
        Ok(change.answer(done, async |inside, person| Ok(PersonObject { inside, person })).await?.into())
    }
}

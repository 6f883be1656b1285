use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    ids::{MemberId, PersonId},
    people::{AddPost, NewPost, add_post},
};

use super::PostObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::Date,
};

/// A post of a person whom the alliance knows.
#[derive(InputObject)]
struct AddPostInput {
    /// The alliance's short address.
    alliance: String,
    /// Whose.
    person_id: ID,
    /// The member it is at.
    member_id: ID,
    /// What it is, such as Head.
    title: String,
    /// The first day; today when not given.
    starts_on: Option<Date>,
}

payload! {
    /// The post that was added.
    AddPostPayload {
        /// The post.
        post: PostObject
    }
}

#[derive(Default)]
pub(crate) struct AddPostMutation;

#[Object]
impl AddPostMutation {
    /// A person takes a post at a member; they may hold several.
    async fn add_post(&self, ctx: &Context<'_>, input: AddPostInput) -> Result<AddPostPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let post = NewPost {
            member_id: MemberId(local(Kind::Member, change.id(), &input.member_id)),
            title: input.title,
            starts_on: input.starts_on.map(|date| date.0),
        };
        let person_id = PersonId(local(Kind::Person, change.id(), &input.person_id));
        let input = AddPost { person_id, post };
        let done = answer(add_post(session.app(), change.viewer(), input).await)?;
        Ok(change.answer(done, async |inside, post| PostObject::of(inside, post).await).await?.into())
    }
}

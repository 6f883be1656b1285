use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    ids::PostId,
    people::{ChangePost, change_post},
};

use super::PostObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::Date,
};

/// A post as it shall be.
#[derive(InputObject)]
struct ChangePostInput {
    /// The alliance's short address.
    alliance: String,
    /// Which.
    post_id: ID,
    /// What it is, such as Head.
    title: String,
    /// The first day.
    starts_on: Date,
    /// The last day; none while it goes on.
    ends_on: Option<Date>,
}

payload! {
    /// The post as it is now.
    ChangePostPayload {
        /// The post.
        post: PostObject
    }
}

#[derive(Default)]
pub(crate) struct ChangePostMutation;

#[Object]
impl ChangePostMutation {
    /// Change what a post is and its days, or end it.
    async fn change_post(&self, ctx: &Context<'_>, input: ChangePostInput) -> Result<ChangePostPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let input = ChangePost {
            post_id: PostId(local(Kind::Post, change.id(), &input.post_id)),
            title: input.title,
            starts_on: input.starts_on.0,
            ends_on: input.ends_on.map(|date| date.0),
        };
        let done = answer(change_post(session.app(), change.viewer(), input).await)?;
        Ok(change.answer(done, async |inside, post| PostObject::of(inside, post).await).await?.into())
    }
}

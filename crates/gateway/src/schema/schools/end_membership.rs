use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::schools::members::{EndMembership, end_membership};

use super::{MemberObject, add_member::member_id};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    scalars::Date,
};

/// The end of a membership.
#[derive(InputObject)]
struct EndMembershipInput {
    /// The alliance's short address.
    alliance: String,
    /// Which member.
    member_id: ID,
    /// The last day of membership; null takes one back, and the membership goes on.
    left_on: Option<Date>,
}

payload! {
    /// The member with its last day, if any.
    EndMembershipPayload {
        /// The member.
        member: MemberObject
    }
}

#[derive(Default)]
pub(crate) struct EndMembershipMutation;

#[Object]
impl EndMembershipMutation {
    /// A member leaves, on another day than was said, or stays after all. What was invoiced stays.
    async fn end_membership(
        &self,
        ctx: &Context<'_>,
        input: EndMembershipInput,
    ) -> Result<EndMembershipPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let input = EndMembership {
            member_id: member_id(change.id(), &input.member_id),
            left_on: input.left_on.map(|date| date.0),
        };
        let done = answer(end_membership(session.app(), change.viewer(), input).await)?;
        Ok(change.answer(done, async |inside, member| Ok(MemberObject { inside, member })).await?.into())
    }
}

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::schools::members::{ChangeMember, change_member};

use super::{MemberObject, PhaseEnum, add_member::member_id};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    scalars::Date,
};

/// A member as it shall be.
#[derive(InputObject)]
struct ChangeMemberInput {
    /// The alliance's short address.
    alliance: String,
    /// Which member.
    member_id: ID,
    /// Its name.
    name: String,
    /// Its number in the national register, a new one after it became an academy; null outside the register.
    urn: Option<i32>,
    /// The ages it teaches.
    phase: PhaseEnum,
    /// The first day of membership.
    joined_on: Date,
}

payload! {
    /// The member as it is now.
    ChangeMemberPayload {
        /// The member.
        member: MemberObject
    }
}

#[derive(Default)]
pub(crate) struct ChangeMemberMutation;

#[Object]
impl ChangeMemberMutation {
    /// Change a member's name, number, phase or first day. The membership goes on, with its history.
    async fn change_member(
        &self,
        ctx: &Context<'_>,
        input: ChangeMemberInput,
    ) -> Result<ChangeMemberPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let input = ChangeMember {
            member_id: member_id(change.id(), &input.member_id),
            name: input.name,
            urn: input.urn,
            phase: input.phase.into(),
            joined_on: input.joined_on.0,
        };
        let done = answer(change_member(session.app(), change.viewer(), input).await)?;
        Ok(change.answer(done, async |inside, member| Ok(MemberObject { inside, member })).await?.into())
    }
}

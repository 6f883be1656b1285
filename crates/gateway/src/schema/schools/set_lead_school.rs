use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::schools::members::{SetLeadSchool, set_lead_school};

use super::{MemberObject, add_member::member_id};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
};

/// Which member leads.
#[derive(InputObject)]
struct SetLeadSchoolInput {
    /// The alliance's short address.
    alliance: String,
    /// The member.
    member_id: ID,
}

payload! {
    /// The school that leads.
    SetLeadSchoolPayload {
        /// The member.
        member: MemberObject
    }
}

#[derive(Default)]
pub(crate) struct SetLeadSchoolMutation;

#[Object]
impl SetLeadSchoolMutation {
    /// Make a member the lead school from today on. That another led before stays known.
    async fn set_lead_school(
        &self,
        ctx: &Context<'_>,
        input: SetLeadSchoolInput,
    ) -> Result<SetLeadSchoolPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let input = SetLeadSchool { member_id: member_id(change.id(), &input.member_id) };
        let done = answer(set_lead_school(session.app(), change.viewer(), input).await)?;
        Ok(change.answer(done, async |inside, member| Ok(MemberObject { inside, member })).await?.into())
    }
}

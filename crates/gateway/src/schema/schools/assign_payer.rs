use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::schools::members::{AssignPayer, assign_payer};

use super::{
    MemberObject,
    add_member::{PayerInput, member_id, payer_choice},
};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
};

/// Another payer for a member.
#[derive(InputObject)]
struct AssignPayerInput {
    /// The alliance's short address.
    alliance: String,
    /// Which member.
    member_id: ID,
    /// A payer that the alliance has already.
    payer_id: Option<ID>,
    /// A new payer. Without this and `payerId` the school pays for itself.
    new_payer: Option<PayerInput>,
}

payload! {
    /// The member with its payer.
    AssignPayerPayload {
        /// The member.
        member: MemberObject
    }
}

#[derive(Default)]
pub(crate) struct AssignPayerMutation;

#[Object]
impl AssignPayerMutation {
    /// From now on somebody else pays for a member. Invoices already issued stay with the payer they were issued to.
    async fn assign_payer(&self, ctx: &Context<'_>, input: AssignPayerInput) -> Result<AssignPayerPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let input = AssignPayer {
            member_id: member_id(change.id(), &input.member_id),
            payer: payer_choice(change.id(), input.payer_id.as_ref(), input.new_payer),
        };
        let done = answer(assign_payer(session.app(), change.viewer(), input).await)?;
        Ok(change.answer(done, async |inside, member| Ok(MemberObject { inside, member })).await?.into())
    }
}

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{ids::InvitationId, people::invitations::withdraw_invitation};

use super::InvitationObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// An invitation that is taken back.
#[derive(InputObject)]
struct WithdrawInvitationInput {
    /// The alliance's short address.
    alliance: String,
    /// Which.
    invitation_id: ID,
}

payload! {
    /// The invitation.
    WithdrawInvitationPayload {
        /// The invitation.
        invitation: InvitationObject
    }
}

#[derive(Default)]
pub(crate) struct WithdrawInvitationMutation;

#[Object]
impl WithdrawInvitationMutation {
    /// Take an open invitation back.
    async fn withdraw_invitation(
        &self,
        ctx: &Context<'_>,
        input: WithdrawInvitationInput,
    ) -> Result<WithdrawInvitationPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let id = InvitationId(local(Kind::Invitation, change.id(), &input.invitation_id));
        let done = answer(withdraw_invitation(session.app(), change.viewer(), id).await)?;
        let object = async |inside, invitation| Ok(InvitationObject { inside, invitation });
        Ok(change.answer(done, object).await?.into())
    }
}

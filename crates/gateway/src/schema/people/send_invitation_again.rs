use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{ids::InvitationId, people::invitations::send_invitation_again};

use super::InvitationObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// An invitation that is mailed once more.
#[derive(InputObject)]
struct SendInvitationAgainInput {
    /// The alliance's short address.
    alliance: String,
    /// Which.
    invitation_id: ID,
}

payload! {
    /// The invitation.
    SendInvitationAgainPayload {
        /// The invitation.
        invitation: InvitationObject
    }
}

#[derive(Default)]
pub(crate) struct SendInvitationAgainMutation;

#[Object]
impl SendInvitationAgainMutation {
    /// Mail an open invitation once more, a day after the last time at the earliest.
    async fn send_invitation_again(
        &self,
        ctx: &Context<'_>,
        input: SendInvitationAgainInput,
    ) -> Result<SendInvitationAgainPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let id = InvitationId(local(Kind::Invitation, change.id(), &input.invitation_id));
        let done = answer(send_invitation_again(session.app(), change.viewer(), id).await)?;
        let object = async |inside, invitation| Ok(InvitationObject { inside, invitation });
        Ok(change.answer(done, object).await?.into())
    }
}

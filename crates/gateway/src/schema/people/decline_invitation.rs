use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{ids::InvitationId, people::invitations::decline_invitation};

use crate::schema::{
    access::{ViewerObject, signed_out},
    context::Session,
    errors::{answer, payload},
    ids::{Kind, anywhere},
};

/// An invitation to you.
#[derive(InputObject)]
struct DeclineInvitationInput {
    /// Which.
    invitation_id: ID,
}

payload! {
    /// Your invitations now.
    DeclineInvitationPayload {
        /// You.
        viewer: ViewerObject
    }
}

#[derive(Default)]
pub(crate) struct DeclineInvitationMutation;

#[Object]
impl DeclineInvitationMutation {
    /// Decline an invitation to the address that you proved.
    async fn decline_invitation(
        &self,
        ctx: &Context<'_>,
        input: DeclineInvitationInput,
    ) -> Result<DeclineInvitationPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let id = InvitationId(anywhere(Kind::Invitation, &input.invitation_id));
        let done = answer(decline_invitation(session.app(), own, id).await)?;
        Ok(done.map(|()| ViewerObject(own.clone())).into())
    }
}

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{ids::InvitationId, people::invitations::accept_invitation};

use crate::schema::{
    access::{AllianceEntryObject, signed_out},
    context::Session,
    errors::{answer, payload},
    ids::{Kind, anywhere},
};

/// An invitation to you.
#[derive(InputObject)]
struct AcceptInvitationInput {
    /// Which.
    invitation_id: ID,
}

payload! {
    /// Where the invitation led.
    AcceptInvitationPayload {
        /// The alliance.
        alliance: AllianceEntryObject
    }
}

#[derive(Default)]
pub(crate) struct AcceptInvitationMutation;

#[Object]
impl AcceptInvitationMutation {
    /// Take up an invitation to the address that you proved. The role begins today.
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        input: AcceptInvitationInput,
    ) -> Result<AcceptInvitationPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let id = InvitationId(anywhere(Kind::Invitation, &input.invitation_id));
        let done = answer(accept_invitation(session.app(), own, id).await)?;
        Ok(done.map(Into::into).into())
    }
}

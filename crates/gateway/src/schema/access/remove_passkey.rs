use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{access::remove_passkey, ids::PasskeyId, jobs::DEPLOYMENT};

use super::{ViewerObject, signed_out};
use crate::schema::{
    context::Session,
    errors::{answer, payload},
    ids::{Kind, local},
};

/// A passkey of your own.
#[derive(InputObject)]
struct RemovePasskeyInput {
    /// Which passkey.
    passkey_id: ID,
}

payload! {
    /// Your passkeys now.
    RemovePasskeyPayload {
        /// You.
        viewer: ViewerObject
    }
}

#[derive(Default)]
pub(crate) struct RemovePasskeyMutation;

#[Object]
impl RemovePasskeyMutation {
    /// Remove one of your passkeys: it does not sign in any more, from now on. You are told
    /// by mail. Takes a proof of who asks that is younger than 15 minutes.
    async fn remove_passkey(
        &self,
        ctx: &Context<'_>,
        input: RemovePasskeyInput,
    ) -> Result<RemovePasskeyPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let id = PasskeyId(local(Kind::Passkey, DEPLOYMENT, &input.passkey_id));
        let done = answer(remove_passkey(session.app(), own, id).await)?;
        Ok(done.map(|()| ViewerObject(own.clone())).into())
    }
}

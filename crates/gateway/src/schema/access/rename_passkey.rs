use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{access::rename_passkey, ids::PasskeyId, jobs::DEPLOYMENT};

use super::{ViewerObject, signed_out};
use crate::schema::{
    context::Session,
    errors::{answer, payload},
    ids::{Kind, local},
};

/// A passkey of your own, and its name.
#[derive(InputObject)]
struct RenamePasskeyInput {
    /// Which passkey.
    passkey_id: ID,
    /// What you call it, at most 60 characters.
    name: String,
}

payload! {
    /// Your passkeys now.
    RenamePasskeyPayload {
        /// You.
        viewer: ViewerObject
    }
}

#[derive(Default)]
pub(crate) struct RenamePasskeyMutation;

#[Object]
impl RenamePasskeyMutation {
    /// Rename one of your passkeys.
    async fn rename_passkey(
        &self,
        ctx: &Context<'_>,
        input: RenamePasskeyInput,
    ) -> Result<RenamePasskeyPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let id = PasskeyId(local(Kind::Passkey, DEPLOYMENT, &input.passkey_id));
        let done = answer(rename_passkey(session.app(), own, id, &input.name).await)?;
        Ok(done.map(|()| ViewerObject(own.clone())).into())
    }
}

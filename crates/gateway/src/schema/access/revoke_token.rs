use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{access::revoke_token, ids::ApiTokenId, jobs::DEPLOYMENT};

use super::{ViewerObject, signed_out};
use crate::schema::{
    context::Session,
    errors::{answer, payload},
    ids::{Kind, local},
};

/// A token of your own.
#[derive(InputObject)]
struct RevokeTokenInput {
    /// Which token.
    token_id: ID,
}

payload! {
    /// Your tokens now.
    RevokeTokenPayload {
        /// You.
        viewer: ViewerObject
    }
}

#[derive(Default)]
pub(crate) struct RevokeTokenMutation;

#[Object]
impl RevokeTokenMutation {
    /// Make one of your tokens worthless, at once.
    async fn revoke_token(&self, ctx: &Context<'_>, input: RevokeTokenInput) -> Result<RevokeTokenPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let id = ApiTokenId(local(Kind::ApiToken, DEPLOYMENT, &input.token_id));
        let done = answer(revoke_token(session.app(), own, id).await)?;
        Ok(done.map(|()| ViewerObject(own.clone())).into())
    }
}

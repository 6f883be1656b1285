use async_graphql::{Context, Object, Result};
use domain::access::end_other_sessions;

use super::{ViewerObject, signed_out};
use crate::schema::{
    context::Session,
    errors::{answer, payload},
};

payload! {
    /// Where you are signed in now.
    EndOtherSessionsPayload {
        /// You.
        viewer: ViewerObject
    }
}

#[derive(Default)]
pub(crate) struct EndOtherSessionsMutation;

#[Object]
impl EndOtherSessionsMutation {
    /// Sign out on every device but the one that asks, at once.
    async fn end_other_sessions(&self, ctx: &Context<'_>) -> Result<EndOtherSessionsPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let done = answer(end_other_sessions(session.app(), own).await)?;
        Ok(done.map(|_| ViewerObject(own.clone())).into())
    }
}

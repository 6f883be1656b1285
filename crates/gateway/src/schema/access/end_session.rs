use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{access::end_session, ids::SessionId, jobs::DEPLOYMENT};

use super::{ViewerObject, signed_out};
use crate::schema::{
    context::Session,
    errors::{answer, payload},
    ids::{Kind, local},
};

/// A session of your own.
#[derive(InputObject)]
struct EndSessionInput {
    /// Which session.
    session_id: ID,
}

payload! {
    /// Where you are signed in now.
    EndSessionPayload {
        /// You.
        viewer: ViewerObject
    }
}

#[derive(Default)]
pub(crate) struct EndSessionMutation;

#[Object]
impl EndSessionMutation {
    /// Sign out on one of your devices, at once. It may be the one that asks.
    async fn end_session(&self, ctx: &Context<'_>, input: EndSessionInput) -> Result<EndSessionPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let id = SessionId(local(Kind::Session, DEPLOYMENT, &input.session_id));
        let done = answer(end_session(session.app(), own, id).await)?;
        Ok(done.map(|()| ViewerObject(own.clone())).into())
    }
}

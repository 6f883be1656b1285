use async_graphql::{Context, InputObject, Object, Result};
use domain::access::remove_second_step;

use super::{ViewerObject, signed_out};
use crate::schema::{
    context::Session,
    errors::{answer, payload},
};

/// Proof of the second step.
#[derive(InputObject)]
struct RemoveSecondStepInput {
    /// The newest code of the app, or a recovery code.
    code: String,
}

payload! {
    /// Your account now.
    RemoveSecondStepPayload {
        /// You.
        viewer: ViewerObject
    }
}

#[derive(Default)]
pub(crate) struct RemoveSecondStepMutation;

#[Object]
impl RemoveSecondStepMutation {
    /// Take the second step off: from then on the code from the mail signs in.
    async fn remove_second_step(
        &self,
        ctx: &Context<'_>,
        input: RemoveSecondStepInput,
    ) -> Result<RemoveSecondStepPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let done = answer(remove_second_step(session.app(), own, &input.code).await)?;
        Ok(done.map(|()| ViewerObject(own.clone())).into())
    }
}

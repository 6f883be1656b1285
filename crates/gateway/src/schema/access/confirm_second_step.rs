use async_graphql::{Context, InputObject, Object, Result};
use domain::access::{ConfirmSecondStep, confirm_second_step};

use super::signed_out;
use crate::schema::{
    context::Session,
    errors::{answer, payload},
};

/// The end of a set-up.
#[derive(InputObject)]
struct ConfirmSecondStepInput {
    /// What `beginSecondStep` gave.
    set_up: String,
    /// The six digits that the app shows now.
    code: String,
}

payload! {
    /// The recovery codes.
    ConfirmSecondStepPayload {
        /// Ten, each good once in place of the app. Nobody can see them again.
        recovery_codes: Vec<String>
    }
}

#[derive(Default)]
pub(crate) struct ConfirmSecondStepMutation;

#[Object]
impl ConfirmSecondStepMutation {
    /// Set the second step by its first code. Every other device is signed out, and every API
    /// token of yours is revoked.
    async fn confirm_second_step(
        &self,
        ctx: &Context<'_>,
        input: ConfirmSecondStepInput,
    ) -> Result<ConfirmSecondStepPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let input = ConfirmSecondStep { set_up: input.set_up, code: input.code };
        Ok(answer(confirm_second_step(session.app(), own, input).await)?.into())
    }
}

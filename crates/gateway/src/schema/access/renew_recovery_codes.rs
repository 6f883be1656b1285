use async_graphql::{Context, InputObject, Object, Result};
use domain::access::renew_recovery_codes;

use super::signed_out;
use crate::schema::{
    context::Session,
    errors::{answer, payload},
};

/// Proof of the second step.
#[derive(InputObject)]
struct RenewRecoveryCodesInput {
    /// The newest code of the app, or a recovery code.
    code: String,
}

payload! {
    /// The recovery codes.
    RenewRecoveryCodesPayload {
        /// Ten, each good once in place of the app. Nobody can see them again.
        recovery_codes: Vec<String>
    }
}

#[derive(Default)]
pub(crate) struct RenewRecoveryCodesMutation;

#[Object]
impl RenewRecoveryCodesMutation {
    /// Make ten recovery codes in place of those that there are.
    async fn renew_recovery_codes(
        &self,
        ctx: &Context<'_>,
        input: RenewRecoveryCodesInput,
    ) -> Result<RenewRecoveryCodesPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        Ok(answer(renew_recovery_codes(session.app(), own, &input.code).await)?.into())
    }
}

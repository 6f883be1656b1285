use async_graphql::{Context, InputObject, Object, Result};
use domain::access::{Account, confirm_address};

use super::{ViewerObject, signed_out};
use crate::schema::{
    context::Session,
    errors::{answer, payload},
};

/// Proof of the new address.
#[derive(InputObject)]
struct ConfirmAddressInput {
    /// The six digits that were mailed there.
    code: String,
}

payload! {
    /// Your account now.
    ConfirmAddressPayload {
        /// You.
        viewer: ViewerObject
    }
}

#[derive(Default)]
pub(crate) struct ConfirmAddressMutation;

#[Object]
impl ConfirmAddressMutation {
    /// Sign in with the new address from now on. Your other devices are signed out. The old address is told, and can undo
    /// it for seven days. An account that the new address has becomes part of yours.
    async fn confirm_address(
        &self,
        ctx: &Context<'_>,
        input: ConfirmAddressInput,
    ) -> Result<ConfirmAddressPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let done = answer(confirm_address(session.app(), own, &input.code).await)?;
        let now = |email| {
            let account = Account { id: own.account.id, email };
            ViewerObject(domain::access::Session { account, ..own.clone() })
        };
        Ok(done.map(now).into())
    }
}

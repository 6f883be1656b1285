use async_graphql::{Context, InputObject, Object, Result};
use domain::access::change_address;

use super::{ViewerObject, signed_out};
use crate::schema::{
    context::Session,
    errors::{answer, payload},
};

/// Another address to sign in with.
#[derive(InputObject)]
struct ChangeAddressInput {
    /// The new address. A code is mailed there.
    email: String,
}

payload! {
    /// Your account, as it was.
    ChangeAddressPayload {
        /// You.
        viewer: ViewerObject
    }
}

#[derive(Default)]
pub(crate) struct ChangeAddressMutation;

#[Object]
impl ChangeAddressMutation {
    /// Ask for a code at the address with which you want to sign in from now on. Nothing changes before
    /// `confirmAddress`.
    async fn change_address(
        &self,
        ctx: &Context<'_>,
        input: ChangeAddressInput,
    ) -> Result<ChangeAddressPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let done = answer(change_address(session.app(), own, &input.email).await)?;
        Ok(done.map(|()| ViewerObject(own.clone())).into())
    }
}

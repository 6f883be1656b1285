use async_graphql::{Context, InputObject, Object, Result};
use domain::access::{self, add_passkey};

use super::{PasskeyObject, signed_out};
use crate::schema::{
    context::Session,
    errors::{answer, payload},
};

/// What a device made.
#[derive(InputObject)]
struct AddPasskeyInput {
    /// The challenge of `beginPasskey`.
    challenge: String,
    /// What the browser answered, as JSON; binary values in base64url.
    answer: String,
    /// What you call it, at most 60 characters.
    name: String,
}

payload! {
    /// The passkey.
    AddPasskeyPayload {
        /// As it is listed from now on.
        passkey: PasskeyObject
    }
}

#[derive(Default)]
pub(crate) struct AddPasskeyMutation;

#[Object]
impl AddPasskeyMutation {
    /// Add the passkey that a device made. You are told by mail.
    async fn add_passkey(&self, ctx: &Context<'_>, input: AddPasskeyInput) -> Result<AddPasskeyPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let AddPasskeyInput { challenge, answer: answered, name } = input;
        let made = access::AddPasskey { challenge, answer: answered, name };
        let done = answer(add_passkey(session.app(), own, made).await)?;
        Ok(done.map(PasskeyObject).into())
    }
}

use async_graphql::{Context, Object, Result, SimpleObject};
use domain::access::{self, begin_passkey};

use super::signed_out;
use crate::schema::{
    context::Session,
    errors::{answer, payload},
};

/// What a browser asks a device, once.
#[derive(SimpleObject)]
struct PasskeyChallenge {
    /// Comes back with the answer, within five minutes.
    challenge: String,
    /// What `navigator.credentials.create` takes, as JSON; binary values are in base64url.
    options: String,
}

impl From<access::PasskeyChallenge> for PasskeyChallenge {
    fn from(asked: access::PasskeyChallenge) -> Self {
        let access::PasskeyChallenge { challenge, options } = asked;
        Self { challenge, options }
    }
}

payload! {
    /// The challenge.
    BeginPasskeyPayload {
        /// What the browser asks the device.
        begun: PasskeyChallenge
    }
}

#[derive(Default)]
pub(crate) struct BeginPasskeyMutation;

#[Object]
impl BeginPasskeyMutation {
    /// Begin to add a passkey (WebAuthn), which then signs in by itself. It is added by
    /// `addPasskey`. Takes a proof of who asks that is younger than 15 minutes.
    async fn begin_passkey(&self, ctx: &Context<'_>) -> Result<BeginPasskeyPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let done = answer(begin_passkey(session.app(), own).await)?;
        Ok(done.map(Into::into).into())
    }
}

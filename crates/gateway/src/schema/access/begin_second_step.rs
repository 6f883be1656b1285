use async_graphql::{Context, Object, Result, SimpleObject};
use domain::access::{self, begin_second_step};

use super::signed_out;
use crate::schema::{
    context::Session,
    errors::{answer, payload},
};

/// What an app has to be told before its first code can be typed.
#[derive(SimpleObject)]
struct SecondStepSetUp {
    /// Comes back with the first code, within 15 minutes.
    set_up: String,
    /// What the app makes its codes from, to be typed into it.
    secret: String,
    /// The same for an app that reads pictures, as an `otpauth:` address.
    address: String,
}

impl From<access::SecondStepSetUp> for SecondStepSetUp {
    fn from(begun: access::SecondStepSetUp) -> Self {
        let access::SecondStepSetUp { set_up, secret, address } = begun;
        Self { set_up, secret, address }
    }
}

payload! {
    /// The set-up.
    BeginSecondStepPayload {
        /// What the app has to be told.
        begun: SecondStepSetUp
    }
}

#[derive(Default)]
pub(crate) struct BeginSecondStepMutation;

#[Object]
impl BeginSecondStepMutation {
    /// Begin to set up a second step at sign-in: codes of an app, beside the code from
    /// the mail. It is asked for from `confirmSecondStep` on. Takes a proof of who
    /// asks that is younger than 15 minutes.
    async fn begin_second_step(&self, ctx: &Context<'_>) -> Result<BeginSecondStepPayload> {
        let session = Session::of(ctx);
        let Some(own) = session.signed_in() else { return Ok(Err(signed_out()).into()) };
        let done = answer(begin_second_step(session.app(), own).await)?;
        Ok(done.map(Into::into).into())
    }
}

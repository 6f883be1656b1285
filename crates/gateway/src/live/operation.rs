//! The beginning of a subscription, over either transport.

use std::sync::Arc;

use async_graphql::Response;
use futures::{Stream, StreamExt};

use super::{Following, MOST_PER_PERSON};
use crate::{Gateway, graphql::Ready, refusal::Refusal, schema, signed::Signed};

/// The answers to a subscription that is paid for. They hold one of the person's places for as long as they live.
pub(crate) fn follow(
    gateway: &Gateway,
    signed: &Signed,
    ready: Ready,
) -> Result<impl Stream<Item = Response> + Send + use<>, Refusal> {
    let live = &gateway.live;
    let seat = live.seat(signed.session.account.id).ok_or_else(|| {
        Refusal::too_many(format!("One person has at most {MOST_PER_PERSON} subscriptions at a time."))
    })?;
    let following = Following { live: Arc::clone(live), credential: signed.credential.clone() };
    let charge = ready.charge.map(|(charge, _)| charge);
    let answers = schema::follow(
        &gateway.schema,
        &gateway.app,
        (signed.session.clone(), charge),
        ready.request.data(following),
    );
    Ok(answers.inspect(move |_| _ = &seat))
}

//! Subscriptions as server-sent events: graphql-sse, distinct connections mode.

use std::convert::Infallible;

use async_graphql::Response;
use axum::response::{
    IntoResponse, Response as HttpResponse,
    sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt, stream};

use super::KEEP_ALIVE;
use crate::{Gateway, graphql::payload};

/// One event for each answer, then one that says that it is over. The process stops sooner: then there is no such event,
/// and the client comes back.
pub(crate) fn respond(
    gateway: &Gateway,
    answers: impl Stream<Item = Response> + Send + 'static,
) -> HttpResponse {
    let next = answers.map(|answer| Event::default().event("next").data(payload(&answer).to_string()));
    let complete = stream::once(async { Event::default().event("complete").data("") });
    let stopped = gateway.live.stop.clone().cancelled_owned();
    let events = next.chain(complete).map(Ok::<_, Infallible>).take_until(stopped);
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

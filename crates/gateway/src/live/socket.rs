//! Subscriptions over a WebSocket: the protocol `graphql-transport-ws`.

use std::{sync::Arc, time::Duration};

use async_graphql::Response;
use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    http::{HeaderMap, header},
    response::{IntoResponse, Response as HttpResponse},
};
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_stream::StreamMap;

use super::{KEEP_ALIVE, MOST_PER_CONNECTION, operation::follow};
use crate::{
    Gateway,
    client::ClientAddress,
    graphql::{Params, Read, error_code, payload},
    refusal::Refusal,
    signed::{Signed, signed},
};

const PROTOCOL: &str = "graphql-transport-ws";
/// How long a client may take to introduce itself.
const INIT_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may be silent, whom we ask every [`KEEP_ALIVE`] whether it is there.
const SILENCE: Duration = Duration::from_mins(1);
/// A document and its variables; nobody follows by more.
const LARGEST_MESSAGE: usize = 64 * 1024;

/// Why a connection is closed, by the numbers of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Close(u16, String);

impl Close {
    fn new(code: u16, reason: &str) -> Self {
        Self(code, reason.to_owned())
    }

    fn bad_message() -> Self {
        Self::new(4400, "Invalid message")
    }

    fn unauthorized() -> Self {
        Self::new(4401, "Unauthorized")
    }
}

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    ConnectionInit {},
    Ping {},
    Pong {},
    Subscribe { id: String, payload: Params },
    Complete { id: String },
}

/// Takes a connection that offers the protocol.
pub(crate) fn upgrade(
    gateway: Arc<Gateway>,
    client: ClientAddress,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> HttpResponse {
    let offered =
        headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    if !offered.flat_map(|value| value.split(',')).any(|protocol| protocol.trim() == PROTOCOL) {
        return Refusal::bad_request(format!("The protocol of this WebSocket is {PROTOCOL}.")).into_json();
    }
    let connections = gateway.live.connections.clone();
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(LARGEST_MESSAGE);
    let answer = upgrade.on_upgrade(async move |socket| {
        let connection = Connection { gateway, client, headers, signed: None, streams: StreamMap::new() };
        connections.track_future(connection.run(socket)).await;
    });
    answer.into_response()
}

struct Connection {
    gateway: Arc<Gateway>,
    client: ClientAddress,
    /// Of the handshake: its cookie says who it is, once its origin has been looked at.
    headers: HeaderMap,
    signed: Option<Signed>,
    /// `None` ends a subscription.
    streams: StreamMap<String, BoxStream<'static, Option<Response>>>,
}

impl Connection {
    async fn run(mut self, mut socket: WebSocket) {
        let ended = self.converse(&mut socket).await;
        // Nothing more is told, and the person's places are free, before the last word.
        self.streams.clear();
        if let Err(Close(code, reason)) = ended {
            // Whoever is gone does not hear it.
            let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
        }
    }

    /// Until the client ends it, or there is a reason for us to.
    async fn converse(&mut self, socket: &mut WebSocket) -> Result<(), Close> {
        let stop = self.gateway.live.stop.clone();
        let begun = Instant::now();
        let mut heard = begun;
        let mut keep_alive = interval_at(begun + KEEP_ALIVE, KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Err(Close::new(1001, "Going away")),
                () = sleep_until(begun + INIT_WITHIN), if self.signed.is_none() => {
                    return Err(Close::new(4408, "Connection initialisation timeout"));
                }
                _ = keep_alive.tick() => {
                    if heard.elapsed() > SILENCE {
                        return Ok(());
                    }
                    say(socket, &json!({ "type": "ping" })).await?;
                }
                message = socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            let said = serde_json::from_str(&text).map_err(|_| Close::bad_message())?;
                            self.hear(socket, said).await?;
                        }
                        Some(Ok(Message::Binary(_))) => return Err(Close::bad_message()),
                        // The library answers.
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                    }
                }
                Some((id, answer)) = self.streams.next(), if !self.streams.is_empty() => {
                    self.tell(socket, id, answer).await?;
                }
            }
        }
    }

    async fn hear(&mut self, socket: &mut WebSocket, said: Said) -> Result<(), Close> {
        match said {
            Said::ConnectionInit {} => {
                if self.signed.is_some() {
                    return Err(Close::new(4429, "Too many initialisation requests"));
                }
                self.signed = Some(introduce(&self.gateway, &self.headers, self.client).await?);
                say(socket, &json!({ "type": "connection_ack" })).await
            }
            Said::Ping {} => say(socket, &json!({ "type": "pong" })).await,
            Said::Pong {} => Ok(()),
            Said::Complete { id } => {
                self.streams.remove(&id);
                Ok(())
            }
            Said::Subscribe { id, payload } => {
                let signed = self.signed.clone().ok_or_else(Close::unauthorized)?;
                if self.streams.contains_key(&id) {
                    return Err(Close(4409, format!("Subscriber for {id:.60} already exists")));
                }
                let begun = if self.streams.len() >= MOST_PER_CONNECTION {
                    Err(Refusal::too_many(format!(
                        "One connection has at most {MOST_PER_CONNECTION} subscriptions at a time."
                    )))
                } else {
                    begin(&self.gateway, self.client, &signed, &payload).await
                };
                match begun {
                    Ok(answers) => {
                        let answers = answers.map(Some).chain(stream::once(async { None }));
                        self.streams.insert(id, answers.boxed());
                        Ok(())
                    }
                    Err(refusal) => say(socket, &error(&id, &json!([refusal.error()]))).await,
                }
            }
        }
    }

    async fn tell(
        &mut self,
        socket: &mut WebSocket,
        id: String,
        answer: Option<Response>,
    ) -> Result<(), Close> {
        let Some(answer) = answer else {
            self.streams.remove(&id);
            return say(socket, &json!({ "type": "complete", "id": id })).await;
        };
        if answer.is_ok() {
            return say(socket, &json!({ "type": "next", "id": id, "payload": payload(&answer) })).await;
        }
        // After an error there is nothing more to tell.
        self.streams.remove(&id);
        if answer.errors.iter().any(|error| error_code(error) == Some("UNAUTHENTICATED")) {
            return Err(Close::unauthorized());
        }
        say(socket, &error(&id, &payload(&answer)["errors"])).await
    }
}

/// Who it is. A page of another site can open a WebSocket with our cookie, but not hide where it comes from.
async fn introduce(gateway: &Gateway, headers: &HeaderMap, client: ClientAddress) -> Result<Signed, Close> {
    if gateway.is_from_elsewhere(headers) {
        return Err(Close::new(4403, "Forbidden"));
    }
    let signed = signed(gateway, headers, client).await;
    signed.map_err(|_| Close::new(1011, "Internal error"))?.ok_or_else(Close::unauthorized)
}

async fn begin(
    gateway: &Gateway,
    client: ClientAddress,
    signed: &Signed,
    params: &Params,
) -> Result<impl Stream<Item = Response> + Send + use<>, Refusal> {
    let read = Read::subscription(gateway, params)?;
    let ready = read.ready(gateway, &signed.caller(), client).await?;
    follow(gateway, signed, ready)
}

fn error(id: &str, errors: &Value) -> Value {
    json!({ "type": "error", "id": id, "payload": errors })
}

async fn say(socket: &mut WebSocket, message: &Value) -> Result<(), Close> {
    // Nobody is there any more: no last word either, but the same way out.
    let sent = socket.send(Message::Text(message.to_string().into())).await;
    sent.map_err(|_| Close::new(1001, "Going away"))
}

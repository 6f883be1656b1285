//! `/graphql`: GraphQL over HTTP.
//!
//! The handler is our own because a stock one runs mutations over `GET`, reads any content type as JSON, always answers
//! 200 and takes batches of any length. What is not executed is refused as the released audit of the specification
//! has it: in `application/json` a document that is wrong is an answer (200), in
//! `application/graphql-response+json` it is a bad request (400).
//!
//! Who accepts `text/event-stream` is answered in events, and so is every subscription that does not come over a WebSocket.

use std::{collections::HashMap, sync::Arc, time::Instant};

use async_graphql::{
    Request, ServerError, Value, Variables,
    parser::types::{ExecutableDocument, OperationType},
};
use axum::{
    body::Body,
    extract::{
        Query, State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use domain::access::Proof;
use futures::stream;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Map, json};

use crate::{
    Caller, Gateway,
    client::ClientAddress,
    cost, document,
    limits::Taken,
    live::{events, operation, socket},
    media::Media,
    metrics,
    refusal::{Refusal, answer},
    schema::{Charge, THROTTLED},
    signed::{Signed, signed},
};

/// The largest request body.
const LARGEST_BODY: usize = 1024 * 1024;
/// How much of a larger one is taken in.
const THROWN_AWAY: usize = 32 * LARGEST_BODY;

/// What a client sends.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Params {
    query: Option<String>,
    /// A trusted document, instead of `query`.
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<Map<String, serde_json::Value>>,
    /// Part of the protocol, so its form is checked; none changes what we do.
    #[serde(rename = "extensions")]
    _extensions: Option<Map<String, serde_json::Value>>,
}

pub(crate) async fn post(
    State(gateway): State<Arc<Gateway>>,
    client: ClientAddress,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let params = match read(body).await {
        Ok(body) => posted(&headers, &body),
        Err(refusal) => Err(refusal),
    };
    respond(&gateway, client, &headers, params, Over::Post).await
}

/// A question in the address, or a WebSocket that begins.
pub(crate) async fn get(
    State(gateway): State<Arc<Gateway>>,
    client: ClientAddress,
    headers: HeaderMap,
    query: Query<HashMap<String, String>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if let Ok(upgrade) = upgrade {
        return socket::upgrade(gateway, client, headers, upgrade);
    }
    let params = in_address(query.0);
    respond(&gateway, client, &headers, params, Over::Get).await
}

pub(crate) async fn other_method() -> Response {
    let mut refusal = Refusal::post_only("Send a GraphQL request by POST.");
    refusal.header = Some((header::ALLOW, HeaderValue::from_static("GET, POST")));
    refusal.into_response(Media::Json)
}

/// Reads the body. What is too large is read to its end, up to [`THROWN_AWAY`], and thrown away: many clients look for
/// an answer only when they have sent everything, and would meet a closed connection instead.
async fn read(mut body: Body) -> Result<Vec<u8>, Refusal> {
    let (mut kept, mut seen) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::bad_request("The body could not be read."))?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if seen <= LARGEST_BODY {
            kept.extend_from_slice(&data);
        } else if seen > THROWN_AWAY {
            break;
        }
    }
    if seen > LARGEST_BODY {
        let message = "A request has at most one megabyte.";
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message));
    }
    Ok(kept)
}

fn posted(headers: &HeaderMap, body: &[u8]) -> Result<Params, Refusal> {
    let unsupported =
        |message| Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message);
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    if !parts.next().unwrap_or_default().eq_ignore_ascii_case("application/json") {
        return Err(unsupported("Send application/json."));
    }
    let is_other_charset = |part: &str| {
        let part = part.to_ascii_lowercase();
        part.strip_prefix("charset=").is_some_and(|charset| charset.trim_matches('"') != "utf-8")
    };
    if parts.any(is_other_charset) {
        return Err(unsupported("Send UTF-8."));
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(unsupported("Send the body as it is, not compressed."));
    }
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "BATCH_REFUSED",
            "Send one operation in a request: batches are not taken.",
        ));
    }
    serde_json::from_slice(body).map_err(|_| {
        Refusal::bad_request(
            "The body is one JSON object: `query` and `operationName` are texts, `variables` and `extensions` are objects.",
        )
    })
}

fn in_address(mut query: HashMap<String, String>) -> Result<Params, Refusal> {
    let mut object = |name: &str| match query.remove(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| Refusal::bad_request(format!("`{name}` is a JSON object, encoded for an address."))),
    };
    let (variables, extensions) = (object("variables")?, object("extensions")?);
    let mut text = |name| query.remove(name).filter(|text| !text.is_empty());
    Ok(Params {
        query: text("query"),
        document_id: text("documentId"),
        operation_name: text("operationName"),
        variables,
        _extensions: extensions,
    })
}

/// By which method a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Post,
    /// For queries of trusted documents only.
    Get,
}

impl Over {
    fn permit(self, gateway: &Gateway, text: &str, operation: Option<OperationType>) -> Result<(), Refusal> {
        if self == Self::Post {
            Ok(())
        } else if operation.is_some_and(|operation| operation != OperationType::Query) {
            Err(Refusal::post_only("Send a mutation by POST."))
        } else if !gateway.documents.contains(text) {
            Err(Refusal::post_only("Over GET only trusted documents are answered. Send this one by POST."))
        } else {
            Ok(())
        }
    }
}

async fn respond(
    gateway: &Gateway,
    client: ClientAddress,
    headers: &HeaderMap,
    params: Result<Params, Refusal>,
    over: Over,
) -> Response {
    let Some(media) = Media::accepted(headers) else {
        let message = "Answers are application/json or application/graphql-response+json.";
        return Refusal::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message)
            .into_response(Media::Json);
    };
    match try_respond(gateway, client, headers, params, over, media).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(media),
    }
}

async fn try_respond(
    gateway: &Gateway,
    client: ClientAddress,
    headers: &HeaderMap,
    params: Result<Params, Refusal>,
    over: Over,
    media: Media,
) -> Result<Response, Refusal> {
    let params = params?;
    // A form on another site can send a cookie but not this header.
    if headers.contains_key(header::COOKIE) && !headers.contains_key("x-requested-by") {
        let message = "A request with a cookie needs the header X-Requested-By.";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    let read = Read::new(gateway, &params, media)?;
    over.permit(gateway, read.text, read.operation)?;
    let signed = signed(gateway, headers, client).await?;
    let is_subscription = read.operation == Some(OperationType::Subscription);
    if is_subscription && media != Media::Events {
        let message = "A subscription is answered as text/event-stream, or over a WebSocket.";
        return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message));
    }
    if is_subscription {
        let signed = signed.ok_or_else(|| Refusal::unauthenticated("Sign in to follow an alliance."))?;
        let ready = read.ready(gateway, &signed.caller(), client).await?;
        return Ok(events::respond(gateway, operation::follow(gateway, &signed, ready)?));
    }
    let caller = signed.as_ref().map_or_else(Caller::default, Signed::caller);
    let ready = read.ready(gateway, &caller, client).await?;
    let started = Instant::now();
    let (charge, taken) = ready.charge.unzip();
    let mut response = gateway.execute_charged(&caller, ready.request, charge.clone()).await;
    metrics::graphql_executed(ready.operation, response.is_ok(), started.elapsed());
    if let (Some(charge), Some(taken)) = (charge, taken) {
        response.extensions.insert("cost".into(), balance(&charge, taken));
    }
    if media == Media::Events {
        return Ok(events::respond(gateway, stream::once(async { response })));
    }
    Ok(executed(&response, media))
}

/// A document that was read and is within the limits.
pub(crate) struct Read<'a> {
    text: &'a str,
    document: ExecutableDocument,
    operation: Option<OperationType>,
    params: &'a Params,
}

/// A request that is paid for.
pub(crate) struct Ready {
    pub(crate) request: Request,
    pub(crate) operation: Option<OperationType>,
    pub(crate) charge: Option<(Charge, Taken)>,
}

impl<'a> Read<'a> {
    /// Reads a subscription that comes over a WebSocket.
    pub(crate) fn subscription(gateway: &'a Gateway, params: &'a Params) -> Result<Self, Refusal> {
        let read = Self::new(gateway, params, Media::Events)?;
        match read.operation {
            Some(OperationType::Subscription) | None => Ok(read),
            Some(_) => {
                Err(Refusal::bad_request("Here are subscriptions. Send a query or a mutation by POST."))
            }
        }
    }

    fn new(gateway: &'a Gateway, params: &'a Params, media: Media) -> Result<Self, Refusal> {
        let text = text(gateway, params.query.as_deref(), params.document_id.as_deref())?;
        let document = document::read(text).map_err(|problem| Refusal::document(&problem, media))?;
        let operation = cost::operation(&document, params.operation_name.as_deref());
        let operation = operation.map(|operation| operation.ty);
        Ok(Self { text, document, operation, params })
    }

    /// Takes the request's cost from the caller's allowance.
    pub(crate) async fn ready(
        self,
        gateway: &Gateway,
        caller: &Caller,
        client: ClientAddress,
    ) -> Result<Ready, Refusal> {
        let Self { text, document, operation, params } = self;
        let variables = Variables::from_json(params.variables.clone().unwrap_or_default().into());
        let asked = (&document, params.operation_name.as_deref(), &variables);
        let charge = charge(gateway, caller, client, asked).await?;
        let mut request = Request::new(text).variables(variables);
        request.set_parsed_query(document);
        request.operation_name.clone_from(&params.operation_name);
        Ok(Ready { request, operation, charge })
    }
}

fn text<'a>(
    gateway: &Gateway,
    query: Option<&'a str>,
    document_id: Option<&str>,
) -> Result<&'a str, Refusal> {
    match (query, document_id) {
        (Some(query), None) => Ok(query),
        (None, Some(id)) => gateway.documents.named(id).ok_or_else(|| {
            let message = "No trusted document has this `documentId`.";
            Refusal::new(StatusCode::BAD_REQUEST, "DOCUMENT_NOT_FOUND", message)
        }),
        _ => Err(Refusal::bad_request("Send either a `query` or the `documentId` of a trusted document.")),
    }
}

/// Takes the request's cost from the caller's allowance. `None` where nothing is counted.
async fn charge(
    gateway: &Gateway,
    caller: &Caller,
    client: ClientAddress,
    (document, operation_name, variables): (&ExecutableDocument, Option<&str>, &Variables),
) -> Result<Option<(Charge, Taken)>, Refusal> {
    let Some(limits) = &gateway.limits else { return Ok(None) };
    let points = gateway.prices.cost(document, operation_name, variables);
    if points > cost::MOST {
        let message = format!(
            "This request costs {points} points, and one may cost {}: ask for fewer at a time with `first`.",
            cost::MOST
        );
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "COST_TOO_HIGH", message));
    }
    let key = match caller.session.as_ref().map(|session| (&session.proof, &session.account)) {
        Some((Proof::Device { .. }, account)) => format!("account:{}", account.id),
        // A program that asks too much leaves its person's pages alone.
        Some((Proof::Token(bounds), _)) => format!("token:{}", bounds.id),
        None => format!("stranger:{}", client.network()),
    };
    let taken = limits.take(&key, points, limits.allowances.caller).await;
    if !taken.granted {
        return Err(Refusal::spent(taken));
    }
    Ok(Some((Charge { limits: Arc::clone(limits), points }, taken)))
}

fn balance(charge: &Charge, taken: Taken) -> Value {
    let limit = charge.limits.allowances.caller;
    async_graphql::value!({
        "requested": charge.points,
        "remaining": taken.left,
        "limit": limit.points,
        "windowSeconds": limit.within.as_secs(),
        "resetSeconds": taken.retry_after(),
    })
}

/// The answer to what was executed, or refused by the schema.
fn executed(response: &async_graphql::Response, media: Media) -> Response {
    let is_throttled = response.errors.iter().any(|error| error_code(error) == Some(THROTTLED));
    let is_wrong = is_wrong(response);
    let status = if is_throttled {
        StatusCode::TOO_MANY_REQUESTS
    } else if is_wrong {
        media.wrong_document()
    } else {
        StatusCode::OK
    };
    let mut answer = answer(status, media, payload(response).to_string().into_bytes());
    if is_throttled {
        let seconds =
            response.errors.iter().find_map(|error| match error.extensions.as_ref()?.get("retryAfter") {
                Some(Value::Number(seconds)) => seconds.as_u64(),
                _ => None,
            });
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.unwrap_or(60).into());
    }
    answer
}

/// Whether the document or its variables were wrong: an error of a field has a path.
fn is_wrong(response: &async_graphql::Response) -> bool {
    response.is_err()
        && response.data == Value::Null
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// A response as it is sent. When the document was wrong there is no data, not even null.
pub(crate) fn payload(response: &async_graphql::Response) -> serde_json::Value {
    let mut body = serde_json::to_value(response).unwrap_or_default();
    if is_wrong(response)
        && let Some(body) = body.as_object_mut()
    {
        body.remove("data");
        for error in body.get_mut("errors").and_then(|errors| errors.as_array_mut()).into_iter().flatten() {
            // Our own refusals have a code already.
            if error.get("extensions").is_none() {
                error["extensions"] = json!({ "code": "GRAPHQL_VALIDATION_FAILED" });
            }
        }
    }
    body
}

/// The stable word of an error.
pub(crate) fn error_code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code") {
        Some(Value::String(code)) => Some(code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(content_type: &str, body: &str) -> Result<Params, (u16, &'static str)> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        posted(&headers, body.as_bytes()).map_err(|refusal| (refusal.status.as_u16(), refusal.code))
    }

    #[test]
    fn only_one_json_object_is_read() {
        assert_eq!(post("application/json", r#"{"query":"{a}"}"#).unwrap().query.unwrap(), "{a}");
        assert!(post("Application/JSON; charset=UTF-8", r#"{"query":"{a}","variables":null}"#).is_ok());
        let refused = |content_type: &str, body: &str| post(content_type, body).err().unwrap();
        assert_eq!(refused("text/plain", "{}"), (415, "UNSUPPORTED_MEDIA_TYPE"));
        assert_eq!(refused("application/jsonp", "{}"), (415, "UNSUPPORTED_MEDIA_TYPE"));
        assert_eq!(refused("application/json; charset=utf-16", "{}"), (415, "UNSUPPORTED_MEDIA_TYPE"));
        assert_eq!(refused("application/json", &format!(" [{}]", "{},".repeat(500))), (400, "BATCH_REFUSED"));
        for body in ["", "null", "{", "7", r#"{"query":0}"#, r#"{"variables":[]}"#, &"{\"a\":".repeat(9_000)]
        {
            assert_eq!(refused("application/json", body).0, 400, "{body:.20}");
        }
        let deep = format!(r#"{{"variables":{{"a":{}{}}}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(refused("application/json", &deep), (400, "BAD_REQUEST"));
    }

    #[tokio::test]
    async fn a_body_of_more_than_a_megabyte_is_refused() {
        assert_eq!(read(Body::from(vec![b' '; LARGEST_BODY])).await.unwrap().len(), LARGEST_BODY);
        let refusal = read(Body::from(vec![b' '; LARGEST_BODY + 1])).await.unwrap_err();
        assert_eq!((refusal.status, refusal.code), (StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE"));
    }

    #[test]
    fn an_address_carries_objects_as_json() {
        let of = |pairs: &[(&str, &str)]| {
            in_address(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        let params = of(&[("documentId", "sha256:00"), ("variables", r#"{"a":1}"#)]).unwrap();
        assert_eq!((params.document_id.as_deref(), params.variables.unwrap().len()), (Some("sha256:00"), 1));
        assert_eq!(of(&[("variables", "[1]")]).err().unwrap().status, StatusCode::BAD_REQUEST);
    }
}

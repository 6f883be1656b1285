//! The HTTP surface for machines: `/graphql`, health.
//!
//! The handler is our own because a stock one runs mutations over `GET`, reads any content type as JSON, always answers
//! 200 and takes batches of any length.

use std::sync::Arc;

use async_graphql::{Request, Variables};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::access;
use serde::Deserialize;
use serde_json::json;

use crate::{Caller, Gateway, document};

/// The largest request body.
const LARGEST_BODY: usize = 1024 * 1024;

/// Every address for machines.
pub fn router(gateway: Gateway) -> Router {
    Router::new()
        .route("/graphql", post(graphql))
        .route("/health/live", get(|| async { "alive" }))
        .route("/health/ready", get(ready))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Arc::new(gateway))
}

async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    match gateway.app.db.ping().await {
        Ok(()) => (StatusCode::OK, Json(json!({ "database": "answers" }))).into_response(),
        Err(error) => {
            tracing::warn!(error = %error.detail(), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "database": "does not answer" }))).into_response()
        }
    }
}

/// A request as the GraphQL over HTTP specification has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "errors": [{ "message": message, "extensions": { "code": code } }] });
    (status, [(header::CACHE_CONTROL, "private, no-store")], Json(body)).into_response()
}

async fn graphql(State(gateway): State<Arc<Gateway>>, headers: HeaderMap, body: Bytes) -> Response {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "Send application/json.",
        );
    }
    // A form on another site can send a cookie but not this header.
    if headers.contains_key(header::COOKIE) && !headers.contains_key("x-requested-by") {
        return refuse(
            StatusCode::FORBIDDEN,
            "FORBIDDEN",
            "A request with a cookie needs the header X-Requested-By.",
        );
    }
    let Ok(body) = serde_json::from_slice::<Body>(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "BAD_REQUEST", "The body is one JSON object with a `query`.");
    };
    if let Err(problem) = document::check(&body.query) {
        return refuse(StatusCode::BAD_REQUEST, problem.code(), &problem.to_string());
    }
    // Extensions are part of the protocol; none of them changes what we do.
    let _ = body.extensions;
    let caller = match caller(&gateway, &headers).await {
        Ok(caller) => caller,
        Err(response) => return *response,
    };
    let variables = Variables::from_json(serde_json::Value::Object(body.variables.unwrap_or_default()));
    let mut request = Request::new(body.query).variables(variables);
    request.operation_name = body.operation_name;
    let response = gateway.execute(&caller, request).await;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, status) = if accept.contains("application/graphql-response+json") {
        // Nothing was executed when there is no data at all: the document itself was wrong.
        let is_wrong = response.data == async_graphql::Value::Null && response.is_err();
        let status = if is_wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        ("application/graphql-response+json; charset=utf-8", status)
    } else {
        ("application/json; charset=utf-8", StatusCode::OK)
    };
    let body = serde_json::to_vec(&response).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "private, no-store")], body)
        .into_response()
}

async fn caller(gateway: &Gateway, headers: &HeaderMap) -> Result<Caller, Box<Response>> {
    let name = if gateway.app.links.is_https() { "__Host-session" } else { "session" };
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let token = cookies
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value);
    let Some(token) = token else { return Ok(Caller::default()) };
    match access::session_account(&gateway.app, token).await {
        Ok(account) => Ok(Caller { account }),
        Err(error) => {
            tracing::error!(error = %error.detail(), "a session could not be read");
            let message = "Something went wrong on our side.";
            Err(Box::new(refuse(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", message)))
        }
    }
}

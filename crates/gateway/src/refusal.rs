//! Why nothing was executed, as it is answered.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::text::plural;
use serde_json::json;

use crate::{document::DocumentProblem, limits::Taken, media::Media, metrics, schema::THROTTLED};

/// Why nothing was executed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    message: String,
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), header: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// What must not be sent over `GET`.
    pub(crate) fn post_only(message: &str) -> Self {
        let header = Some((header::ALLOW, HeaderValue::from_static("POST")));
        Self { header, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message) }
    }

    /// Nobody who may ask.
    pub(crate) fn unauthenticated(message: &str) -> Self {
        let header = Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        Self { header, ..Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message) }
    }

    /// More subscriptions than one may have.
    pub(crate) fn too_many(message: String) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_SUBSCRIPTIONS", message)
    }

    pub(crate) fn internal() -> Self {
        let message = "Something went wrong on our side.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR", message)
    }

    pub(crate) fn spent(taken: Taken) -> Self {
        let seconds = taken.retry_after();
        let message =
            format!("You have asked for a lot. Ask again in {}.", plural(seconds, "second", "seconds"));
        let header = Some((header::RETRY_AFTER, seconds.into()));
        Self { header, ..Self::new(StatusCode::TOO_MANY_REQUESTS, THROTTLED, message) }
    }

    pub(crate) fn document(problem: &DocumentProblem, media: Media) -> Self {
        let status = match problem {
            DocumentProblem::Syntax(_) => media.wrong_document(),
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, problem.code(), problem.to_string())
    }

    /// As an entry of `errors`.
    pub(crate) fn error(&self) -> serde_json::Value {
        metrics::graphql_refused(self.code);
        json!({ "message": self.message, "extensions": { "code": self.code } })
    }

    /// To whom did not say what they accept.
    pub(crate) fn into_json(self) -> Response {
        self.into_response(Media::Json)
    }

    pub(crate) fn into_response(self, media: Media) -> Response {
        let body = json!({ "errors": [self.error()] });
        let mut response = answer(self.status, media, body.to_string().into_bytes());
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// An answer that no cache keeps.
pub(crate) fn answer(status: StatusCode, media: Media, body: Vec<u8>) -> Response {
    let cache = HeaderValue::from_static("private, no-store");
    (status, [(header::CONTENT_TYPE, media.content_type()), (header::CACHE_CONTROL, cache)], body)
        .into_response()
}

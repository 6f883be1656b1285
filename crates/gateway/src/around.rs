//! What every request of the process passes through, pages and machines alike: an id, a line in the log, a time limit,
//! a catch for panics, compression, and a limit on attempts to sign in.

use std::{
    any::Any,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use domain::text::plural;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate},
    },
    timeout::TimeoutLayer,
};
use tracing::Instrument;

use crate::{Gateway, client::ClientAddress, metrics};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest an answer may take to begin.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Wraps everything that a process serves.
pub fn around(router: Router, gateway: &Gateway) -> Router {
    let gateway = Arc::new(gateway.clone());
    let router = router.layer(middleware::from_fn_with_state(Arc::clone(&gateway), limit_sign_in));
    contain(router).layer(middleware::from_fn_with_state(gateway, observe))
}

/// Answers for what does not answer, and makes answers smaller.
fn contain(router: Router) -> Router {
    let compressible = DefaultPredicate::new().and(NotForContentType::const_new("application/pdf"));
    // From the inside out.
    router
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT))
        .layer(CatchPanicLayer::custom(caught))
        .layer(CompressionLayer::new().compress_when(compressible))
}

/// Gives the request its id, and says and counts how it ended. The log has the route's pattern and not the address,
/// which is made of what people type.
async fn observe(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&gateway, request.headers().get(REQUEST_ID));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default(), %method, route);
    let mut response = next.run(request).instrument(span.clone()).await;
    response.headers_mut().insert(REQUEST_ID, id);
    let (status, took) = (response.status(), started.elapsed());
    metrics::request(route, &method, status, took);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        if status.is_server_error() {
            tracing::error!(status = status.as_u16(), ms, "answered");
        } else if route.starts_with("/health/") || route.starts_with("/assets/") {
            tracing::debug!(status = status.as_u16(), ms, "answered");
        } else {
            tracing::info!(status = status.as_u16(), ms, "answered");
        }
    });
    response
}

/// The id that a proxy or the client gave the request, if it is a plain word, so that their logs and ours can be read
/// together; else a new one.
fn request_id(gateway: &Gateway, given: Option<&HeaderValue>) -> HeaderValue {
    let is_plain = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=64).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    given.filter(is_plain).cloned().unwrap_or_else(|| {
        let id = u128::from_be_bytes(gateway.app.rng.bytes());
        HeaderValue::from_str(&format!("{id:032x}")).unwrap_or(HeaderValue::from_static("none"))
    })
}

/// A fault of ours that nobody foresaw. The process goes on; the log has the words, the caller has the request's id.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands over what it caught")]
fn caught(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(panic = text, "a request panicked");
    (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side.").into_response()
}

/// Asking for proofs and giving them.
const ATTEMPTS: [&str; 10] = [
    "/sign-in",
    "/sign-in/code",
    "/sign-in/second-step",
    "/sign-in/passkey",
    "/sign-in/passkey/answer",
    "/sign-up",
    "/confirm",
    "/confirm/code",
    "/confirm/passkey",
    "/confirm/passkey/answer",
];

/// Asking for codes and trying codes, by the place that they come from.
async fn limit_sign_in(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let is_attempt = request.method() == Method::POST && ATTEMPTS.contains(&request.uri().path());
    if is_attempt && let Some(limits) = &gateway.limits {
        let client = ClientAddress::of(request.headers(), request.extensions(), gateway.proxies);
        let key = format!("sign-in:{}", client.network());
        let taken = limits.take(&key, 1, limits.allowances.sign_in).await;
        if !taken.granted {
            let seconds = taken.retry_after();
            let text = format!(
                "Too many attempts to sign in from your network. Please try again in {}.",
                plural(seconds.div_ceil(60), "minute", "minutes")
            );
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds)], text).into_response();
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use tower::ServiceExt;

    use super::*;

    async fn answer(path: &str) -> Response {
        let router = Router::new()
            .route("/panics", get(async || -> &'static str { panic!("on purpose") }))
            .route("/page", get(async || "a page ".repeat(100)))
            .route("/pdf", get(async || ([(header::CONTENT_TYPE, "application/pdf")], "%PDF".repeat(100))));
        let request = Request::get(path).header(header::ACCEPT_ENCODING, "br").body(Body::empty()).unwrap();
        contain(router).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        assert_eq!(answer("/panics").await.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[tokio::test]
    async fn pages_are_made_smaller_and_what_is_compressed_already_is_not() {
        assert_eq!(answer("/page").await.headers().get(header::CONTENT_ENCODING).unwrap(), "br");
        assert_eq!(answer("/pdf").await.headers().get(header::CONTENT_ENCODING), None);
    }
}

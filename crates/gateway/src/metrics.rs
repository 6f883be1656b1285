//! What is measured, and where Prometheus reads it: on a listener of its own.
//!
//! Not beside the pages: a label such as an alliance's queue says things that only the operator should see, and a path
//! that must never be public is better on a port that never is. Labels are words of the code, never of a request: a
//! route's pattern, not its address.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_graphql::parser::types::OperationType;
use axum::{
    Router,
    extract::State,
    http::{Method, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use domain::app::App;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::health;

pub use metrics_exporter_prometheus::BuildError;

/// From a cached answer to the request timeout, and on to a long job.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// How often what was recorded is condensed, so that it does not pile up when nobody reads it.
const CONDENSE: Duration = Duration::from_secs(10);

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts recording for this process; from then on [`router`] has something to tell.
pub fn record() -> Result<(), BuildError> {
    if RECORDER.get().is_none() {
        let handle = PrometheusBuilder::new().set_buckets(&SECONDS)?.install_recorder()?;
        describe();
        let condensed = handle.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(CONDENSE).await;
                condensed.run_upkeep();
            }
        });
        let _ = RECORDER.set(handle);
    }
    Ok(())
}

/// `/metrics`, and the health of a process that may have no other listener: for one that only the operator reaches.
pub fn router(app: App) -> Router {
    Router::new().route("/metrics", get(show)).with_state(Arc::new(app.clone())).merge(health::router(app))
}

async fn show(State(app): State<Arc<App>>) -> impl IntoResponse {
    for pool in app.db.pools() {
        let set = |state: &'static str, connections: u32| {
            gauge!("database_connections", "login" => pool.login, "state" => state).set(connections);
        };
        set("used", pool.used);
        set("idle", pool.idle);
        gauge!("database_connections_most", "login" => pool.login).set(pool.most);
    }
    let text = RECORDER.get().map(PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

fn describe() {
    describe_counter!("http_requests_total", "Requests answered, by route and status.");
    describe_histogram!("http_request_seconds", "From a request's head to its answer's head, by route.");
    describe_counter!("graphql_operations_total", "Operations executed over HTTP, by kind and outcome.");
    describe_histogram!("graphql_operation_seconds", "How long they took.");
    describe_counter!("graphql_refused_total", "Requests refused before they were executed, by code.");
    describe_counter!(
        "mails_total",
        "Attempts to send a mail, by outcome: sent, refused for good, or to be tried again."
    );
    describe_counter!("jobs_attempts_total", "Attempts at jobs, by kind and outcome.");
    describe_histogram!("jobs_attempt_seconds", "How long they took.");
    describe_counter!("jobs_reclaimed_total", "Jobs taken from a process whose lease ran out.");
    describe_counter!("jobs_outcomes_lost_total", "Outcomes that came after their lease was lost.");
    describe_counter!("jobs_worker_restarts_total", "How often the worker loop ended and began again.");
    describe_gauge!("jobs_waiting", "Jobs that wait, due or not, by kind.");
    describe_gauge!("jobs_running", "Jobs that run.");
    describe_gauge!("jobs_parked", "Jobs that wait for a person.");
    describe_gauge!("jobs_oldest_due_seconds", "For how long the oldest due job has waited.");
    describe_gauge!("database_connections", "Open connections of this process, by login and state.");
    describe_gauge!("database_connections_most", "The most that it may open.");
}

pub(crate) fn request(route: &str, method: &Method, status: StatusCode, took: Duration) {
    let route = route.to_owned();
    let method = match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        // A client may make up any other.
        _ => "other",
    };
    let status = status.as_u16().to_string();
    counter!("http_requests_total", "route" => route.clone(), "method" => method, "status" => status)
        .increment(1);
    histogram!("http_request_seconds", "route" => route, "method" => method).record(took);
}

pub(crate) fn graphql_executed(operation: Option<OperationType>, is_ok: bool, took: Duration) {
    let kind = match operation {
        Some(OperationType::Query) => "query",
        Some(OperationType::Mutation) => "mutation",
        Some(OperationType::Subscription) => "subscription",
        None => "none",
    };
    let outcome = if is_ok { "done" } else { "errors" };
    counter!("graphql_operations_total", "kind" => kind, "outcome" => outcome).increment(1);
    histogram!("graphql_operation_seconds", "kind" => kind).record(took);
}

pub(crate) fn graphql_refused(code: &'static str) {
    counter!("graphql_refused_total", "code" => code).increment(1);
}

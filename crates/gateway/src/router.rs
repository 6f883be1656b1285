//! The HTTP surface for machines: `/graphql`, health.

use std::sync::Arc;

use axum::{Router, routing::get};

use crate::{Gateway, graphql, health};

/// Every address for machines.
pub fn router(gateway: Gateway) -> Router {
    let health = health::router(gateway.app.clone());
    Router::new()
        .route("/graphql", get(graphql::get).post(graphql::post).fallback(graphql::other_method))
        .with_state(Arc::new(gateway))
        .merge(health)
}

//! Whether this process lives, and whether to send requests to it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use domain::app::App;
use serde_json::json;

/// `/health/live` and `/health/ready`.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "alive" }))
        .route("/health/ready", get(ready))
        .with_state(Arc::new(app))
}

/// Ready: both logins are answered, and the schema is the one that this program was built for.
async fn ready(State(app): State<Arc<App>>) -> Response {
    let seen = match app.db.ping().await {
        Ok(()) => app.db.missing_migrations().await,
        Err(error) => Err(error),
    };
    let (status, database, migrations) = match seen {
        Ok(0) => (StatusCode::OK, "answers", "current"),
        Ok(missing) => {
            tracing::warn!(missing, "not ready: migrations have not run");
            (StatusCode::SERVICE_UNAVAILABLE, "answers", "behind")
        }
        Err(error) => {
            tracing::warn!(error = %error.detail(), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "does not answer", "unknown")
        }
    };
    (status, Json(json!({ "database": database, "migrations": migrations }))).into_response()
}

//! What a browser's cookies say.

use axum::http::{HeaderMap, header};
use domain::app::App;

/// The session cookie's name: over TLS one that only this host can set.
#[must_use]
pub fn session_name(app: &App) -> &'static str {
    if app.links.is_https() { "__Host-session" } else { "session" }
}

/// The value of a cookie.
#[must_use]
pub fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

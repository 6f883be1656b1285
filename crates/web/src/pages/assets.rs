//! The stylesheet, the icon and the one script, at addresses that change with their content.

use std::{hash::Hasher, sync::LazyLock};

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};

use crate::page::PageError;

const STYLESHEET: &str = include_str!("../../assets/ensemble.css");
const SCRIPT: &str = include_str!("../../assets/passkeys.js");
const ICON: &str = include_str!("../../assets/favicon.svg");

/// The stylesheet's address.
pub(crate) fn stylesheet() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("ensemble.css", STYLESHEET));
    &ADDRESS
}

/// The address of the script that asks a device for a passkey.
pub(crate) fn script() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("passkeys.js", SCRIPT));
    &ADDRESS
}

fn address(name: &str, content: &str) -> String {
    let mut hash = std::hash::DefaultHasher::new();
    hash.write(content.as_bytes());
    format!("/assets/{name}?v={:016x}", hash.finish())
}

pub(crate) async fn get(Path(name): Path<String>) -> Result<Response, PageError> {
    let (kind, body) = match name.as_str() {
        "ensemble.css" => ("text/css; charset=utf-8", STYLESHEET),
        "passkeys.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "favicon.svg" => ("image/svg+xml", ICON),
        _ => return Err(PageError::NotFound),
    };
    let cached = "public, max-age=31536000, immutable";
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cached)], body).into_response())
}

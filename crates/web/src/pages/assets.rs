//! The stylesheet and the icon, at addresses that change with their content.

use std::{hash::Hasher, sync::LazyLock};

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};

use crate::page::PageError;

const STYLESHEET: &str = include_str!("../../assets/ensemble.css");
const ICON: &str = include_str!("../../assets/favicon.svg");

/// The stylesheet's address.
pub(crate) fn stylesheet() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| {
        let mut hash = std::hash::DefaultHasher::new();
        hash.write(STYLESHEET.as_bytes());
        format!("/assets/ensemble.css?v={:016x}", hash.finish())
    });
    &ADDRESS
}

pub(crate) async fn get(Path(name): Path<String>) -> Result<Response, PageError> {
    let (kind, body) = match name.as_str() {
        "ensemble.css" => ("text/css; charset=utf-8", STYLESHEET),
        "favicon.svg" => ("image/svg+xml", ICON),
        _ => return Err(PageError::NotFound),
    };
    let cached = "public, max-age=31536000, immutable";
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cached)], body).into_response())
}

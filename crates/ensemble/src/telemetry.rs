//! Logs: readable lines on a terminal, JSON lines for machines. Request and job ids are fields of their
//! spans.

use std::{
    env,
    io::{self, IsTerminal},
};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Starts logging to standard error. `LOG_FORMAT` is `json` or `text` (the default); `RUST_LOG` filters.
pub fn init() -> Result<(), String> {
    let filter = match env::var("RUST_LOG") {
        Ok(filter) if !filter.is_empty() => {
            EnvFilter::try_new(filter).map_err(|error| format!("RUST_LOG is not a log filter: {error}"))?
        }
        _ => EnvFilter::new("info"),
    };
    let registry = tracing_subscriber::registry().with(filter);
    match env::var("LOG_FORMAT").as_deref() {
        Ok("json") => registry.with(fmt::layer().json().flatten_event(true).with_writer(io::stderr)).init(),
        Ok("" | "text") | Err(env::VarError::NotPresent) => {
            let layer = fmt::layer().compact().with_target(false).with_ansi(io::stderr().is_terminal());
            registry.with(layer.with_writer(io::stderr)).init();
        }
        _ => return Err("LOG_FORMAT is not json or text".to_owned()),
    }
    Ok(())
}

//! Logs: readable lines on a terminal, JSON lines for machines. Request and job ids are fields of their
//! spans. No line has a mail address: mail servers and databases quote them in what they answer, so they are taken
//! out of every line here, and not left to each place that logs.

use std::{
    env,
    io::{self, IsTerminal, Write},
};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Starts logging to standard error. `LOG_FORMAT` is `json` or `text` (the default); `RUST_LOG` filters.
pub fn init() -> Result<(), String> {
    let filter = match env::var("RUST_LOG") {
        Ok(filter) if !filter.is_empty() => {
            EnvFilter::try_new(filter).map_err(|error| format!("RUST_LOG is not a log filter: {error}"))?
        }
        // What migrations find in place already is no news.
        _ => EnvFilter::new("info,sqlx::postgres::notice=warn"),
    };
    let registry = tracing_subscriber::registry().with(filter);
    match env::var("LOG_FORMAT").as_deref() {
        Ok("json") => registry.with(fmt::layer().json().flatten_event(true).with_writer(masked)).init(),
        Ok("" | "text") | Err(env::VarError::NotPresent) => {
            let layer = fmt::layer().compact().with_target(false).with_ansi(io::stderr().is_terminal());
            registry.with(layer.with_writer(masked)).init();
        }
        _ => return Err("LOG_FORMAT is not json or text".to_owned()),
    }
    Ok(())
}

fn masked() -> Masked {
    Masked(io::stderr())
}

/// Writes whole events, without the mail addresses in them.
struct Masked(io::Stderr);

impl Write for Masked {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.write_all(mask(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// `text` with `…@…` for every mail address. What stands before the `@` of a URL is a password, and goes as well.
fn mask(text: &str) -> String {
    let in_name = |c: char| c.is_alphanumeric() || "!#$%&'*+-./=?^_`{|}~:".contains(c);
    let in_domain = |c: char| c.is_alphanumeric() || "-.".contains(c);
    let mut parts = text.split('@');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let before = out.trim_end_matches(in_name);
        let name = &out[before.len()..];
        let after = part.trim_start_matches(in_domain);
        let domain = &part[..part.len() - after.len()];
        if (!name.is_empty() && domain.trim_end_matches('.').contains('.')) || name.contains("://") {
            out.truncate(before.len());
            out.push_str("…@…");
            out.push_str(after);
        } else {
            out.push('@');
            out.push_str(part);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn no_line_has_a_mail_address() {
        assert_eq!(mask("450 <a.b+c@school.example>: full"), "450 <…@…>: full");
        assert_eq!(mask("to=x@y.example, then z@w.example"), "…@…, then …@…");
        assert_eq!(mask("{\"reason\":\"é@bücher.example\"}"), "{\"reason\":\"…@…\"}");
        assert_eq!(mask("postgres://app:sesame@db/ensemble"), "…@…/ensemble");
        assert_eq!(mask("x:a@b.example@c.example d"), "…@…@c.example d");
        assert_eq!(mask("plan_reminders@2026-11-24T09:00:00Z"), "plan_reminders@2026-11-24T09:00:00Z");
        assert_eq!(mask("nothing here"), "nothing here");
    }
}

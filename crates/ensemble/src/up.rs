//! `ensemble up`: everything in one process, with an embedded default for whatever the environment does not
//! name.
//!
//! Started in the order database, schema, demo data, worker, pages; stopped in the reverse order, so that
//! nothing works on what is gone already.

use std::path::{Path, PathBuf};

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Europe::London;
use domain::{
    alliances::leave_demo,
    app::{Clock, Rng, Timestamp},
    error::Internal,
};
use tokio::net::TcpListener;
use url::Url;
use web::SiteOptions;

use crate::{
    config::Config,
    data_dir::{self, DataDirError},
    database::{self, Logins, Parts},
    embedded::{EmbeddedError, Postgres},
    http::{self, ListenError},
    node::{self, Node, NodeError},
    seed::{self, SeedError, Seeded},
    stop::Stop,
    store::{self, StoreError},
};

/// What was asked for on the command line.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port to listen on instead of `BIND`'s.
    pub port: Option<u16>,
    /// Where the embedded defaults keep what they keep.
    pub data: PathBuf,
    /// Whether an empty database gets the demo.
    pub demo: Demo,
    /// The moment at which our clock starts; `None` is the machine's time.
    pub now: Option<Timestamp>,
}

/// Whether an empty database gets the demo's alliances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demo {
    /// It does.
    Wanted,
    /// It stays empty.
    Unwanted,
}

/// Why `up` ended other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// The port.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The embedded database.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// It ended while we were using it.
    #[error(
        "PostgreSQL ended unexpectedly; {0} says why. Starting again recovers everything that was committed"
    )]
    DatabaseEnded(PathBuf),
    /// The file store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The demo.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The schema or the pools.
    #[error("the database: {}", .0.detail())]
    Database(Internal),
    /// Serving.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl From<Internal> for UpError {
    fn from(error: Internal) -> Self {
        Self::Database(error)
    }
}

/// What is settled before the database starts.
struct Ready<'a> {
    config: &'a Config,
    options: &'a Options,
    data: PathBuf,
    site: SiteOptions,
    listener: TcpListener,
    base_url: String,
}

/// Runs everything until told to stop.
pub async fn up(config: &Config, options: &Options, stop: &Stop) -> Result<(), UpError> {
    let mut address = config.http.bind;
    if let Some(port) = options.port {
        address.set_port(port);
    }
    let site = node::site_options(config, address)?;
    // First, for it is what most often fails: a taken port is said before anything else has started.
    let listener = http::listen(address).await?;
    let port = listener.local_addr().map_err(|source| ListenError::Io { address, source })?.port();
    let base_url =
        config.http.base_url.as_ref().map_or_else(|| format!("http://localhost:{port}"), Url::to_string);
    let data = data_dir::open(&options.data)?;
    let ready = Ready { config, options, data, site, listener, base_url };
    if let Some(logins) = Logins::given(config) {
        return run(ready, &logins, stop).await;
    }
    let log = ready.data.join("postgres.log");
    let mut server = Postgres::start(&ready.data).await?;
    let logins = server.logins();
    let outcome = tokio::select! {
        outcome = run(ready, &logins, stop) => outcome,
        _ = server.ended() => Err(UpError::DatabaseEnded(log)),
    };
    server.stop().await;
    outcome
}

async fn run(ready: Ready<'_>, logins: &Logins, stop: &Stop) -> Result<(), UpError> {
    let Ready { config, options, data, site, listener, base_url } = ready;
    if let Some(owner) = &logins.owner {
        domain::db::migrate(owner.expose()).await?;
    }
    let secret_key = match &config.secret_key {
        Some(key) => key.clone(),
        None => data_dir::secret_key(&data, &Rng::from_os())?,
    };
    let parts = Parts {
        clock: clock(options.now),
        base_url: &base_url,
        secret_key: &secret_key,
        max_connections: config.max_connections,
    };
    let app = database::connect(logins, parts).await?;
    let node = Node {
        app,
        store: store::open(config.store.as_ref(), &data)?,
        site,
        post: node::post(config)?,
        http: config.http.clone(),
        redis: config.redis.clone(),
    };
    node::show_metrics(&node).await?;
    let has_demo = match options.demo {
        // A server that the environment names may be other people's.
        _ if Logins::given(config).is_some() => false,
        Demo::Wanted => seed::seed(&node.app, logins.owner.as_ref()).await? != Seeded::InUse,
        Demo::Unwanted => {
            leave_demo(&node.app).await?;
            false
        }
    };
    print_welcome(&base_url, &data, site);
    if has_demo {
        println!("Sign in with the address of one of the demo's people; the code arrives in that mailbox:");
        for person in seed::people() {
            println!("  {:34} {}", person.email, person.role);
        }
    }
    println!("Press Ctrl-C to stop all of it.");
    let outcome = node::serve_and_work(&node, listener, stop).await;
    node.app.db.close().await;
    Ok(outcome?)
}

fn print_welcome(base_url: &str, data: &Path, site: SiteOptions) {
    println!("\nEnsemble is running at {base_url}");
    if site == SiteOptions::Development {
        println!("  Its mails, sign-in codes too, arrive at {base_url}/dev/mail");
    }
    println!("  Its data is kept in {}", data.display());
}

fn clock(now: Option<Timestamp>) -> Clock {
    let system = Clock::system();
    match now {
        Some(now) => Clock::shifted(now - system.now()),
        None => system,
    }
}

/// Reads `--now`: a date, or a date and time, as a clock on a wall in London shows it.
pub fn parse_now(text: &str) -> Result<Timestamp, String> {
    let midnight = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN));
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]
        .into_iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .or_else(midnight)
        // In October an hour comes twice: its first turn is meant. In March one is left out.
        .and_then(|wall| London.from_local_datetime(&wall).earliest())
        .map(|moment| moment.to_utc())
        .ok_or_else(|| "not a moment in London such as 2026-10-05T09:00".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        parse_now(text).ok().map(|moment| moment.to_rfc3339())
    }

    #[test]
    fn now_is_london_time() {
        assert_eq!(parsed("2026-10-05T09:00").unwrap(), "2026-10-05T08:00:00+00:00");
        assert_eq!(parsed("2026-12-05T09:00:30").unwrap(), "2026-12-05T09:00:30+00:00");
        assert_eq!(parsed("2026-10-05").unwrap(), "2026-10-04T23:00:00+00:00");
        assert_eq!(parsed("2026-10-25T01:30").unwrap(), "2026-10-25T00:30:00+00:00");
        assert_eq!(parsed("2026-03-29T01:30"), None);
        assert_eq!(parsed("tomorrow"), None);
    }

    #[test]
    fn a_moved_clock_ticks() {
        let start = parse_now("2030-01-01T12:00").unwrap();
        let clock = clock(Some(start));
        let first = clock.now();
        assert!(first >= start);
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(clock.now() > first);
    }
}

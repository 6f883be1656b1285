//! Which database a command works on: the one that the environment names, or the embedded one.

use std::path::Path;

use domain::{
    app::{App, Clock, Links, Rng, Secret},
    db::{DatabaseUrls, Db},
    error::Internal,
};

use crate::{
    config::{self, Config, Hidden},
    embedded::{self, EmbeddedError, Postgres},
};

/// Where to log in, by role.
#[derive(Debug, Clone)]
pub struct Logins {
    /// As a member of `ensemble_app`.
    pub app: Hidden,
    /// As a member of `ensemble_machine`.
    pub machine: Hidden,
    /// As the owner of the schema, where we are told.
    pub owner: Option<Hidden>,
}

impl Logins {
    /// For the pools of one process.
    #[must_use]
    pub fn urls(&self, max_connections: u32) -> DatabaseUrls {
        DatabaseUrls {
            app: self.app.expose().to_owned(),
            machine: self.machine.expose().to_owned(),
            max_connections,
        }
    }
}

/// A database to work on. Close it, or an embedded server is not waited for.
pub enum Database {
    /// Somebody else's: the environment's, or the embedded one of another process of ours.
    Elsewhere(Logins),
    /// The embedded one, ours to stop.
    Ours(Box<Postgres>),
}

impl Database {
    /// The environment's, else the embedded one: of the process that runs it, or started for this command.
    pub async fn open(config: &Config, data: &Path) -> Result<Self, EmbeddedError> {
        if let Some(logins) = Logins::given(config) {
            return Ok(Self::Elsewhere(logins));
        }
        match Postgres::start(data).await {
            Err(EmbeddedError::AlreadyRunning { data, process }) => match embedded::running(&data)? {
                Some(logins) => Ok(Self::Elsewhere(logins)),
                None => Err(EmbeddedError::AlreadyRunning { data, process }),
            },
            started => Ok(Self::Ours(Box::new(started?))),
        }
    }

    /// Where to log in.
    #[must_use]
    pub fn logins(&self) -> Logins {
        match self {
            Self::Elsewhere(logins) => logins.clone(),
            Self::Ours(server) => server.logins(),
        }
    }

    /// Stops the server where it is ours.
    pub async fn close(self) {
        if let Self::Ours(server) = self {
            server.stop().await;
        }
    }
}

impl Logins {
    /// Those that the environment names; `None` asks for the embedded database.
    #[must_use]
    pub fn given(config: &Config) -> Option<Self> {
        let config::Database { app, machine } = config.database.clone()?;
        Some(Self { app, machine, owner: config.owner_database.clone() })
    }
}

/// What an [`App`] is made of, besides its database.
pub struct Parts<'a> {
    /// What time it is.
    pub clock: Clock,
    /// Where people find us.
    pub base_url: &'a str,
    /// Signs what must not be forged.
    pub secret_key: &'a Hidden,
    /// The most connections each login may hold.
    pub max_connections: u32,
}

/// Opens the pools of one process.
pub async fn connect(logins: &Logins, parts: Parts<'_>) -> Result<App, Internal> {
    Ok(App {
        db: Db::connect(&logins.urls(parts.max_connections)).await?,
        clock: parts.clock,
        rng: Rng::from_os(),
        links: Links::new(parts.base_url),
        secret: Secret::new(parts.secret_key.expose().as_bytes()),
    })
}

//! The database: two logins, and transactions that cannot be opened without a [`Scope`].
//!
//! - `ensemble_app` works for one alliance at a time. Row-level security shows it nothing until
//!   [`Db::begin`] has named the alliance, and that needs a [`Scope`], which only a passed
//!   authorisation check gives out.
//! - `ensemble_machine` works for the deployment: accounts, sessions, the register, and the queue.
//!   It sees no tenant table but the few columns that lead a signed-in account to its alliances.

use std::time::Duration;

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{error::Internal, ids::AllianceId, viewer::Scope};

/// Every change of the schema, in order.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Where the database is, by login.
#[derive(Debug, Clone)]
pub struct DatabaseUrls {
    /// Logs in as a member of `ensemble_app`.
    pub app: String,
    /// Logs in as a member of `ensemble_machine`.
    pub machine: String,
    /// The most connections each login may hold.
    pub max_connections: u32,
}

/// The pools of one process. Cloning shares them.
#[derive(Clone)]
pub struct Db {
    app: PgPool,
    machine: PgPool,
}

/// The connections of one login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// Which login.
    pub login: &'static str,
    /// Busy ones.
    pub used: u32,
    /// Open ones that wait for work.
    pub idle: u32,
    /// The most that may be open.
    pub most: u32,
}

impl Db {
    /// Opens the pools; the first connection of each is made at once, so a wrong address fails here.
    pub async fn connect(urls: &DatabaseUrls) -> Result<Self, Internal> {
        let pool = |url: &str| -> Result<_, Internal> {
            let options: PgConnectOptions = url.parse()?;
            Ok(PgPoolOptions::new()
                .max_connections(urls.max_connections)
                .acquire_timeout(Duration::from_secs(10))
                // One round trip less per transaction; a broken connection is met by one retry instead.
                .test_before_acquire(false)
                .connect_with(options.application_name("ensemble")))
        };
        Ok(Self { app: pool(&urls.app)?.await?, machine: pool(&urls.machine)?.await? })
    }

    /// Opens a read-write transaction of the scope's alliance.
    pub async fn begin(&self, scope: Scope) -> Result<Tx, Internal> {
        let who = format!("; SET LOCAL app.actor = '{}'", scope.actor());
        self.open("BEGIN", &who, scope).await
    }

    /// Opens a read-only transaction of the scope's alliance: one consistent snapshot.
    pub async fn snapshot(&self, scope: Scope) -> Result<Tx, Internal> {
        self.open("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "", scope).await
    }

    async fn open(&self, begin: &'static str, who: &str, scope: Scope) -> Result<Tx, Internal> {
        let alliance_id = scope.alliance_id();
        // One message opens the transaction and names the alliance. `SET LOCAL` cannot take a bind
        // parameter; the only text formatted in is of typed uuids and addresses. (`set_config` would take one, but Citus
        // does not pass it on to workers.)
        let sql = || AssertSqlSafe(format!("{begin}; SET LOCAL app.alliance_id = '{}'{who}", alliance_id.0));
        let inner = match self.app.begin_with(sql()).await {
            Err(error) if is_broken_connection(&error) => self.app.begin_with(sql()).await?,
            other => other?,
        };
        Ok(Tx { inner, alliance_id })
    }

    /// Opens a transaction for the deployment's own tables.
    pub async fn machine(&self) -> Result<MachineTx, Internal> {
        #[expect(clippy::disallowed_methods, reason = "Db is the place that opens transactions")]
        let inner = match self.machine.begin().await {
            Err(error) if is_broken_connection(&error) => self.machine.begin().await?,
            other => other?,
        };
        Ok(MachineTx { inner })
    }

    /// The deployment's own pool, for single statements of the queue and of sign-in.
    pub(crate) fn machine_pool(&self) -> &PgPool {
        &self.machine
    }

    /// Whether both logins answer.
    pub async fn ping(&self) -> Result<(), Internal> {
        for pool in [&self.app, &self.machine] {
            pool.acquire().await?.ping().await?;
        }
        Ok(())
    }

    /// How many of this program's migrations have not run.
    pub async fn missing_migrations(&self) -> Result<usize, Internal> {
        let applied: Vec<i64> = sqlx::query_scalar("select version from _sqlx_migrations where success")
            .fetch_all(&self.machine)
            .await?;
        Ok(MIGRATOR.iter().filter(|migration| !applied.contains(&migration.version)).count())
    }

    /// How the connections of this process are used.
    #[must_use]
    pub fn pools(&self) -> [PoolUse; 2] {
        let pool = |login, pool: &PgPool| {
            let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
            PoolUse {
                login,
                used: pool.size().saturating_sub(idle),
                idle,
                most: pool.options().get_max_connections(),
            }
        };
        [pool("app", &self.app), pool("machine", &self.machine)]
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        self.app.close().await;
        self.machine.close().await;
    }
}

fn is_broken_connection(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_))
        // 57P01 to 57P03: the server is going down, crashed, or is starting up.
        || matches!(error, sqlx::Error::Database(e) if e.code().is_some_and(|code| code.starts_with("57P0")))
}

/// A transaction of one alliance. Dropped without [`Tx::commit`], it leaves nothing behind.
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    alliance_id: AllianceId,
}

impl Tx {
    /// The alliance whose rows this transaction sees: `$1` of every statement.
    #[must_use]
    pub fn alliance_id(&self) -> AllianceId {
        self.alliance_id
    }

    /// The connection, for SQL in `repo.rs`.
    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// Makes the changes, and the jobs they enqueued, happen.
    pub async fn commit(self) -> Result<(), Internal> {
        Ok(self.inner.commit().await?)
    }
}

/// A transaction over the deployment's own tables.
pub struct MachineTx {
    inner: Transaction<'static, Postgres>,
}

impl MachineTx {
    /// The connection, for SQL in `repo.rs`.
    pub(crate) fn conn(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// Makes the changes happen.
    pub async fn commit(self) -> Result<(), Internal> {
        Ok(self.inner.commit().await?)
    }
}

/// Brings the schema up to date as the owner's login, which must be able to create roles. Safe to run from
/// several processes at once: the migrator holds an advisory lock.
pub async fn migrate(owner_url: &str) -> Result<(), Internal> {
    let mut conn = PgConnection::connect(owner_url).await?;
    MIGRATOR.run(&mut conn).await.map_err(Internal::new)?;
    Ok(conn.close().await?)
}

/// Turns the violation of a named constraint into an outcome that the operation knows.
pub(crate) trait OnConstraint<T> {
    /// `f` makes the error when `name` is the constraint that was violated.
    fn on_constraint<E: From<Internal>>(self, name: &str, f: impl FnOnce() -> E) -> Result<T, E>;

    /// The same for several constraints, each with its error.
    fn on_constraints<E: From<Internal>, const N: usize>(self, outcomes: [(&str, E); N]) -> Result<T, E>;
}

impl<T> OnConstraint<T> for Result<T, sqlx::Error> {
    fn on_constraint<E: From<Internal>>(self, name: &str, f: impl FnOnce() -> E) -> Result<T, E> {
        self.map_err(|error| match &error {
            sqlx::Error::Database(e) if e.constraint() == Some(name) => f(),
            _ => Internal::from(error).into(),
        })
    }

    fn on_constraints<E: From<Internal>, const N: usize>(self, outcomes: [(&str, E); N]) -> Result<T, E> {
        self.map_err(|error| {
            let violated = match &error {
                sqlx::Error::Database(e) => e.constraint(),
                _ => None,
            };
            let outcome = outcomes.into_iter().find(|(name, _)| violated == Some(*name));
            outcome.map_or_else(|| Internal::from(error).into(), |(_, outcome)| outcome)
        })
    }
}

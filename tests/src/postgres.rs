//! A throw-away Postgres.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicU32, Ordering},
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

use crate::throwaway::Throwaway;

/// A running server, stopped and removed when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Server(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    process: Throwaway,
    databases: AtomicU32,
    /// A database with the product's schema and nothing in it.
    template: OnceCell<String>,
}

/// How Postgres is told to stop before it starts again.
#[derive(Debug, Clone, Copy)]
pub enum Restart {
    /// Connections are cut, everything is written.
    Fast,
    /// As if the machine had lost its power.
    Immediate,
}

static SHARED: LazyLock<Server> = LazyLock::new(Server::start);

impl Server {
    /// The server of everybody who does not restart it.
    pub fn shared() -> Self {
        SHARED.clone()
    }

    /// A server of one's own.
    pub fn start() -> Self {
        let process = Throwaway::start("start_postgres", "remove_postgres");
        Self(Arc::new(Inner { process, databases: AtomicU32::new(0), template: OnceCell::new() }))
    }

    /// A server of one's own that waits for the disk, as in production.
    pub fn start_durable() -> Self {
        let server = Self::start();
        server.0.process.script(
            "cd \"$1\" && as_postgres \"$(postgres_bin)/pg_ctl\" restart --pgdata=\"$1/data\" --log=\"$1/data/log\" \
             --wait --silent --options=\"-c listen_addresses= -k $1 -c fsync=on\"",
        );
        server
    }

    /// A new database with the product's schema. Returns its name.
    pub async fn new_database(&self) -> String {
        let template = self
            .0
            .template
            .get_or_init(async || {
                let name = self.new_empty_database().await;
                domain::db::migrate(&self.url("owner", &name)).await.unwrap();
                name
            })
            .await;
        self.copy_of(template).await
    }

    /// A new database with nothing in it. Returns its name.
    pub async fn new_empty_database(&self) -> String {
        self.copy_of("template1").await
    }

    /// A copy of a database that nobody is connected to. Returns its name.
    pub async fn copy_of(&self, template: &str) -> String {
        let name = format!("test{}", self.0.databases.fetch_add(1, Ordering::Relaxed));
        let mut owner = PgConnection::connect(&self.url("owner", "postgres")).await.unwrap();
        let statement = format!("create database {name} template {template} strategy file_copy");
        owner.execute(AssertSqlSafe(statement)).await.unwrap();
        owner.close().await.unwrap();
        name
    }

    /// The address of `database` for the login `user`.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres:///{database}?host={}&port=5432&user={user}", self.0.process.folder().display())
    }

    /// A folder for files, gone with the server.
    pub fn files(&self) -> std::path::PathBuf {
        let folder = self.0.process.folder().join("files");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.0.process.folder().join("data/log")).unwrap()
    }

    /// Stops the server, which [`Self::restart`] starts again.
    pub fn stop(&self) {
        self.0.process.script(
            "cd \"$1\" && as_postgres \"$(postgres_bin)/pg_ctl\" stop --pgdata=\"$1/data\" --mode=fast --wait --silent",
        );
    }

    /// Stops the server if it runs, and starts it again.
    pub fn restart(&self, how: Restart) {
        let mode = match how {
            Restart::Fast => "fast",
            Restart::Immediate => "immediate",
        };
        self.0.process.script(&format!(
            "cd \"$1\" && as_postgres \"$(postgres_bin)/pg_ctl\" restart --pgdata=\"$1/data\" --log=\"$1/data/log\" \
             --mode={mode} --wait --silent"
        ));
    }
}

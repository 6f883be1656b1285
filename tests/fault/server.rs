//! A throw-away Postgres that an experiment may restart.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A running server; stopped and removed when dropped.
pub struct Server {
    folder: PathBuf,
    databases: AtomicU32,
}

/// How Postgres is told to stop before it starts again.
#[derive(Debug, Clone, Copy)]
pub enum Restart {
    /// Connections are cut, everything is written.
    Fast,
    /// As if the machine had lost its power.
    Immediate,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static STARTED: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// The server that experiments share which do not restart it.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// A server of one's own.
    pub fn start() -> Self {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("ensemble-fault.{}.{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        script("start_postgres \"$1\"", &folder);
        Self { folder, databases: AtomicU32::new(0) }
    }

    /// A server of one's own that waits for the disk, as in production.
    pub fn start_durable() -> Self {
        let server = Self::start();
        let command = "cd \"$1\" && as_postgres \"$(postgres_bin)/pg_ctl\" restart --pgdata=\"$1/data\" \
                       --log=\"$1/data/log\" --wait --silent --options=\"-c listen_addresses= -k $1 -c fsync=on\"";
        script(command, &server.folder);
        server
    }

    /// A new database with the product's schema. Returns its name.
    pub async fn new_database(&self) -> String {
        let name = format!("fault{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut owner = PgConnection::connect(&self.url("owner", "postgres")).await.unwrap();
        owner.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        owner.close().await.unwrap();
        domain::db::migrate(&self.url("owner", &name)).await.unwrap();
        name
    }

    /// The address of `database` for the login `user`.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres:///{database}?host={}&port=5432&user={user}", self.folder.display())
    }

    /// Stops the server and starts it again.
    pub fn restart(&self, how: Restart) {
        let mode = match how {
            Restart::Fast => "fast",
            Restart::Immediate => "immediate",
        };
        let command = format!(
            "cd \"$1\" && as_postgres \"$(postgres_bin)/pg_ctl\" restart --pgdata=\"$1/data\" --log=\"$1/data/log\" \
             --mode={mode} --wait --silent"
        );
        script(&command, &self.folder);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        script("remove_postgres \"$1\"", &self.folder);
    }
}

/// Runs `command` with the functions of `tests/postgres.sh`.
fn script(command: &str, folder: &Path) {
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres.sh");
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &format!("source '{}'; {command}", functions.display()), "fault"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

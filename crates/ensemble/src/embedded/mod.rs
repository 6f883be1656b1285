//! The embedded database: a private Postgres for one process on one machine.
//!
//! It is reached only over a Unix socket in a folder of mode 0700, so it trusts whoever connects. It is our
//! child in a process group of its own: the terminal's Ctrl-C reaches us alone, and we stop it last. The data
//! directory's lock says whether it is ours: held, another process of ours runs it; free, whatever still
//! listens was left by one that died.

mod installation;
mod place;

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, SeekFrom},
    os::unix::{fs::OpenOptionsExt, net::UnixStream},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};
use url::form_urlencoded;

pub(crate) use self::installation::{OLDEST_MAJOR, Version};
use self::{
    installation::Installation,
    place::{Place, ServerUser},
};
pub use self::{installation::NoInstallation, place::PlaceError};
use crate::{config::Hidden, database::Logins};

/// Recovery after a crash of the machine may take minutes; it is still bounded.
const START_LIMIT: Duration = Duration::from_mins(5);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const LOG_LIMIT_BYTES: u64 = 10 << 20;

/// The superuser of the cluster, which owns the schema.
const OWNER: &str = "ensemble_owner";

/// A machine that runs everything else too. `fsync` stays on: these are people's invoices.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", ""),
    ("port", "5432"),
    ("unix_socket_permissions", "0700"),
    ("cluster_name", "ensemble"),
    ("fsync", "on"),
    ("max_connections", "100"),
    ("shared_buffers", "128MB"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("max_logical_replication_workers", "0"),
    ("random_page_cost", "1.1"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("lc_messages", "C"),
    ("log_checkpoints", "off"),
    ("log_line_prefix", "%m [%p] %q%u "),
    // Leaves out DETAIL, which quotes the values of rows: no mail address in a log.
    ("log_error_verbosity", "terse"),
];

/// Why the embedded database does not run.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Another process holds the data directory.
    #[error(
        "Ensemble is already running on {data}{}: stop it there with Ctrl-C, or choose another --data DIR",
        process.as_ref().map(|id| format!(" (process {id})")).unwrap_or_default()
    )]
    AlreadyRunning {
        /// The data directory.
        data: PathBuf,
        /// The process that runs it, as it wrote itself down.
        process: Option<String>,
    },
    /// No fitting binaries.
    #[error(transparent)]
    Installation(#[from] NoInstallation),
    /// No place for its files.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// `initdb` failed.
    #[error("PostgreSQL could not make a new database: {0}")]
    Init(String),
    /// The server ended before it was ready.
    #[error("PostgreSQL did not start: {reason}; see {log}")]
    Start {
        /// Its own last words.
        reason: String,
        /// Where the rest is.
        log: PathBuf,
    },
    /// A server that a dead process left behind goes on.
    #[error(
        "the PostgreSQL that an earlier start left behind (process {0}) does not stop: end it with kill {0}"
    )]
    LeftBehind(i32),
    /// Files or processes.
    #[error("the data directory {data}: {source}")]
    Io {
        /// The data directory.
        data: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A server that is ours to stop. Dropped without [`Postgres::stop`], it is told to stop but not waited for.
pub struct Postgres {
    child: Child,
    place: Place,
    /// Held for as long as the server is ours.
    _lock: File,
}

impl Postgres {
    /// Starts the server of the data directory, after making its cluster where there is none.
    pub async fn start(data: &Path) -> Result<Self, EmbeddedError> {
        let failed = |source| EmbeddedError::Io { data: data.to_path_buf(), source };
        let lock = lock(data)?;
        let installations = tokio::task::spawn_blocking(installation::find).await.unwrap_or_default();
        let found = Place::find(data)?;
        let major = match &found {
            Some(place) => installation::cluster_major(&place.cluster).map_err(failed)?,
            None => None,
        };
        let installation = installation::choose(&installations, major)?;
        let place = if let Some(place) = found {
            place
        } else {
            let make =
                async |cluster: &Path, user: Option<&ServerUser>| init(installation, cluster, user).await;
            Place::create(data, make).await?
        };
        place.prepare_run()?;
        stop_left_behind(&place).await?;

        let log_path = data.join("postgres.log");
        let mut log = File::options()
            .append(true)
            .read(true)
            .create(true)
            .mode(0o600)
            .open(&log_path)
            .map_err(failed)?;
        if log.metadata().map_err(failed)?.len() > LOG_LIMIT_BYTES {
            log.set_len(0).map_err(failed)?;
        }
        let log_start = log.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut command = program(installation, "postgres", place.user.as_ref(), &place.cluster);
        command.arg("-D").arg(&place.cluster).arg("-k").arg(&place.run);
        for (name, value) in SETTINGS {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.stdout(log.try_clone().map_err(failed)?).stderr(log.try_clone().map_err(failed)?);
        let child = command.spawn().map_err(failed)?;

        let mut server = Self { child, place, _lock: lock };
        if let Err(reason) = server.wait_until_ready().await {
            server.stop().await;
            let reason = reason.unwrap_or_else(|| last_words(&mut log, log_start));
            return Err(EmbeddedError::Start { reason, log: log_path });
        }
        Ok(server)
    }

    /// Where to log in.
    #[must_use]
    pub fn logins(&self) -> Logins {
        logins(&self.place)
    }

    /// Resolves when the server ends on its own. Cancel safe.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Stops the server: transactions under way are rolled back, and everything committed is on disk.
    pub async fn stop(mut self) {
        for (signal, limit) in [(Signal::INT, STOP_LIMIT), (Signal::QUIT, STOP_LIMIT)] {
            self.signal(signal);
            if timeout(limit, self.child.wait()).await.is_ok() {
                return;
            }
            tracing::warn!("the embedded PostgreSQL takes longer than {} s to stop", limit.as_secs());
        }
    }

    fn signal(&self, signal: Signal) {
        // Reaped already: `id` is None, and a number that may be another's by now is never signalled.
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // The one failure is that it ends at this moment.
            let _ = kill_process(pid, signal);
        }
    }

    /// The error is the reason, where the log would not tell it.
    async fn wait_until_ready(&mut self) -> Result<(), Option<String>> {
        let owner = login(&self.place, OWNER);
        let deadline = Instant::now() + START_LIMIT;
        loop {
            tokio::select! {
                _ = self.child.wait() => return Err(None),
                answer = PgConnection::connect(owner.expose()) => match answer {
                    Ok(connection) => {
                        let _ = connection.close().await;
                        return Ok(());
                    }
                    // Not listening yet, or still recovering.
                    Err(error) if Instant::now() > deadline => return Err(Some(error.to_string())),
                    Err(_) => {}
                },
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.signal(Signal::INT);
    }
}

/// Where to log in to the server that another process of ours runs on the data directory; `None` if none
/// does.
pub fn running(data: &Path) -> Result<Option<Logins>, PlaceError> {
    let place = Place::find(data)?;
    Ok(place.filter(|place| UnixStream::connect(place.socket()).is_ok()).map(|place| logins(&place)))
}

/// Whether the data directory has a cluster.
#[must_use]
pub fn exists(data: &Path) -> bool {
    data.join("postgres").exists()
}

fn lock(data: &Path) -> Result<File, EmbeddedError> {
    let failed = |source| EmbeddedError::Io { data: data.to_path_buf(), source };
    let path = data.join("lock");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            fs::write(&path, std::process::id().to_string()).map_err(failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = file.read_to_string(&mut process);
            let process = Some(process.trim().to_owned()).filter(|id| !id.is_empty());
            Err(EmbeddedError::AlreadyRunning { data: data.to_path_buf(), process })
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn logins(place: &Place) -> Logins {
    Logins {
        app: login(place, "ensemble_app"),
        machine: login(place, "ensemble_machine"),
        owner: Some(login(place, OWNER)),
    }
}

/// Every part is named, so that no PG variable of the environment fills a gap. The database is the one that
/// `initdb` makes: one is all we need.
fn login(place: &Place, role: &str) -> Hidden {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("host", &place.run.to_string_lossy())
        .append_pair("port", "5432")
        .append_pair("user", role)
        .append_pair("sslmode", "disable")
        .finish();
    Hidden::new(format!("postgres:///postgres?{query}"))
}

/// A server program, as the server's user, out of the terminal's reach, and with nothing from our environment
/// that would move it elsewhere.
fn program(installation: &Installation, name: &str, user: Option<&ServerUser>, folder: &Path) -> Command {
    let mut command = Command::new(installation.bin.join(name));
    command.current_dir(folder).process_group(0).stdin(Stdio::null());
    for (variable, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(variable);
    }
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid).env("HOME", folder).env("USER", &user.name);
    }
    command
}

/// Makes a cluster in the empty folder `cluster`. Names sort as an English reader expects, on every machine.
async fn init(
    installation: &Installation,
    cluster: &Path,
    user: Option<&ServerUser>,
) -> Result<(), EmbeddedError> {
    let output = program(installation, "initdb", user, cluster)
        .arg("-D")
        .arg(cluster)
        .args(["--username", OWNER, "--auth=trust", "--encoding=UTF8", "--locale=C"])
        .args(["--locale-provider=icu", "--icu-locale=en-GB"])
        .output()
        .await
        .map_err(|error| EmbeddedError::Init(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let error = words
        .lines()
        .find(|line| line.contains("error:"))
        .or(words.lines().next())
        .unwrap_or("no reason given");
    Err(EmbeddedError::Init(error.to_owned()))
}

/// Stops what a process of ours that died left running on this cluster. We hold the lock, so nobody uses it.
async fn stop_left_behind(place: &Place) -> Result<(), EmbeddedError> {
    // What answers on the private socket is the cluster's server, so its file tells its number truly. Where
    // nothing answers, the file is a leftover that Postgres itself sees through.
    if UnixStream::connect(place.socket()).is_err() {
        return Ok(());
    }
    let pid_file = place.cluster.join("postmaster.pid");
    let Some((number, pid)) = fs::read_to_string(&pid_file)
        .ok()
        .and_then(|text| text.lines().next()?.trim().parse().ok())
        .and_then(|number| Some((number, Pid::from_raw(number)?)))
    else {
        return Ok(());
    };
    eprintln!("An earlier start ended without stopping its PostgreSQL (process {number}); stopping it now.");
    let _ = kill_process(pid, Signal::INT);
    let deadline = Instant::now() + STOP_LIMIT;
    // Removing the file is the last thing that it does.
    while pid_file.exists() {
        if Instant::now() > deadline {
            return Err(EmbeddedError::LeftBehind(number));
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The reason that Postgres gave since `start`.
fn last_words(log: &mut File, start: u64) -> String {
    let mut text = String::new();
    let _ = log.seek(SeekFrom::Start(start)).and_then(|_| log.take(64 << 10).read_to_string(&mut text));
    let fatal = text.lines().rev().find_map(|line| line.split_once("FATAL:").map(|(_, words)| words.trim()));
    fatal.or(text.lines().last()).unwrap_or("it gave no reason").to_owned()
}

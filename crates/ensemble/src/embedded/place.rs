//! Where the embedded server's files live, and as whom it runs.
//!
//! Postgres refuses to run as root. Where root starts us, the server runs as an unprivileged user that is
//! there already. That user often cannot enter the checkout (below `/root`, say); then the cluster lives
//! under `/var/lib/ensemble`, and `postgres` in the data directory is a link to it.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use domain::app::Rng;

/// The longest path a Unix socket's address holds, less its final zero.
const SOCKET_PATH_MAX: usize = 107;
const SOCKET_NAME: &str = ".s.PGSQL.5432";
const ELSEWHERE: &str = "/var/lib/ensemble";

/// Whom the server runs as, where that is not whoever started us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUser {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The embedded server's folders. Each belongs to the server's user alone (mode 0700).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The cluster: an absolute path without links.
    pub(crate) cluster: PathBuf,
    /// Where its socket is. Whoever may enter may log in.
    pub(crate) run: PathBuf,
    pub(crate) user: Option<ServerUser>,
}

/// Why there is no place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Root started us, and no other user is there.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither a user `postgres` nor a user `nobody`: \
         start Ensemble as another user"
    )]
    NoUser,
    /// Somebody else made the folder that the socket would be in.
    #[error(
        "{0} belongs to somebody else or is open to others: remove it, or choose a shorter path with --data"
    )]
    NotPrivate(PathBuf),
    /// The link leads nowhere.
    #[error(
        "the database that {0} points to is gone: put it back, or remove that link to start with a new one"
    )]
    Gone(PathBuf),
    /// A folder could not be made or read.
    #[error("cannot use {path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> PlaceError {
    move |source| PlaceError::Io { path: path.to_path_buf(), source }
}

impl Place {
    /// The place of a cluster that exists; `None` where none has been made.
    pub(crate) fn find(data: &Path) -> Result<Option<Self>, PlaceError> {
        let link = data.join("postgres");
        match fs::canonicalize(&link) {
            Ok(cluster) => Self::of(cluster, server_user()?).map(Some),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&link)(error)),
            Err(_) if link.is_symlink() => Err(PlaceError::Gone(link)),
            Err(_) => Ok(None),
        }
    }

    /// The place of a cluster yet to be made. `make` makes it in the empty folder it is given; only a
    /// finished cluster gets its lasting name, so that an interruption leaves nothing that looks like one.
    pub(crate) async fn create<E: From<PlaceError>>(
        data: &Path,
        make: impl AsyncFnOnce(&Path, Option<&ServerUser>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let user = server_user()?;
        let link = data.join("postgres");
        let home = match &user {
            Some(user) if !may_enter(user, data) => elsewhere(user)?,
            _ => data.to_path_buf(),
        };
        let (new, cluster) = (home.join("postgres.new"), home.join("postgres"));
        if new.exists() {
            fs::remove_dir_all(&new).map_err(at(&new))?;
        }
        private_folder(&new, user.as_ref())?;
        if let Err(error) = make(&new, user.as_ref()).await {
            // What cannot be tidied is tidied by the next start.
            let _ = fs::remove_dir_all(if home == data { &new } else { &home });
            return Err(error);
        }
        fs::rename(&new, &cluster).map_err(at(&cluster))?;
        if cluster != link {
            symlink(&cluster, &link).map_err(at(&link))?;
        }
        Ok(Self::of(fs::canonicalize(&cluster).map_err(at(&cluster))?, user)?)
    }

    fn of(cluster: PathBuf, user: Option<ServerUser>) -> Result<Self, PlaceError> {
        let home = cluster.parent().unwrap_or(&cluster);
        let mut run = home.join("run");
        if run.join(SOCKET_NAME).as_os_str().len() > SOCKET_PATH_MAX {
            // The device and inode number name the folder shortly, and alike at every start.
            let folder = fs::metadata(home).map_err(at(home))?;
            run = PathBuf::from(format!("/tmp/ensemble-{:x}-{:x}", folder.dev(), folder.ino()));
        }
        Ok(Self { cluster, run, user })
    }

    /// Makes the socket's folder, and makes sure that it is private.
    pub(crate) fn prepare_run(&self) -> Result<(), PlaceError> {
        if !self.run.exists() {
            private_folder(&self.run, self.user.as_ref())?;
        }
        let found = fs::symlink_metadata(&self.run).map_err(at(&self.run))?;
        let owner = self.user.as_ref().map_or_else(|| rustix::process::geteuid().as_raw(), |user| user.uid);
        if found.is_dir() && found.uid() == owner && is_private(found.permissions().mode()) {
            Ok(())
        } else {
            Err(PlaceError::NotPrivate(self.run.clone()))
        }
    }

    /// Where a running server listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.run.join(SOCKET_NAME)
    }
}

/// Nobody but the owner may do anything.
fn is_private(mode: u32) -> bool {
    mode.trailing_zeros() >= 6
}

fn server_user() -> Result<Option<ServerUser>, PlaceError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    ["postgres", "nobody"].into_iter().find_map(look_up).map(Some).ok_or(PlaceError::NoUser)
}

fn look_up(name: &str) -> Option<ServerUser> {
    let id = |flag: &str| -> Option<u32> {
        let output = Command::new("id").args([flag, name]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    Some(ServerUser { name: name.into(), uid: id("-u")?, gid: id("-g")? })
}

/// Tried rather than worked out from modes: access lists and mounts decide too.
fn may_enter(user: &ServerUser, folder: &Path) -> bool {
    use std::os::unix::process::CommandExt;
    // The child takes on the user before it enters the folder.
    Command::new("true").current_dir(folder).uid(user.uid).gid(user.gid).status().is_ok_and(|s| s.success())
}

/// A new folder under [`ELSEWHERE`], for the user alone.
fn elsewhere(user: &ServerUser) -> Result<PathBuf, PlaceError> {
    let parent = Path::new(ELSEWHERE);
    fs::DirBuilder::new().recursive(true).mode(0o711).create(parent).map_err(at(parent))?;
    // Never a name from the data directory's path: one made afresh must not find what an earlier one left.
    let home = parent.join(format!("{:016x}", u64::from_be_bytes(Rng::from_os().bytes())));
    private_folder(&home, Some(user))?;
    Ok(home)
}

fn private_folder(path: &Path, user: Option<&ServerUser>) -> Result<(), PlaceError> {
    fs::DirBuilder::new().mode(0o700).create(path).map_err(at(path))?;
    if let Some(user) = user {
        chown(path, Some(user.uid), Some(user.gid)).map_err(at(path))?;
    }
    Ok(())
}

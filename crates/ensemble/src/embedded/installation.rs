//! Which Postgres server binaries this machine has.

use std::{
    collections::BTreeSet,
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// The oldest major version that knows all we ask of it (`security_invoker` views).
pub(crate) const OLDEST_MAJOR: u32 = 15;

/// The binaries of one Postgres version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installation {
    /// The folder with `postgres` and `initdb`.
    pub(crate) bin: PathBuf,
    /// Its version.
    pub(crate) version: Version,
}

/// A Postgres version such as 17.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Version {
    /// Reads the output of `postgres --version`, such as `postgres (PostgreSQL) 17.6 (Debian 17.6-1)`. A
    /// version before release, such as `18beta1`, counts as its minor 0.
    fn parse(output: &str) -> Option<Self> {
        let number = output.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
        let (major, rest) =
            number.split_at(number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len()));
        let minor = rest.strip_prefix('.').unwrap_or("0");
        Some(Self { major: major.parse().ok()?, minor: minor.parse().unwrap_or(0) })
    }
}

/// Why no installation fits.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoInstallation {
    /// Nothing was found.
    #[error(
        "Ensemble needs the server programs of PostgreSQL {OLDEST_MAJOR} or newer on this machine: run deploy/up, \
         which installs them, or set DATABASE_URL to use a server you have"
    )]
    Missing,
    /// All that was found is older than we can use.
    #[error(
        "the newest PostgreSQL on this machine is {newest}, and Ensemble needs {OLDEST_MAJOR} or newer: install a \
         newer one (https://www.postgresql.org/download/), or set DATABASE_URL to use a server you have"
    )]
    TooOld {
        /// The newest major version found.
        newest: u32,
    },
    /// The data directory was made by a major version that is not here.
    #[error(
        "the database was made by PostgreSQL {wanted}, and this machine has {found} only: install PostgreSQL \
         {wanted} again, or start a new database with --data DIR"
    )]
    OtherMajor {
        /// What made the data directory.
        wanted: u32,
        /// The major versions found.
        found: String,
    },
}

/// The installation to use: of major version `wanted` where the data directory has one already, else the
/// newest. Of equals the first found wins.
pub(crate) fn choose(found: &[Installation], wanted: Option<u32>) -> Result<&Installation, NoInstallation> {
    let fits = |installation: &&Installation| match wanted {
        Some(major) => installation.version.major == major,
        None => installation.version.major >= OLDEST_MAJOR,
    };
    // `max_by_key` keeps the last of equals, so the walk is backwards.
    if let Some(best) = found.iter().rev().filter(fits).max_by_key(|installation| installation.version) {
        return Ok(best);
    }
    let majors: BTreeSet<u32> = found.iter().map(|installation| installation.version.major).collect();
    Err(match (majors.last(), wanted) {
        (None, _) => NoInstallation::Missing,
        (Some(_), Some(wanted)) => NoInstallation::OtherMajor {
            wanted,
            found: majors.iter().map(u32::to_string).collect::<Vec<_>>().join(" and "),
        },
        (Some(&newest), None) => NoInstallation::TooOld { newest },
    })
}

/// Every installation on this machine: on the PATH, where `pg_config` points, and where Debian, Red Hat and
/// Homebrew keep theirs.
pub(crate) fn find() -> Vec<Installation> {
    let path: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let mut folders = path;
    folders.extend(pg_config_folder());
    for (parent, prefix, suffix) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ] {
        folders.extend(children(Path::new(parent), prefix).into_iter().map(|child| child.join(suffix)));
    }
    let mut seen = BTreeSet::new();
    folders
        .iter()
        // Packagers put links to `postgres` on the PATH; its neighbours are beside the real file.
        .filter_map(|folder| fs::canonicalize(folder.join("postgres")).ok()?.parent().map(Path::to_path_buf))
        .filter(|bin| seen.insert(bin.clone()) && bin.join("initdb").is_file())
        .filter_map(|bin| {
            let output = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
            let version = Version::parse(&String::from_utf8_lossy(&output.stdout))?;
            Some(Installation { bin, version })
        })
        .collect()
}

fn pg_config_folder() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

fn children(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut children: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect();
    children.sort();
    children
}

/// The major version that made `cluster`; `None` where there is no cluster yet.
pub(crate) fn cluster_major(cluster: &Path) -> io::Result<Option<u32>> {
    match fs::read_to_string(cluster.join("PG_VERSION")) {
        Ok(text) => text.trim().parse().map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(bin: &str, major: u32, minor: u32) -> Installation {
        Installation { bin: bin.into(), version: Version { major, minor } }
    }

    #[test]
    fn versions_are_read_as_packagers_print_them() {
        let parse = |output| Version::parse(output).map(|v| (v.major, v.minor));
        assert_eq!(parse("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some((15, 18)));
        assert_eq!(parse("postgres (PostgreSQL) 17.6 (Homebrew)"), Some((17, 6)));
        assert_eq!(parse("postgres (PostgreSQL) 18beta1"), Some((18, 0)));
        assert_eq!(parse("postgres (PostgreSQL) 9.6.24"), Some((9, 0)));
        assert_eq!(parse("command not found"), None);
    }

    #[test]
    fn the_newest_wins_and_of_equals_the_first_found() {
        let found = [
            installation("/a", 15, 18),
            installation("/b", 17, 4),
            installation("/c", 17, 6),
            installation("/d", 17, 6),
            installation("/e", 16, 10),
        ];
        assert_eq!(choose(&found, None).unwrap().bin, Path::new("/c"));
    }

    #[test]
    fn a_cluster_keeps_its_major_version() {
        let found = [installation("/a", 15, 18), installation("/b", 17, 6)];
        assert_eq!(choose(&found, Some(15)).unwrap().bin, Path::new("/a"));
        assert_eq!(
            choose(&found, Some(16)),
            Err(NoInstallation::OtherMajor { wanted: 16, found: "15 and 17".into() })
        );
    }

    #[test]
    fn nothing_or_nothing_new_enough_is_said() {
        assert_eq!(choose(&[], None), Err(NoInstallation::Missing));
        assert_eq!(choose(&[], Some(15)), Err(NoInstallation::Missing));
        assert_eq!(choose(&[installation("/a", 14, 20)], None), Err(NoInstallation::TooOld { newest: 14 }));
    }
}

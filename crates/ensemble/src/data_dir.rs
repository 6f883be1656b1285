//! The data directory: everything that the embedded defaults keep on this machine.
//!
//! `postgres` (the cluster, or a link to it) · `postgres.log` · `run` (its socket) · `lock` · `secret.key` · `files`

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use domain::app::Rng;

use crate::config::Hidden;

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// A file or folder.
    #[error("cannot use {path}: {source}; choose another data directory with --data DIR")]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key was cut short by hand.
    #[error("{0} is not a secret key: put the old one back, or remove it (everybody signs in again)")]
    SecretKey(PathBuf),
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> DataDirError {
    move |source| DataDirError::Io { path: path.to_path_buf(), source }
}

/// Makes the data directory where there is none, and returns its absolute path without links.
pub fn open(path: &Path) -> Result<PathBuf, DataDirError> {
    // Where root starts us, the database's own user must be able to pass through; whatever lies inside is for
    // its owner alone.
    let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
    DirBuilder::new().recursive(true).mode(mode).create(path).map_err(at(path))?;
    fs::canonicalize(path).map_err(at(path))
}

/// The folder of rendered files.
pub fn files(data: &Path) -> Result<PathBuf, DataDirError> {
    let path = data.join("files");
    DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(at(&path))?;
    Ok(path)
}

/// The deployment's secret key, made on the first start.
pub fn secret_key(data: &Path, rng: &Rng) -> Result<Hidden, DataDirError> {
    let path = data.join("secret.key");
    match fs::read_to_string(&path) {
        Ok(text) if text.trim().len() == 64 => return Ok(Hidden::new(text.trim().to_owned())),
        Ok(_) => return Err(DataDirError::SecretKey(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(at(&path)(error)),
    }
    let key = rng.bytes::<32>().iter().fold(String::new(), |key, byte| key + &format!("{byte:02x}"));
    // Named only when whole, so that a crash leaves no half a key.
    let new = data.join("secret.key.new");
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| file.write_all(key.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&new, &path))
        .map_err(at(&path))?;
    Ok(Hidden::new(key))
}

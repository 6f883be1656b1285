//! Where rendered files are kept.

use std::{env, path::Path, sync::Arc};

use object_store::{ObjectStore, local::LocalFileSystem, prefix::PrefixStore};
use url::Url;

use crate::data_dir::{self, DataDirError};

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory's folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The address in `STORE_URL`. A password is never part of one: it comes from the provider's own
    /// variables.
    #[error("the file store cannot be used: {0}; STORE_URL names it")]
    Store(#[from] object_store::Error),
}

/// The store of `url`; without one, the data directory's `files`.
pub fn open(url: Option<&Url>, data: &Path) -> Result<Arc<dyn ObjectStore>, StoreError> {
    match url {
        Some(url) => open_url(url),
        None => Ok(Arc::new(LocalFileSystem::new_with_prefix(data_dir::files(data)?)?)),
    }
}

/// The store of `url`.
pub fn open_url(url: &Url) -> Result<Arc<dyn ObjectStore>, StoreError> {
    // Providers' own variables, such as AWS_ACCESS_KEY_ID.
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let (store, prefix) = object_store::parse_url_opts(url, variables)?;
    Ok(Arc::new(PrefixStore::new(store, prefix)))
}

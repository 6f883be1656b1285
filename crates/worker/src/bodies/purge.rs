//! The deletion of everything of an alliance that has a tombstone: its files, then its rows.

use domain::{
    alliances::deletions::{Report, Tombstone, finish_purge},
    app::App,
    error::Internal,
};
use futures::TryStreamExt;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, path::Path};

use crate::JobError;

/// Why something of it is still there.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// The store.
    #[error("the file store: {0}")]
    Store(#[from] object_store::Error),
    /// The database.
    #[error(transparent)]
    Database(#[from] Internal),
}

impl From<PurgeError> for JobError {
    fn from(error: PurgeError) -> Self {
        match error {
            PurgeError::Store(_) => Self::Retry(error.to_string()),
            PurgeError::Database(error) => error.into(),
        }
    }
}

/// Where the store's tombstones are. No alliance's files are there: theirs are below its id.
const TOMBSTONES: &str = "tombstones";

/// Deletes all that is there of an alliance. First its tombstone is in the store too: a database that is restored from a
/// backup of earlier days knows nothing of it.
pub async fn purge(app: &App, store: &dyn ObjectStore, tombstone: &Tombstone) -> Result<Report, PurgeError> {
    let key = Path::from(format!("{TOMBSTONES}/{}.json", tombstone.alliance_id));
    let text = serde_json::to_vec_pretty(tombstone).map_err(Internal::from)?;
    store.put(&key, PutPayload::from(text)).await?;
    let files = Path::from(tombstone.alliance_id.to_string());
    let files: Vec<ObjectMeta> = store.list(Some(&files)).try_collect().await?;
    for file in &files {
        match store.delete(&file.location).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(finish_purge(app, tombstone, files.len() as u64).await?)
}

/// The tombstones that the store keeps.
pub async fn stored_tombstones(store: &dyn ObjectStore) -> Result<Vec<Tombstone>, PurgeError> {
    let listed: Vec<ObjectMeta> = store.list(Some(&Path::from(TOMBSTONES))).try_collect().await?;
    let mut tombstones = Vec::new();
    for one in listed {
        let bytes = store.get(&one.location).await?.bytes().await?;
        tombstones.push(serde_json::from_slice(&bytes).map_err(Internal::from)?);
    }
    Ok(tombstones)
}

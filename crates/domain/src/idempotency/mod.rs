//! Money and send operations take a key from the caller. The same key with the same input gives the first
//! answer again, for 72 hours; with another input it is refused. The key commits with the effect or not at all.

mod prune_keys;
pub(crate) mod repo;

pub use prune_keys::{KEEP_KEYS, PruneIdempotencyKeys, prune_idempotency_keys};

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{db::Tx, error::Internal, ids::PersonId, problem::failure};

/// The caller's key: 1 to 255 characters.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub String);

/// Why a key was refused.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// Empty or longer than 255 characters.
    #[error("An idempotency key has 1 to 255 characters.")]
    InvalidKey,
    /// The key was used for something else.
    #[error("This key was used before for another request.")]
    Mismatch,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// A request that is made at most once.
pub(crate) struct Once<'a, I> {
    /// Who asks; machinery needs no key, as jobs are unique by their own.
    pub(crate) person_id: Option<PersonId>,
    pub(crate) key: Option<&'a IdempotencyKey>,
    pub(crate) operation: &'static str,
    pub(crate) input: &'a I,
    /// What will be made.
    pub(crate) result_id: Uuid,
    pub(crate) now: crate::app::Timestamp,
}

/// `None`: go on and make it. `Some(id)`: it was made before. A concurrent request with the same key waits here
/// until the first has committed or given up.
pub(crate) async fn claim<I: Serialize>(
    tx: &mut Tx,
    once: Once<'_, I>,
) -> Result<Option<Uuid>, IdempotencyError> {
    let (Some(person_id), Some(IdempotencyKey(key))) = (once.person_id, once.key) else { return Ok(None) };
    if key.is_empty() || key.chars().count() > 255 {
        return Err(IdempotencyError::InvalidKey);
    }
    let input = serde_json::to_vec(once.input).map_err(Internal::from)?;
    let hash = Sha256::digest(&input).to_vec();
    let row = repo::NewKey {
        person_id,
        key,
        operation: once.operation,
        input_hash: &hash,
        result_id: once.result_id,
    };
    if repo::insert(tx, &row, once.now).await? {
        return Ok(None);
    }
    match repo::find(tx, person_id, key).await? {
        Some(found) if found.operation == once.operation && found.input_hash == hash => {
            Ok(Some(found.result_id))
        }
        _ => Err(IdempotencyError::Mismatch),
    }
}

failure!(IdempotencyError {
    InvalidKey => "idempotencyKey",
    Mismatch => "idempotencyKey",
} nested { Internal });

//! SQL of idempotency keys.

use uuid::Uuid;

use crate::{app::Timestamp, db::Tx, error::Internal, ids::PersonId};

pub(super) struct NewKey<'a> {
    pub(super) person_id: PersonId,
    pub(super) key: &'a str,
    pub(super) operation: &'a str,
    pub(super) input_hash: &'a [u8],
    pub(super) result_id: Uuid,
}

pub(super) async fn insert(tx: &mut Tx, new: &NewKey<'_>, now: Timestamp) -> Result<bool, Internal> {
    let done = sqlx::query!(
        "insert into idempotency_keys (alliance_id, person_id, key, operation, input_hash, result_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict on constraint idempotency_keys_pkey do nothing",
        tx.alliance_id() as _,
        new.person_id as _,
        new.key,
        new.operation,
        new.input_hash,
        new.result_id,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) struct FoundKey {
    pub(super) operation: String,
    pub(super) input_hash: Vec<u8>,
    pub(super) result_id: Uuid,
}

pub(super) async fn find(tx: &mut Tx, person_id: PersonId, key: &str) -> Result<Option<FoundKey>, Internal> {
    Ok(sqlx::query_as!(
        FoundKey,
        "select operation, input_hash, result_id from idempotency_keys
         where alliance_id = $1 and person_id = $2 and key = $3",
        tx.alliance_id() as _,
        person_id as _,
        key
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn delete_before(tx: &mut Tx, before: Timestamp) -> Result<u64, Internal> {
    let deleted = sqlx::query!(
        "delete from idempotency_keys where alliance_id = $1 and created_at < $2",
        tx.alliance_id() as _,
        before
    )
    .execute(tx.conn())
    .await?;
    Ok(deleted.rows_affected())
}

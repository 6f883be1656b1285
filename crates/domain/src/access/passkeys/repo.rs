//! SQL of passkeys. All of it runs as the machine role, as that of sign-in does.

use webauthn_rs::prelude::Passkey as Key;

use super::{Passkey, add_passkey::AddPasskeyError};
use crate::{
    access::{Account, EmailAddress},
    app::{App, Timestamp},
    db::{MachineTx, OnConstraint},
    error::Internal,
    ids::{AccountId, PasskeyId},
};

pub(super) async fn passkeys(app: &App, account_id: AccountId) -> Result<Vec<Passkey>, Internal> {
    Ok(sqlx::query_as!(
        Passkey,
        r#"select id as "id: PasskeyId", name, created_at, last_used_at from passkeys
           where account_id = $1 order by created_at desc, id desc"#,
        account_id as _
    )
    .fetch_all(app.db.machine_pool())
    .await?)
}

/// The public halves of the account's passkeys.
pub(super) async fn keys(tx: &mut MachineTx, account_id: AccountId) -> Result<Vec<Key>, Internal> {
    let keys = sqlx::query_scalar!("select key from passkeys where account_id = $1", account_id as _)
        .fetch_all(tx.conn())
        .await?;
    Ok(keys.into_iter().map(serde_json::from_value).collect::<Result<_, _>>()?)
}

pub(super) async fn insert_passkey(
    tx: &mut MachineTx,
    account_id: AccountId,
    passkey: &Passkey,
    key: &Key,
) -> Result<(), AddPasskeyError> {
    sqlx::query!(
        "insert into passkeys (id, account_id, credential_id, name, key, created_at)
         values ($1, $2, $3, $4, $5, $6)",
        passkey.id as _,
        account_id as _,
        key.cred_id().as_slice(),
        passkey.name,
        serde_json::to_value(key).map_err(Internal::from)?,
        passkey.created_at
    )
    .execute(tx.conn())
    .await
    .on_constraint("passkeys_credential_key", || AddPasskeyError::KnownPasskey)?;
    Ok(())
}

/// A passkey that was found by what it calls itself.
pub(super) struct Found {
    pub(super) id: PasskeyId,
    pub(super) account: Account,
    pub(super) key: serde_json::Value,
}

/// Takes the row until the transaction ends: of two answers at once, the second meets the counter of the first.
pub(super) async fn lock_passkey(
    tx: &mut MachineTx,
    credential_id: &[u8],
) -> Result<Option<Found>, Internal> {
    let row = sqlx::query!(
        r#"select p.id as "id: PasskeyId", p.key, a.id as "account_id: AccountId", a.email
           from passkeys p join accounts a on a.id = p.account_id
           where p.credential_id = $1 for update of p"#,
        credential_id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Found {
        id: row.id,
        account: Account { id: row.account_id, email: EmailAddress::stored(row.email) },
        key: row.key,
    }))
}

pub(super) async fn use_passkey(
    tx: &mut MachineTx,
    id: PasskeyId,
    key: &serde_json::Value,
    now: Timestamp,
) -> Result<(), Internal> {
    sqlx::query!("update passkeys set key = $2, last_used_at = $3 where id = $1", id as _, key, now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn rename_passkey(
    app: &App,
    account_id: AccountId,
    id: PasskeyId,
    name: &str,
) -> Result<bool, Internal> {
    let renamed = sqlx::query!(
        "update passkeys set name = $3 where account_id = $1 and id = $2",
        account_id as _,
        id as _,
        name
    )
    .execute(app.db.machine_pool())
    .await?;
    Ok(renamed.rows_affected() == 1)
}

pub(super) async fn delete_passkey(
    tx: &mut MachineTx,
    account_id: AccountId,
    id: PasskeyId,
) -> Result<bool, Internal> {
    let deleted =
        sqlx::query!("delete from passkeys where account_id = $1 and id = $2", account_id as _, id as _)
            .execute(tx.conn())
            .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Deletes every passkey of the account. Returns how many there were.
pub(in crate::access) async fn delete_passkeys(
    tx: &mut MachineTx,
    account_id: AccountId,
) -> Result<u64, Internal> {
    let deleted = sqlx::query!("delete from passkeys where account_id = $1", account_id as _)
        .execute(tx.conn())
        .await?;
    Ok(deleted.rows_affected())
}

/// What an answer is judged by.
pub(super) struct Challenge<'a> {
    pub(super) token_hash: Vec<u8>,
    pub(super) purpose: &'a str,
    pub(super) account_id: Option<AccountId>,
    pub(super) state: serde_json::Value,
    pub(super) expires_at: Timestamp,
}

pub(super) async fn insert_challenge(tx: &mut MachineTx, kept: &Challenge<'_>) -> Result<(), Internal> {
    sqlx::query!(
        "insert into passkey_challenges (token_hash, purpose, account_id, state, expires_at)
         values ($1, $2, $3, $4, $5)",
        kept.token_hash,
        kept.purpose,
        kept.account_id as _,
        kept.state,
        kept.expires_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What was kept for an answer and has not ended.
pub(super) struct Taken {
    pub(super) purpose: String,
    pub(super) account_id: Option<AccountId>,
    pub(super) state: serde_json::Value,
}

/// Takes what was kept: nothing is left of it for a second answer.
pub(super) async fn take_challenge(
    tx: &mut MachineTx,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Taken>, Internal> {
    Ok(sqlx::query_as!(
        Taken,
        r#"delete from passkey_challenges where token_hash = $1 and expires_at > $2
           returning purpose, account_id as "account_id: AccountId", state"#,
        token_hash,
        now
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// What nobody answered.
pub(in crate::access) async fn delete_ended_challenges(
    tx: &mut MachineTx,
    now: Timestamp,
) -> Result<u64, Internal> {
    let deleted =
        sqlx::query!("delete from passkey_challenges where expires_at <= $1", now).execute(tx.conn()).await?;
    Ok(deleted.rows_affected())
}

//! SQL of second steps. All of it runs as the machine role, as that of sign-in does.

use sqlx::PgConnection;

use super::{Kept, SecondStep};
use crate::{
    access::{Account, EmailAddress, second_step::confirm_second_step::ConfirmSecondStepError},
    app::{App, Timestamp},
    db::{MachineTx, OnConstraint},
    error::Internal,
    ids::{AccountId, AllianceId, PersonId},
};

pub(super) async fn second_step(app: &App, account_id: AccountId) -> Result<Option<SecondStep>, Internal> {
    Ok(sqlx::query_as!(
        SecondStep,
        r#"select set_at,
                  (select count(*) from recovery_codes c
                   where c.account_id = s.account_id and used_at is null) as "recovery_codes_left!"
           from second_steps s where account_id = $1"#,
        account_id as _
    )
    .fetch_optional(app.db.machine_pool())
    .await?)
}

/// Takes the account until the transaction ends: nobody signs in by one step while a second one is being set.
pub(super) async fn lock_account(tx: &mut MachineTx, account_id: AccountId) -> Result<(), Internal> {
    sqlx::query!("select from accounts where id = $1 for no key update", account_id as _)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Whether the account has a second step. It stays so until the transaction ends.
pub(in crate::access) async fn is_set(tx: &mut MachineTx, account_id: AccountId) -> Result<bool, Internal> {
    lock_account(tx, account_id).await?;
    Ok(sqlx::query_scalar!(
        r#"select exists(select from second_steps where account_id = $1) as "is_set!""#,
        account_id as _
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Which of these people of the alliance have a second step.
pub(super) async fn people_with_second_step(
    app: &App,
    alliance_id: AllianceId,
    people: &[PersonId],
) -> Result<Vec<PersonId>, Internal> {
    let people: Vec<_> = people.iter().map(|id| id.0).collect();
    Ok(sqlx::query_scalar!(
        r#"select p.id as "id: PersonId" from people p join second_steps s on s.account_id = p.account_id
           where p.alliance_id = $1 and p.id = any($2)"#,
        alliance_id as _,
        &people
    )
    .fetch_all(app.db.machine_pool())
    .await?)
}

/// What every app makes its codes from, encrypted.
pub(super) async fn every_secret(
    connection: &mut PgConnection,
) -> Result<Vec<(AccountId, Vec<u8>)>, Internal> {
    let rows = sqlx::query!(r#"select account_id as "account_id: AccountId", secret from second_steps"#)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.account_id, row.secret)).collect())
}

/// Takes the row until the transaction ends.
pub(super) async fn lock(tx: &mut MachineTx, account_id: AccountId) -> Result<Option<Kept>, Internal> {
    Ok(sqlx::query_as!(
        Kept,
        "select secret, last_step, failures, locked_until from second_steps where account_id = $1 for update",
        account_id as _
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn use_step(tx: &mut MachineTx, account_id: AccountId, step: i64) -> Result<(), Internal> {
    sqlx::query!("update second_steps set last_step = $2 where account_id = $1", account_id as _, step)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Uses up a recovery code. Returns how many are left, or `None` when there is no such code, or no longer.
pub(super) async fn use_recovery_code(
    tx: &mut MachineTx,
    account_id: AccountId,
    code_hash: &[u8],
    now: Timestamp,
) -> Result<Option<i64>, Internal> {
    // The count sees the rows as they were before the update.
    Ok(sqlx::query_scalar!(
        r#"with used as (update recovery_codes set used_at = $3
                         where account_id = $1 and code_hash = $2 and used_at is null returning account_id)
           select (select count(*) from recovery_codes c
                   where c.account_id = used.account_id and used_at is null) - 1 as "left!"
           from used"#,
        account_id as _,
        code_hash,
        now
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn forget_failures(tx: &mut MachineTx, account_id: AccountId) -> Result<(), Internal> {
    sqlx::query!(
        "update second_steps set failures = 0, locked_until = null where account_id = $1",
        account_id as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn count_failure(
    tx: &mut MachineTx,
    account_id: AccountId,
    (failures, locked_until): (i32, Option<Timestamp>),
) -> Result<(), Internal> {
    sqlx::query!(
        "update second_steps set failures = $2, locked_until = $3 where account_id = $1",
        account_id as _,
        failures,
        locked_until
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn insert_second_step(
    tx: &mut MachineTx,
    account_id: AccountId,
    (sealed_secret, step): (&[u8], i64),
    now: Timestamp,
) -> Result<(), ConfirmSecondStepError> {
    sqlx::query!(
        "insert into second_steps (account_id, secret, set_at, last_step) values ($1, $2, $3, $4)",
        account_id as _,
        sealed_secret,
        now,
        step
    )
    .execute(tx.conn())
    .await
    .on_constraint("second_steps_pkey", || ConfirmSecondStepError::AlreadySet)?;
    Ok(())
}

/// Deletes the second step with its recovery codes. Returns how many there were.
pub(super) async fn delete_second_step(tx: &mut MachineTx, account_id: AccountId) -> Result<u64, Internal> {
    let deleted = sqlx::query!("delete from second_steps where account_id = $1", account_id as _)
        .execute(tx.conn())
        .await?;
    Ok(deleted.rows_affected())
}

pub(super) async fn replace_recovery_codes(
    tx: &mut MachineTx,
    account_id: AccountId,
    hashes: &[Vec<u8>],
) -> Result<(), Internal> {
    sqlx::query!("delete from recovery_codes where account_id = $1", account_id as _)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into recovery_codes (account_id, code_hash) select $1, unnest($2::bytea[])",
        account_id as _,
        hashes
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn account_of(app: &App, email: &EmailAddress) -> Result<Option<AccountId>, Internal> {
    Ok(sqlx::query_scalar!(r#"select id as "id: AccountId" from accounts where email = $1"#, email.as_str())
        .fetch_optional(app.db.machine_pool())
        .await?)
}

pub(super) async fn email_of(app: &App, account_id: AccountId) -> Result<Option<EmailAddress>, Internal> {
    let email = sqlx::query_scalar!("select email from accounts where id = $1", account_id as _)
        .fetch_optional(app.db.machine_pool())
        .await?;
    Ok(email.map(EmailAddress::stored))
}

pub(in crate::access) async fn insert_start(
    tx: &mut MachineTx,
    account_id: AccountId,
    token_hash: &[u8],
    ends_at: Timestamp,
) -> Result<(), Internal> {
    sqlx::query!(
        "insert into started_sign_ins (token_hash, account_id, expires_at) values ($1, $2, $3)",
        token_hash,
        account_id as _,
        ends_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whose sign-in waits for the second step under this token. It is held until the transaction ends.
pub(in crate::access) async fn start(
    tx: &mut MachineTx,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Account>, Internal> {
    let row = sqlx::query!(
        r#"select a.id as "id: AccountId", a.email
           from started_sign_ins s join accounts a on a.id = s.account_id
           where s.token_hash = $1 and s.expires_at > $2
           for update of s"#,
        token_hash,
        now
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Account { id: row.id, email: EmailAddress::stored(row.email) }))
}

/// Ends what waited under this token.
pub(in crate::access) async fn delete_start(tx: &mut MachineTx, token_hash: &[u8]) -> Result<(), Internal> {
    sqlx::query!("delete from started_sign_ins where token_hash = $1", token_hash).execute(tx.conn()).await?;
    Ok(())
}

/// What waited in vain.
pub(in crate::access) async fn delete_ended_starts(
    tx: &mut MachineTx,
    now: Timestamp,
) -> Result<u64, Internal> {
    let deleted =
        sqlx::query!("delete from started_sign_ins where expires_at <= $1", now).execute(tx.conn()).await?;
    Ok(deleted.rows_affected())
}

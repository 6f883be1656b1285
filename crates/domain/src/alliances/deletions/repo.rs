//! SQL of deletions.

use chrono::NaiveDate;

use super::{Deletion, Purged, Report, Tombstone};
use crate::{
    access::EmailAddress,
    app::Timestamp,
    db::{MachineTx, Tx},
    error::Internal,
    ids::{AllianceId, DeletionId, PersonId},
    people,
    viewer::Permission,
};

pub(super) struct NewDeletion {
    pub(super) id: DeletionId,
    pub(super) requested_by: PersonId,
    pub(super) requested_at: Timestamp,
    pub(super) reason: String,
    pub(super) deactivates_at: Timestamp,
    pub(super) purges_at: Timestamp,
}

pub(super) async fn insert(tx: &mut Tx, new: &NewDeletion) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into deletions (alliance_id, id, requested_by, requested_at, reason, deactivates_at, purges_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tx.alliance_id() as _,
        new.id as _,
        new.requested_by as _,
        new.requested_at,
        new.reason,
        new.deactivates_at,
        new.purges_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

struct Row {
    id: DeletionId,
    requested_by: String,
    requested_at: Timestamp,
    reason: String,
    deactivates_at: Timestamp,
    deactivated_at: Option<Timestamp>,
    purges_at: Timestamp,
    called_off_by: Option<String>,
    called_off_at: Option<Timestamp>,
}

impl From<Row> for Deletion {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            reason: row.reason,
            deactivates_at: row.deactivates_at,
            deactivated_at: row.deactivated_at,
            purges_at: row.purges_at,
            called_off: row.called_off_by.zip(row.called_off_at),
        }
    }
}

/// The one that is under way.
pub(super) async fn open(tx: &mut Tx) -> Result<Option<Deletion>, Internal> {
    let id = sqlx::query_scalar!(
        r#"select id as "id: DeletionId" from deletions where alliance_id = $1 and called_off_at is null"#,
        tx.alliance_id() as _
    )
    .fetch_optional(tx.conn())
    .await?;
    match id {
        Some(id) => deletion(tx, id).await,
        None => Ok(None),
    }
}

pub(super) async fn deletion(tx: &mut Tx, id: DeletionId) -> Result<Option<Deletion>, Internal> {
    let row = sqlx::query_as!(
        Row,
        r#"select d.id as "id: DeletionId", p.name as requested_by, d.requested_at, d.reason, d.deactivates_at,
                  d.deactivated_at, d.purges_at, c.name as "called_off_by?", d.called_off_at
           from deletions d
           join people p on p.alliance_id = $1 and p.id = d.requested_by
           left join people c on c.alliance_id = $1 and c.id = d.called_off_by
           where d.alliance_id = $1 and d.id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Into::into))
}

/// Which one was called off, if one was under way.
pub(super) async fn call_off(
    tx: &mut Tx,
    (by, at): (PersonId, Timestamp),
) -> Result<Option<DeletionId>, Internal> {
    Ok(sqlx::query_scalar!(
        r#"update deletions set called_off_by = $2, called_off_at = $3
           where alliance_id = $1 and called_off_at is null and purge_begun_at is null
           returning id as "id: DeletionId""#,
        tx.alliance_id() as _,
        by as _,
        at
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Whoever asked for it, if it was still to be deactivated. However late that comes, everything stays for `keep_until`.
pub(super) async fn deactivate(
    tx: &mut Tx,
    id: DeletionId,
    (now, keep_until): (Timestamp, Timestamp),
) -> Result<Option<PersonId>, Internal> {
    Ok(sqlx::query_scalar!(
        r#"update deletions set deactivated_at = $3, purges_at = greatest(purges_at, $4)
           where alliance_id = $1 and id = $2 and called_off_at is null and deactivated_at is null and deactivates_at <= $3
           returning requested_by as "requested_by: PersonId""#,
        tx.alliance_id() as _,
        id as _,
        now,
        keep_until
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// What waits is not done before the end of time, or [`release_work`].
pub(super) async fn hold_work(tx: &mut Tx) -> Result<(), Internal> {
    sqlx::query!(
        "update jobs set run_at = '9999-12-31T00:00Z' where alliance_id = $1 and state = 'waiting'",
        tx.alliance_id() as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn release_work(tx: &mut Tx, now: Timestamp) -> Result<(), Internal> {
    sqlx::query!(
        "update jobs set run_at = $2 where alliance_id = $1 and state = 'waiting' and run_at = '9999-12-31T00:00Z'",
        tx.alliance_id() as _,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn is_at_work(tx: &mut Tx) -> Result<bool, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from jobs where alliance_id = $1 and state = 'running') as "is!""#,
        tx.alliance_id() as _
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Somebody who may call a deletion off.
pub(super) struct Director {
    pub(super) id: PersonId,
    pub(super) email: EmailAddress,
    pub(super) has_signed_in: bool,
}

pub(super) async fn directors(tx: &mut Tx, today: NaiveDate) -> Result<Vec<Director>, Internal> {
    let rows = sqlx::query!(
        r#"select id as "id: PersonId", email as "email!", account_id is not null as "has_signed_in!" from people
           where alliance_id = $1 and email is not null and id in
                 (select person_id from role_grants
                  where alliance_id = $1 and role = any($2) and starts_on <= $3 and (ends_on is null or ends_on >= $3))
           order by id"#,
        tx.alliance_id() as _,
        &people::repo::names(Permission::ManageData.everywhere()),
        today
    )
    .fetch_all(tx.conn())
    .await?;
    let directors = rows.into_iter().map(|row| Director {
        id: row.id,
        email: EmailAddress::stored(row.email),
        has_signed_in: row.has_signed_in,
    });
    Ok(directors.collect())
}

/// A deletion whose next stage has come.
pub(super) struct Due {
    pub(super) alliance_id: AllianceId,
    pub(super) id: DeletionId,
    pub(super) is_deactivated: bool,
}

pub(super) async fn due(tx: &mut MachineTx, now: Timestamp) -> Result<Vec<Due>, Internal> {
    Ok(sqlx::query_as!(
        Due,
        r#"select alliance_id as "alliance_id: AllianceId", id as "id: DeletionId",
                  deactivated_at is not null as "is_deactivated!"
           from deletions
           where called_off_at is null
             and case when deactivated_at is null then deactivates_at <= $1 else purges_at <= $1 end
           order by purges_at"#,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Whether its time has come and nobody has called it off; from now on nobody can.
pub(super) async fn begin_purge(tx: &mut Tx, id: DeletionId, now: Timestamp) -> Result<bool, Internal> {
    let begun = sqlx::query!(
        "update deletions set purge_begun_at = coalesce(purge_begun_at, $3)
         where alliance_id = $1 and id = $2 and called_off_at is null and deactivated_at is not null and purges_at <= $3",
        tx.alliance_id() as _,
        id as _,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// The tombstone of an alliance that is there, which has one from now on.
pub(super) async fn bury(
    tx: &mut MachineTx,
    alliance_id: AllianceId,
    now: Timestamp,
) -> Result<Option<Tombstone>, Internal> {
    sqlx::query!(
        "insert into tombstones (alliance_id, slug, name, founded_at, begun_at)
         select alliance_id, slug, name, created_at, $2 from alliances where alliance_id = $1
         on conflict (alliance_id) do nothing",
        alliance_id as _,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(sqlx::query_as!(
        Tombstone,
        r#"select alliance_id as "alliance_id: AllianceId", slug, name, founded_at, begun_at
           from tombstones where alliance_id = $1"#,
        alliance_id as _
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn keep_tombstone(tx: &mut MachineTx, of: &Tombstone) -> Result<(), Internal> {
    sqlx::query!(
        "insert into tombstones (alliance_id, slug, name, founded_at, begun_at) values ($1, $2, $3, $4, $5)
         on conflict (alliance_id) do nothing",
        of.alliance_id as _,
        of.slug,
        of.name,
        of.founded_at,
        of.begun_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn accounts_of(
    tx: &mut MachineTx,
    alliance_id: AllianceId,
) -> Result<Vec<uuid::Uuid>, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select account_id as "account_id!" from people where alliance_id = $1 and account_id is not null"#,
        alliance_id as _
    )
    .fetch_all(tx.conn())
    .await?)
}

/// How many rows went from each table.
pub(super) async fn purge(
    tx: &mut MachineTx,
    alliance_id: AllianceId,
) -> Result<serde_json::Value, Internal> {
    Ok(sqlx::query_scalar!(r#"select purge_alliance($1) as "report!""#, alliance_id as _)
        .fetch_one(tx.conn())
        .await?)
}

/// Deletes those of these accounts that are nobody in any alliance, with all that signed them in. Returns how many.
pub(super) async fn delete_accounts(tx: &mut MachineTx, ids: &[uuid::Uuid]) -> Result<u64, Internal> {
    let emails = sqlx::query_scalar!(
        "delete from accounts a where id = any($1) and not exists (select from people p where p.account_id = a.id)
         returning email",
        ids
    )
    .fetch_all(tx.conn())
    .await?;
    sqlx::query!("delete from sign_in_codes where email = any($1)", &emails).execute(tx.conn()).await?;
    Ok(emails.len() as u64)
}

pub(super) async fn set_purged(
    tx: &mut MachineTx,
    alliance_id: AllianceId,
    now: Timestamp,
    report: &Report,
) -> Result<(), Internal> {
    sqlx::query!(
        "update tombstones set purged_at = $2, report = $3 where alliance_id = $1",
        alliance_id as _,
        now,
        serde_json::to_value(report)?
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn tombstones(tx: &mut MachineTx) -> Result<Vec<Purged>, Internal> {
    let rows = sqlx::query!(
        r#"select t.alliance_id as "alliance_id: AllianceId", t.slug, t.name, t.founded_at, t.begun_at, t.purged_at, t.report
           from tombstones t order by t.begun_at desc, t.alliance_id"#
    )
    .fetch_all(tx.conn())
    .await?;
    let purged = rows.into_iter().map(|row| {
        Ok(Purged {
            tombstone: Tombstone {
                alliance_id: row.alliance_id,
                slug: row.slug,
                name: row.name,
                founded_at: row.founded_at,
                begun_at: row.begun_at,
            },
            purged_at: row.purged_at,
            report: row.report.map(serde_json::from_value).transpose()?,
        })
    });
    purged.collect()
}

pub(super) async fn is_there(tx: &mut MachineTx, alliance_id: AllianceId) -> Result<bool, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from alliances where alliance_id = $1) as "is!""#,
        alliance_id as _
    )
    .fetch_one(tx.conn())
    .await?)
}

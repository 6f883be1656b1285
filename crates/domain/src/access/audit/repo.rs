//! SQL of the record of changes.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use super::{AuditCursor, AuditFilter, AuditRecord, MOST_CHANGES, MadeBy, words};
use crate::{
    db::{Db, Tx},
    error::Internal,
    ids::{AllianceId, AuditRecordId, PersonId},
    page::PageRequest,
};

/// One changed row.
pub(super) struct ChangeRow {
    pub(super) record_id: AuditRecordId,
    pub(super) table_name: String,
    pub(super) action: String,
    pub(super) label: Option<String>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
    /// How many rows the record is about.
    pub(super) total: i64,
}

/// What reading all records of an alliance showed.
pub(super) struct Chain {
    pub(super) records: i64,
    /// The first that is not as it was written.
    pub(super) broken: Option<i64>,
    /// Whether changes belong to no record.
    pub(super) is_missing_some: bool,
}

pub(super) async fn records(
    tx: &mut Tx,
    filter: &AuditFilter,
    page: &PageRequest<AuditCursor>,
) -> Result<Vec<AuditRecord>, Internal> {
    let rows = sqlx::query!(
        r#"select id as "id: AuditRecordId", nth, at, person_id as "person_id: PersonId", proof, address, event,
                  encode(hash, 'hex') as "fingerprint!"
           from audit_records r
           where alliance_id = $1
             and ($2::uuid is null or person_id = $2)
             and ($3::text is null or exists (select from audit_changes c
                                              where c.alliance_id = $1 and c.record_id = r.id and c.table_name = $3))
             and ($4::bigint is null or nth < $4)
           order by nth desc
           limit $5"#,
        tx.alliance_id() as _,
        filter.person_id.map(|id| id.0),
        filter.about.as_deref().map(|about| words::table(about).unwrap_or_default()),
        page.after.map(|cursor| cursor.nth),
        page.limit()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| AuditRecord {
            id: row.id,
            nth: row.nth,
            at: row.at,
            person_id: row.person_id,
            made_by: made_by(row.proof.as_deref()),
            address: row.address,
            event: row.event,
            fingerprint: row.fingerprint,
        })
        .collect())
}

fn made_by(proof: Option<&str>) -> MadeBy {
    match proof {
        Some("session") => MadeBy::Session,
        Some("token") => MadeBy::Token,
        Some("work") => MadeBy::Work,
        _ => MadeBy::Outsider,
    }
}

pub(super) async fn count_records(tx: &mut Tx, filter: &AuditFilter) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from audit_records r
           where alliance_id = $1
             and ($2::uuid is null or person_id = $2)
             and ($3::text is null or exists (select from audit_changes c
                                              where c.alliance_id = $1 and c.record_id = r.id and c.table_name = $3))"#,
        tx.alliance_id() as _,
        filter.person_id.map(|id| id.0),
        filter.about.as_deref().map(|about| words::table(about).unwrap_or_default())
    )
    .fetch_one(tx.conn())
    .await?)
}

/// The first rows of each record. One without a name of its own bears that of the member it is about.
pub(super) async fn changes(tx: &mut Tx, ids: &[AuditRecordId]) -> Result<Vec<ChangeRow>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_as!(
        ChangeRow,
        r#"select record_id as "record_id: AuditRecordId", table_name, action, coalesce(label, m.name) as label, before, after,
                  total as "total!"
           from (select c.*, count(*) over (partition by record_id) as total,
                        row_number() over (partition by record_id order by nth) as place
                 from audit_changes c where alliance_id = $1 and record_id = any($2)) numbered
           left join members m
             on m.alliance_id = $1 and m.id = (coalesce(numbered.after, numbered.before) ->> 'member_id')::uuid
           where place <= $3
           order by record_id, nth"#,
        tx.alliance_id() as _,
        &ids,
        MOST_CHANGES
    )
    .fetch_all(tx.conn())
    .await?)
}

/// What the alliance's things are called, by their ids.
pub(super) async fn names(tx: &mut Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, String>, Internal> {
    let rows = sqlx::query!(
        r#"select id as "id!", name as "name!" from members where alliance_id = $1 and id = any($2)
           union all select id, legal_name from payers where alliance_id = $1 and id = any($2)
           union all select id, name from people where alliance_id = $1 and id = any($2)
           union all select id, name from strands where alliance_id = $1 and id = any($2)
           union all select id, label from budgets where alliance_id = $1 and id = any($2)
           union all select id, number from invoices where alliance_id = $1 and id = any($2)
           union all select id, number from credit_notes where alliance_id = $1 and id = any($2)
           union all select id, reference from payments where alliance_id = $1 and id = any($2) and reference <> ''"#,
        tx.alliance_id() as _,
        ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

pub(super) async fn add_event(tx: &mut Tx, id: AuditRecordId, event: &str) -> Result<(), Internal> {
    sqlx::query!("select audit_close($1, $2, $3)", tx.alliance_id() as _, id as _, event)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn alliances(db: &Db) -> Result<Vec<(AllianceId, String)>, Internal> {
    let rows = sqlx::query!(r#"select alliance_id as "id: AllianceId", slug from alliances order by slug"#)
        .fetch_all(db.machine_pool())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.slug)).collect())
}

pub(super) async fn chain(tx: &mut Tx) -> Result<Chain, Internal> {
    Ok(sqlx::query_as!(
        Chain,
        r#"select count(*) as "records!", min(nth) filter (where is_wrong) as broken,
                  exists (select from audit_changes c
                          where c.alliance_id = $1
                            and not exists (select from audit_records r where r.alliance_id = $1 and r.id = c.record_id))
                      as "is_missing_some!"
           from (select r.nth,
                        r.nth <> row_number() over (order by r.nth)
                        or r.previous <> coalesce(lag(r.hash) over (order by r.nth), decode(repeat('00', 32), 'hex'))
                        or r.hash <> audit_hash(r, audit_digests(r.alliance_id, r.id))
                        or exists (select from audit_changes c
                                   where c.alliance_id = $1 and c.record_id = r.id
                                     and c.digest <> audit_digest(c.record_id, c.table_name, c.row_key, c.action, c.label,
                                                                  c.before, c.after)) as is_wrong
                 from audit_records r where r.alliance_id = $1) told"#,
        tx.alliance_id() as _
    )
    .fetch_one(tx.conn())
    .await?)
}

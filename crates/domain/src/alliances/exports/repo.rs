//! SQL of exports.

use std::collections::HashMap;

use chrono::NaiveDate;
use futures::stream::BoxStream;

use super::{Built, Export, ExportState, ExportedFile, Finished};
use crate::{
    access::EmailAddress,
    app::Timestamp,
    db::Tx,
    error::Internal,
    ids::{DocumentId, ExportId, PersonId},
    people,
    viewer::Permission,
};

/// Files that are listed at once.
const FILES: i64 = 500;

struct ExportRow {
    id: ExportId,
    asked_by: Option<String>,
    asked_at: Timestamp,
    state: String,
    ready_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    bytes: Option<i64>,
    row_count: Option<i64>,
    file_count: Option<i64>,
}

impl From<ExportRow> for Export {
    fn from(row: ExportRow) -> Self {
        let built = row.bytes.zip(row.row_count).zip(row.file_count);
        let built = built.map(|((bytes, rows), files)| Built { bytes, rows, files });
        let times = row.ready_at.zip(row.expires_at);
        let file =
            times.zip(built).map(|((ready_at, expires_at), built)| Finished { ready_at, expires_at, built });
        Self {
            id: row.id,
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            state: ExportState::stored(&row.state),
            file,
        }
    }
}

/// Whether it is the only one that is being made; else nothing is added.
pub(super) async fn insert(
    tx: &mut Tx,
    (id, asked_by, asked_at): (ExportId, Option<PersonId>, Timestamp),
) -> Result<bool, Internal> {
    let added = sqlx::query!(
        "insert into exports (alliance_id, id, asked_by, asked_at, state) values ($1, $2, $3, $4, $5)
         on conflict (alliance_id) where state = 'building' do nothing",
        tx.alliance_id() as _,
        id as _,
        asked_by as _,
        asked_at,
        ExportState::Building.as_str()
    )
    .execute(tx.conn())
    .await?;
    Ok(added.rows_affected() == 1)
}

pub(super) async fn count_since(tx: &mut Tx, since: Timestamp) -> Result<i64, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from exports where alliance_id = $1 and asked_at > $2"#,
        tx.alliance_id() as _,
        since
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn exports(tx: &mut Tx) -> Result<Vec<Export>, Internal> {
    let rows = sqlx::query_as!(
        ExportRow,
        r#"select e.id as "id: ExportId", p.name as "asked_by?", e.asked_at, e.state, e.ready_at, e.expires_at, e.bytes,
                  e.row_count, e.file_count
           from exports e left join people p on p.alliance_id = $1 and p.id = e.asked_by
           where e.alliance_id = $1 order by e.id desc limit 50"#,
        tx.alliance_id() as _
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn export(tx: &mut Tx, id: ExportId) -> Result<Option<Export>, Internal> {
    let row = sqlx::query_as!(
        ExportRow,
        r#"select e.id as "id: ExportId", p.name as "asked_by?", e.asked_at, e.state, e.ready_at, e.expires_at, e.bytes,
                  e.row_count, e.file_count
           from exports e left join people p on p.alliance_id = $1 and p.id = e.asked_by
           where e.alliance_id = $1 and e.id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Into::into))
}

/// Where to tell whoever asked, if they may still export today.
pub(super) async fn address_of_asker(
    tx: &mut Tx,
    id: ExportId,
    today: NaiveDate,
) -> Result<Option<EmailAddress>, Internal> {
    let email = sqlx::query_scalar!(
        r#"select p.email as "email!" from exports e join people p on p.alliance_id = $1 and p.id = e.asked_by
           where e.alliance_id = $1 and e.id = $2 and p.email is not null and exists (
               select from role_grants g where g.alliance_id = $1 and g.person_id = p.id and g.role = any($3)
                  and g.starts_on <= $4 and (g.ends_on is null or g.ends_on >= $4))"#,
        tx.alliance_id() as _,
        id as _,
        &people::repo::names(Permission::ManageData.everywhere()),
        today
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(email.map(EmailAddress::stored))
}

/// Whether the worker has to make it, as this transaction sees it.
pub(super) async fn is_building(tx: &mut Tx, id: ExportId) -> Result<bool, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from exports where alliance_id = $1 and id = $2 and state = 'building') as "is!""#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn column_types(tx: &mut Tx) -> Result<HashMap<(String, String), String>, Internal> {
    let rows = sqlx::query!(
        r#"select table_name::text as "table!", column_name::text as "column!", data_type::text as "data_type!"
           from information_schema.columns where table_schema = 'public'"#
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| ((row.table, row.column), row.data_type)).collect())
}

/// `select` is of [`super::EXPORTED`], and names `alliance_id = $1`.
pub(super) fn rows<'a>(tx: &'a mut Tx, select: &'static str) -> BoxStream<'a, Result<String, sqlx::Error>> {
    let alliance_id = tx.alliance_id();
    sqlx::query_scalar(select).bind(alliance_id).fetch(tx.conn())
}

pub(super) async fn files(tx: &mut Tx, after: Option<DocumentId>) -> Result<Vec<ExportedFile>, Internal> {
    Ok(sqlx::query_as!(
        ExportedFile,
        r#"select d.id as "id: DocumentId", d.kind, coalesce(i.number, c.number, d.subject_id::text) as "number!", d.store_key
           from documents d
           left join invoices i on i.alliance_id = $1 and d.kind = 'invoice' and i.id = d.subject_id
           left join credit_notes c on c.alliance_id = $1 and d.kind = 'credit_note' and c.id = d.subject_id
           where d.alliance_id = $1 and ($2::uuid is null or d.id > $2) order by d.id limit $3"#,
        tx.alliance_id() as _,
        after as _,
        FILES
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Whether it was still to be made.
pub(super) async fn set_ready(
    tx: &mut Tx,
    id: ExportId,
    (ready_at, expires_at): (Timestamp, Timestamp),
    built: Built,
) -> Result<bool, Internal> {
    let done = sqlx::query!(
        "update exports set state = 'ready', ready_at = $3, expires_at = $4, bytes = $5, row_count = $6, file_count = $7
         where alliance_id = $1 and id = $2 and state = 'building'",
        tx.alliance_id() as _,
        id as _,
        ready_at,
        expires_at,
        built.bytes,
        built.rows,
        built.files
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn give_up(tx: &mut Tx, before: Timestamp) -> Result<(), Internal> {
    sqlx::query!(
        "update exports set state = 'failed' where alliance_id = $1 and state = 'building' and asked_at < $2",
        tx.alliance_id() as _,
        before
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn expired(tx: &mut Tx, now: Timestamp) -> Result<Vec<ExportId>, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: ExportId" from exports where alliance_id = $1 and state = 'ready' and expires_at <= $2"#,
        tx.alliance_id() as _,
        now
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn set_expired(tx: &mut Tx, id: ExportId) -> Result<(), Internal> {
    sqlx::query!(
        "update exports set state = 'expired' where alliance_id = $1 and id = $2 and state = 'ready'",
        tx.alliance_id() as _,
        id as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

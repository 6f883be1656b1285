//! What is known of rendered files.

use crate::{app::Timestamp, db::Tx, error::Internal, viewer::Reach};

/// What is known of a rendered file.
pub(in crate::funding::invoices) struct DocumentRow {
    pub(in crate::funding::invoices) subject_id: uuid::Uuid,
    pub(in crate::funding::invoices) store_key: String,
    pub(in crate::funding::invoices) number: String,
    pub(in crate::funding::invoices) bytes: i32,
}

/// The files of these invoices or credit notes, as `kind` says. A credit note is within reach as its invoice is.
pub(in crate::funding::invoices) async fn documents(
    tx: &mut Tx,
    reach: &Reach,
    (kind, ids): (&str, &[uuid::Uuid]),
) -> Result<Vec<DocumentRow>, Internal> {
    Ok(sqlx::query_as!(
        DocumentRow,
        r#"select d.subject_id, d.store_key, d.bytes, coalesce(c.number, i.number) as "number!"
           from documents d
           left join credit_notes c on c.alliance_id = $1 and d.kind = 'credit_note' and c.id = d.subject_id
           join invoices i on i.alliance_id = $1 and i.id = coalesce(c.invoice_id, d.subject_id)
           where d.alliance_id = $1 and d.kind = $3 and d.subject_id = any($4)
             and ($2::uuid[] is null or i.member_id = any($2))"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        kind,
        ids
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(in crate::funding::invoices) struct NewDocument<'a> {
    pub(in crate::funding::invoices) id: uuid::Uuid,
    pub(in crate::funding::invoices) kind: &'a str,
    pub(in crate::funding::invoices) subject_id: uuid::Uuid,
    pub(in crate::funding::invoices) store_key: &'a str,
    pub(in crate::funding::invoices) sha256: &'a [u8],
    pub(in crate::funding::invoices) bytes: i32,
    pub(in crate::funding::invoices) rendered_at: Timestamp,
}

/// Records a rendered file; rendering it again, which gives the same bytes, records nothing.
pub(in crate::funding::invoices) async fn insert_document(
    tx: &mut Tx,
    new: &NewDocument<'_>,
) -> Result<(), Internal> {
    sqlx::query!(
        "insert into documents (alliance_id, id, kind, subject_id, store_key, sha256, bytes, rendered_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict on constraint documents_subject_key do nothing",
        tx.alliance_id() as _,
        new.id,
        new.kind,
        new.subject_id,
        new.store_key,
        new.sha256,
        new.bytes,
        new.rendered_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

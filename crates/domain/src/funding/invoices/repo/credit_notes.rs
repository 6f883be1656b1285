//! Credit notes.

use crate::{
    app::Timestamp,
    db::Tx,
    error::Internal,
    funding::invoices::CreditNote,
    ids::{CreditNoteId, InvoiceId, PersonId},
    money::Pence,
    viewer::Reach,
};

pub(crate) async fn credit_notes(
    tx: &mut Tx,
    reach: &Reach,
    ids: &[InvoiceId],
) -> Result<Vec<CreditNote>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_as!(
        CreditNote,
        r#"select c.id as "id: CreditNoteId", c.invoice_id as "invoice_id: InvoiceId", c.number, c.issued_on, c.reason,
                  c.net_pence as "net: Pence", c.vat_pence as "vat: Pence", c.gross_pence as "gross: Pence"
           from credit_notes c join invoices i on i.alliance_id = $1 and i.id = c.invoice_id
           where c.alliance_id = $1 and c.invoice_id = any($3) and ($2::uuid[] is null or i.member_id = any($2))
           order by c.invoice_id, c.sequence"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(crate) async fn credit_note(tx: &mut Tx, id: CreditNoteId) -> Result<Option<CreditNote>, Internal> {
    Ok(sqlx::query_as!(
        CreditNote,
        r#"select id as "id: CreditNoteId", invoice_id as "invoice_id: InvoiceId", number, issued_on, reason,
                  net_pence as "net: Pence", vat_pence as "vat: Pence", gross_pence as "gross: Pence"
           from credit_notes where alliance_id = $1 and id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(in crate::funding::invoices) struct NewCreditNote {
    pub(in crate::funding::invoices) note: CreditNote,
    pub(in crate::funding::invoices) sequence: i64,
    pub(in crate::funding::invoices) issued_by: Option<PersonId>,
    pub(in crate::funding::invoices) created_at: Timestamp,
}

pub(in crate::funding::invoices) async fn insert_credit_note(
    tx: &mut Tx,
    new: &NewCreditNote,
) -> Result<(), Internal> {
    sqlx::query!(
        "insert into credit_notes (alliance_id, id, invoice_id, sequence, number, issued_on, reason, net_pence,
            vat_pence, gross_pence, issued_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        tx.alliance_id() as _,
        new.note.id as _,
        new.note.invoice_id as _,
        new.sequence,
        new.note.number,
        new.note.issued_on,
        new.note.reason,
        new.note.net as _,
        new.note.vat as _,
        new.note.gross as _,
        new.issued_by as _,
        new.created_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

//! SQL of reminders.

use chrono::NaiveDate;

use super::USUAL_LEVELS;
use crate::{
    db::Tx,
    error::Internal,
    ids::{InvoiceId, MemberId, PayerId},
};

pub(super) async fn levels(tx: &mut Tx) -> Result<Vec<i16>, Internal> {
    let levels = sqlx::query_scalar!(
        "select days_from_due from reminder_levels where alliance_id = $1 order by days_from_due",
        tx.alliance_id() as _
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(if levels.is_empty() { USUAL_LEVELS.to_vec() } else { levels })
}

pub(super) async fn replace_levels(tx: &mut Tx, levels: &[i16]) -> Result<(), Internal> {
    sqlx::query!("delete from reminder_levels where alliance_id = $1", tx.alliance_id() as _)
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into reminder_levels (alliance_id, days_from_due) select $1, level from unnest($2::smallint[]) as level",
        tx.alliance_id() as _,
        levels
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// An invoice that may be asked for.
pub(super) struct Chased {
    pub(super) id: InvoiceId,
    pub(super) member_id: MemberId,
    pub(super) payer_id: PayerId,
    pub(super) issued_on: NaiveDate,
    pub(super) due_on: NaiveDate,
}

/// Every invoice with something to pay that is neither held nor disputed and due before `until`. One that is not printed
/// yet has nothing to attach.
pub(super) async fn chased(tx: &mut Tx, until: NaiveDate) -> Result<Vec<Chased>, Internal> {
    Ok(sqlx::query_as!(
        Chased,
        r#"select i.id as "id: InvoiceId", i.member_id as "member_id: MemberId", i.payer_id as "payer_id: PayerId",
                  i.issued_on, i.due_on
           from invoices i join invoice_balances b on b.alliance_id = $1 and b.invoice_id = i.id
           where i.alliance_id = $1 and i.due_on <= $2 and b.outstanding_pence > 0 and b.chasing = 'chased'
             and exists (select from documents d
                         where d.alliance_id = $1 and d.kind = 'invoice' and d.subject_id = i.id)
           order by i.due_on, i.id"#,
        tx.alliance_id() as _,
        until
    )
    .fetch_all(tx.conn())
    .await?)
}

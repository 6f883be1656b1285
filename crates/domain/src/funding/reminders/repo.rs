//! SQL of reminders.

use chrono::NaiveDate;

use super::USUAL_LEVELS;
use crate::{db::Tx, error::Internal, ids::InvoiceId};

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

/// An invoice with something to pay.
pub(super) struct Unpaid {
    pub(super) id: InvoiceId,
    pub(super) issued_on: NaiveDate,
    pub(super) due_on: NaiveDate,
    pub(super) is_printed: bool,
}

/// Every invoice with something to pay that is due by `until`, held and disputed ones too.
pub(super) async fn unpaid(tx: &mut Tx, until: NaiveDate) -> Result<Vec<Unpaid>, Internal> {
    Ok(sqlx::query_as!(
        Unpaid,
        r#"select i.id as "id: InvoiceId", i.issued_on, i.due_on,
                  exists (select from documents d
                          where d.alliance_id = $1 and d.kind = 'invoice' and d.subject_id = i.id) as "is_printed!"
           from invoices i join invoice_balances b on b.alliance_id = $1 and b.invoice_id = i.id
           where i.alliance_id = $1 and i.due_on <= $2 and b.outstanding_pence > 0
           order by i.due_on, i.id"#,
        tx.alliance_id() as _,
        until
    )
    .fetch_all(tx.conn())
    .await?)
}

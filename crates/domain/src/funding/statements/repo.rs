//! SQL of statements of account.

use super::{LineKind, StatementLine};
use crate::{
    db::Tx,
    error::Internal,
    ids::{InvoiceId, PayerId},
    money::Pence,
    viewer::Reach,
};

/// The lines of these payers in the order of their dates, without balances. A school sees what its own invoices tell.
pub(super) async fn lines(
    tx: &mut Tx,
    reach: &Reach,
    ids: &[PayerId],
) -> Result<Vec<(PayerId, StatementLine)>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"with billed as (
               select id, payer_id, number, member_name, issued_on, gross_pence, created_at from invoices
               where alliance_id = $1 and payer_id = any($2) and ($3::uuid[] is null or member_id = any($3))),
           received as (
               select i.payer_id, a.payment_id, sum(a.pence) as pence
               from allocations a join billed i on i.id = a.invoice_id
               where a.alliance_id = $1
               group by i.payer_id, a.payment_id
               union all
               select b.payer_id, b.payment_id, b.free_pence + b.refunded_pence
               from payment_balances b
               where b.alliance_id = $1 and b.payer_id = any($2) and $3::uuid[] is null),
           lines as (
               select payer_id, issued_on as date, 'invoice' as kind, number as reference, member_name as note,
                      gross_pence as pence, created_at, id as invoice_id
               from billed
               union all
               select i.payer_id, c.issued_on, 'credit_note', c.number, c.reason, -c.gross_pence, c.created_at, null
               from credit_notes c join billed i on i.id = c.invoice_id
               where c.alliance_id = $1
               union all
               select r.payer_id, p.received_on, 'payment', p.reference, '', -sum(r.pence)::bigint, p.created_at, null
               from received r join payments p on p.id = r.payment_id
               where p.alliance_id = $1
               group by r.payer_id, p.id, p.received_on, p.reference, p.created_at
               having sum(r.pence) <> 0
               union all
               select b.payer_id, f.sent_on, 'refund', p.reference, f.reason, f.pence, f.created_at, null
               from refunds f join payments p on p.alliance_id = $1 and p.id = f.payment_id
               join payment_balances b on b.alliance_id = $1 and b.payment_id = f.payment_id
               where f.alliance_id = $1 and b.payer_id = any($2) and $3::uuid[] is null
                 and not exists (select from refund_reversals x where x.alliance_id = $1 and x.refund_id = f.id))
           select payer_id as "payer_id!: PayerId", date as "date!", kind as "kind!", reference as "reference!",
                  note as "note!", pence as "pence!: Pence",
                  invoice_id as "invoice_id?: InvoiceId"
           from lines order by date, created_at, reference"#,
        tx.alliance_id() as _,
        &ids,
        reach.as_filter() as _
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            let line = StatementLine {
                date: row.date,
                kind: LineKind::parse(&row.kind)?,
                invoice_id: row.invoice_id,
                reference: row.reference,
                note: row.note,
                amount: row.pence,
                balance: Pence::ZERO,
            };
            Ok((row.payer_id, line))
        })
        .collect()
}

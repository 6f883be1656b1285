//! SQL of payments and allocations.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{
    Allocation, Method, PayerChange, Payment, PaymentCursor, PaymentFilter, PaymentTotals, Refund,
    reverse_allocation::Reversal,
};
use crate::{
    app::Timestamp,
    db::Tx,
    error::Internal,
    ids::{AllocationId, BankImportId, InvoiceId, PayerId, PaymentId, PersonId, RefundId},
    money::Pence,
    page::{Page, PageRequest},
    viewer::Reach,
};

struct PaymentRow {
    id: PaymentId,
    received_on: NaiveDate,
    amount: Pence,
    payer_id: Option<PayerId>,
    payer_text: String,
    reference: String,
    method: String,
    allocated: Pence,
    refunded: Pence,
    reversal_reason: Option<String>,
}

impl From<PaymentRow> for Payment {
    fn from(row: PaymentRow) -> Self {
        Self {
            id: row.id,
            received_on: row.received_on,
            amount: row.amount,
            payer_id: row.payer_id,
            payer_text: row.payer_text,
            reference: row.reference,
            method: Method::parse(&row.method).unwrap_or(Method::Other),
            allocated: row.allocated,
            refunded: row.refunded,
            reversal_reason: row.reversal_reason,
        }
    }
}

fn states(filter: &PaymentFilter) -> Option<Vec<String>> {
    let states = &filter.states;
    (!states.is_empty()).then(|| states.iter().map(|state| state.as_str().to_owned()).collect())
}

pub(super) async fn payments(
    tx: &mut Tx,
    filter: &PaymentFilter,
    page: &PageRequest<PaymentCursor>,
) -> Result<Page<Payment>, Internal> {
    let rows = sqlx::query_as!(
        PaymentRow,
        r#"select p.id as "id: PaymentId", p.received_on, p.pence as "amount: Pence",
                  b.payer_id as "payer_id: PayerId", p.payer_text, p.reference, p.method,
                  b.allocated_pence as "allocated!: Pence", b.refunded_pence as "refunded!: Pence", b.reversal_reason
           from payments p join payment_balances b on b.alliance_id = $1 and b.payment_id = p.id
           where p.alliance_id = $1
             and ($2::text is null or strpos(lower(p.reference || ' ' || p.payer_text || ' ' || coalesce(
                    (select legal_name from payers where alliance_id = $1 and id = b.payer_id), '')), lower($2)) > 0)
             and ($3::text[] is null or $3 && array[
                  case when b.is_reversed then 'reversed' when b.free_pence > 0 then 'open' else 'matched' end,
                  case when b.refunded_pence > 0 then 'refunded' end])
             and ($4::uuid is null or b.payer_id = $4)
             and ($5::date is null or (p.received_on, p.id) < ($5, $6))
           order by p.received_on desc, p.id desc limit $7"#,
        tx.alliance_id() as _,
        filter.text.as_deref(),
        states(filter) as _,
        filter.payer_id.map(|id| id.0),
        page.after.map(|cursor| cursor.received_on),
        page.after.map(|cursor| cursor.id.0),
        page.limit()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(page.cut(rows.into_iter().map(Payment::from).collect()))
}

pub(super) async fn payments_by_ids(tx: &mut Tx, ids: &[PaymentId]) -> Result<Vec<Payment>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        PaymentRow,
        r#"select p.id as "id: PaymentId", p.received_on, p.pence as "amount: Pence",
                  b.payer_id as "payer_id: PayerId", p.payer_text, p.reference, p.method,
                  b.allocated_pence as "allocated!: Pence", b.refunded_pence as "refunded!: Pence", b.reversal_reason
           from payments p join payment_balances b on b.alliance_id = $1 and b.payment_id = p.id
           where p.alliance_id = $1 and p.id = any($2)"#,
        tx.alliance_id() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Payment::from).collect())
}

pub(super) async fn totals(tx: &mut Tx, filter: &PaymentFilter) -> Result<PaymentTotals, Internal> {
    Ok(sqlx::query_as!(
        PaymentTotals,
        r#"select count(*) as "count!",
                  coalesce(sum(p.pence) filter (where not b.is_reversed), 0)::bigint as "received!: Pence",
                  count(*) filter (where b.free_pence > 0) as "unmatched!",
                  coalesce(sum(b.free_pence), 0)::bigint as "free!: Pence",
                  count(*) filter (where b.refunded_pence > 0) as "refunds!",
                  coalesce(sum(b.refunded_pence), 0)::bigint as "refunded!: Pence",
                  count(*) filter (where b.is_reversed) as "reversed!"
           from payments p join payment_balances b on b.alliance_id = $1 and b.payment_id = p.id
           where p.alliance_id = $1
             and ($2::text is null or strpos(lower(p.reference || ' ' || p.payer_text || ' ' || coalesce(
                    (select legal_name from payers where alliance_id = $1 and id = b.payer_id), '')), lower($2)) > 0)
             and ($3::text[] is null or $3 && array[
                  case when b.is_reversed then 'reversed' when b.free_pence > 0 then 'open' else 'matched' end,
                  case when b.refunded_pence > 0 then 'refunded' end])
             and ($4::uuid is null or b.payer_id = $4)"#,
        tx.alliance_id() as _,
        filter.text.as_deref(),
        states(filter) as _,
        filter.payer_id.map(|id| id.0)
    )
    .fetch_one(tx.conn())
    .await?)
}

/// Locks a payment as `lock_invoice` locks an invoice: what is set against it comes one after the other.
pub(super) async fn lock_payment(tx: &mut Tx, id: PaymentId) -> Result<Option<Payment>, Internal> {
    sqlx::query_scalar!(
        r#"select pg_advisory_xact_lock(hashtextextended($1::uuid::text || $2::uuid::text, 0)) as "locked: ()""#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(payments_by_ids(tx, &[id]).await?.into_iter().next())
}

pub(super) struct NewPayment {
    pub(super) id: PaymentId,
    pub(super) received_on: NaiveDate,
    pub(super) amount: Pence,
    pub(super) payer_id: Option<PayerId>,
    pub(super) payer_text: String,
    pub(super) reference: String,
    pub(super) method: Method,
    pub(super) import_id: Option<BankImportId>,
    pub(super) bank_line: Option<Vec<u8>>,
    pub(super) recorded_by: Option<PersonId>,
}

/// Inserts payments and returns the ids of those that were not there before: a bank line is taken once.
pub(super) async fn insert_payments(
    tx: &mut Tx,
    new: &[NewPayment],
    now: Timestamp,
) -> Result<Vec<PaymentId>, sqlx::Error> {
    let ids: Vec<_> = new.iter().map(|payment| payment.id.0).collect();
    let days: Vec<_> = new.iter().map(|payment| payment.received_on).collect();
    let pence: Vec<_> = new.iter().map(|payment| payment.amount.0).collect();
    let payers: Vec<_> = new.iter().map(|payment| payment.payer_id.map(|id| id.0)).collect();
    let texts: Vec<_> = new.iter().map(|payment| payment.payer_text.clone()).collect();
    let references: Vec<_> = new.iter().map(|payment| payment.reference.clone()).collect();
    let methods: Vec<_> = new.iter().map(|payment| payment.method.as_str().to_owned()).collect();
    let imports: Vec<_> = new.iter().map(|payment| payment.import_id.map(|id| id.0)).collect();
    let bank_lines: Vec<_> = new.iter().map(|payment| payment.bank_line.clone()).collect();
    let people: Vec<_> = new.iter().map(|payment| payment.recorded_by.map(|id| id.0)).collect();
    sqlx::query_scalar!(
        r#"insert into payments (alliance_id, id, received_on, pence, payer_id, payer_text, reference, method, import_id,
              bank_line, recorded_by, created_at)
           select $1, new.*, $2
           from unnest($3::uuid[], $4::date[], $5::bigint[], $6::uuid[], $7::text[], $8::text[], $9::text[],
                       $10::uuid[], $11::bytea[], $12::uuid[]) as new
           on conflict on constraint payments_bank_line_key do nothing
           returning id as "id: PaymentId""#,
        tx.alliance_id() as _,
        now,
        &ids,
        &days,
        &pence,
        &payers as _,
        &texts,
        &references,
        &methods,
        &imports as _,
        &bank_lines as _,
        &people as _
    )
    .fetch_all(tx.conn())
    .await
}

pub(super) async fn insert_import(
    tx: &mut Tx,
    id: BankImportId,
    (file_name, by, now): (&str, Option<PersonId>, Timestamp),
) -> Result<(), Internal> {
    sqlx::query!(
        "insert into bank_imports (alliance_id, id, file_name, imported_by, imported_at) values ($1, $2, $3, $4, $5)",
        tx.alliance_id() as _,
        id as _,
        file_name,
        by as _,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Which of these bank lines a statement brought, and which one.
pub(super) async fn known_bank_lines(
    tx: &mut Tx,
    lines: &[Vec<u8>],
) -> Result<HashMap<Vec<u8>, BankImportId>, Internal> {
    let known = sqlx::query!(
        r#"select bank_line as "bank_line!", import_id as "import_id!: BankImportId" from payments
           where alliance_id = $1 and bank_line = any($2)"#,
        tx.alliance_id() as _,
        lines
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(known.into_iter().map(|row| (row.bank_line, row.import_id)).collect())
}

/// A payment that stands, as a line of a statement is compared with it.
pub(super) struct OnRecord {
    pub(super) payment: Payment,
    pub(super) recorded_at: Timestamp,
    /// The statement that brought it, and its line.
    pub(super) import_id: Option<BankImportId>,
    pub(super) bank_line: Option<Vec<u8>>,
    /// The numbers of the invoices that it is set against.
    pub(super) numbers: Vec<String>,
}

/// The payments of those days that stand and are of one of these sums.
pub(super) async fn recorded(
    tx: &mut Tx,
    (from, to): (NaiveDate, NaiveDate),
    amounts: &[i64],
) -> Result<Vec<OnRecord>, Internal> {
    let rows = sqlx::query!(
        r#"select p.id as "id: PaymentId", p.received_on, p.pence as "amount: Pence",
                  b.payer_id as "payer_id: PayerId", p.payer_text, p.reference, p.method,
                  b.allocated_pence as "allocated!: Pence", b.refunded_pence as "refunded!: Pence",
                  p.created_at as "created_at: Timestamp", p.import_id as "import_id: BankImportId", p.bank_line,
                  array(select i.number from allocations a join invoices i on i.alliance_id = $1 and i.id = a.invoice_id
                        where a.alliance_id = $1 and a.payment_id = p.id
                        group by i.number having sum(a.pence) > 0) as "numbers!"
           from payments p join payment_balances b on b.alliance_id = $1 and b.payment_id = p.id
           where p.alliance_id = $1 and p.received_on between $2 and $3 and p.pence = any($4) and not b.is_reversed
           order by p.received_on, p.id"#,
        tx.alliance_id() as _,
        from,
        to,
        amounts
    )
    .fetch_all(tx.conn())
    .await?;
    let recorded = rows.into_iter().map(|row| OnRecord {
        payment: Payment {
            id: row.id,
            received_on: row.received_on,
            amount: row.amount,
            payer_id: row.payer_id,
            payer_text: row.payer_text,
            reference: row.reference,
            method: Method::parse(&row.method).unwrap_or(Method::Other),
            allocated: row.allocated,
            refunded: row.refunded,
            reversal_reason: None,
        },
        recorded_at: row.created_at,
        import_id: row.import_id,
        bank_line: row.bank_line,
        numbers: row.numbers,
    });
    Ok(recorded.collect())
}

pub(super) struct NewAllocation {
    pub(super) id: AllocationId,
    pub(super) payment_id: PaymentId,
    pub(super) invoice_id: InvoiceId,
    pub(super) amount: Pence,
    pub(super) reverses_id: Option<AllocationId>,
    pub(super) reason: String,
    pub(super) allocated_by: Option<PersonId>,
}

pub(super) async fn insert_allocation(
    tx: &mut Tx,
    new: &NewAllocation,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into allocations (alliance_id, id, payment_id, invoice_id, pence, reverses_id, reason, allocated_by,
            created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tx.alliance_id() as _,
        new.id as _,
        new.payment_id as _,
        new.invoice_id as _,
        new.amount as _,
        new.reverses_id as _,
        new.reason,
        new.allocated_by as _,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn allocations_of_invoices(
    tx: &mut Tx,
    reach: &Reach,
    ids: &[InvoiceId],
) -> Result<Vec<Allocation>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_as!(
        Allocation,
        r#"select a.id as "id: AllocationId", a.payment_id as "payment_id: PaymentId",
                  a.invoice_id as "invoice_id: InvoiceId", a.pence as "amount: Pence",
                  a.reverses_id as "reverses_id: AllocationId", a.reason, p.received_on,
                  exists(select from allocations r where r.alliance_id = $1 and r.reverses_id = a.id) as "is_reversed!"
           from allocations a
           join payments p on p.alliance_id = $1 and p.id = a.payment_id
           join invoices i on i.alliance_id = $1 and i.id = a.invoice_id
           where a.alliance_id = $1 and a.invoice_id = any($3) and ($2::uuid[] is null or i.member_id = any($2))
           order by a.created_at, a.id"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn allocations_of_payments(
    tx: &mut Tx,
    ids: &[PaymentId],
) -> Result<Vec<Allocation>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_as!(
        Allocation,
        r#"select a.id as "id: AllocationId", a.payment_id as "payment_id: PaymentId",
                  a.invoice_id as "invoice_id: InvoiceId", a.pence as "amount: Pence",
                  a.reverses_id as "reverses_id: AllocationId", a.reason, p.received_on,
                  exists(select from allocations r where r.alliance_id = $1 and r.reverses_id = a.id) as "is_reversed!"
           from allocations a join payments p on p.alliance_id = $1 and p.id = a.payment_id
           where a.alliance_id = $1 and a.payment_id = any($2)
           order by a.created_at, a.id"#,
        tx.alliance_id() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn allocation(tx: &mut Tx, id: AllocationId) -> Result<Option<Allocation>, Internal> {
    Ok(sqlx::query_as!(
        Allocation,
        r#"select a.id as "id: AllocationId", a.payment_id as "payment_id: PaymentId",
                  a.invoice_id as "invoice_id: InvoiceId", a.pence as "amount: Pence",
                  a.reverses_id as "reverses_id: AllocationId", a.reason, p.received_on,
                  exists(select from allocations r where r.alliance_id = $1 and r.reverses_id = a.id) as "is_reversed!"
           from allocations a join payments p on p.alliance_id = $1 and p.id = a.payment_id
           where a.alliance_id = $1 and a.id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn insert_reversal(
    tx: &mut Tx,
    payment_id: PaymentId,
    reversal: &Reversal<'_>,
) -> Result<(), Internal> {
    sqlx::query!(
        "insert into payment_reversals (alliance_id, payment_id, reason, reversed_by, reversed_at)
         values ($1, $2, $3, $4, $5)",
        tx.alliance_id() as _,
        payment_id as _,
        reversal.reason,
        reversal.by as _,
        reversal.now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn insert_refund(
    tx: &mut Tx,
    refund: &Refund,
    (by, now): (Option<PersonId>, Timestamp),
) -> Result<(), Internal> {
    sqlx::query!(
        "insert into refunds (alliance_id, id, payment_id, sent_on, pence, reason, refunded_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tx.alliance_id() as _,
        refund.id as _,
        refund.payment_id as _,
        refund.sent_on,
        refund.amount as _,
        refund.reason,
        by as _,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn refunds_of_payments(tx: &mut Tx, ids: &[PaymentId]) -> Result<Vec<Refund>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_as!(
        Refund,
        r#"select f.id as "id: RefundId", f.payment_id as "payment_id: PaymentId", f.sent_on,
                  f.pence as "amount: Pence", f.reason, r.reason as "reversal_reason?"
           from refunds f left join refund_reversals r on r.alliance_id = $1 and r.refund_id = f.id
           where f.alliance_id = $1 and f.payment_id = any($2) order by f.created_at, f.id"#,
        tx.alliance_id() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn refund(tx: &mut Tx, id: RefundId) -> Result<Option<Refund>, Internal> {
    Ok(sqlx::query_as!(
        Refund,
        r#"select f.id as "id: RefundId", f.payment_id as "payment_id: PaymentId", f.sent_on,
                  f.pence as "amount: Pence", f.reason, r.reason as "reversal_reason?"
           from refunds f left join refund_reversals r on r.alliance_id = $1 and r.refund_id = f.id
           where f.alliance_id = $1 and f.id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn insert_refund_reversal(
    tx: &mut Tx,
    refund_id: RefundId,
    reversal: &Reversal<'_>,
) -> Result<(), Internal> {
    sqlx::query!(
        "insert into refund_reversals (alliance_id, refund_id, reason, reversed_by, reversed_at)
         values ($1, $2, $3, $4, $5)",
        tx.alliance_id() as _,
        refund_id as _,
        reversal.reason,
        reversal.by as _,
        reversal.now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Inserts the payment's next change; the payment is locked, so that no two are the same one.
pub(super) async fn insert_payer_change(
    tx: &mut Tx,
    change: &PayerChange,
    by: Option<PersonId>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into payment_payers (alliance_id, payment_id, nth, from_payer_id, to_payer_id, reason, changed_by,
            changed_at)
         select $1, $2, 1 + count(*), $3, $4, $5, $6, $7
         from payment_payers where alliance_id = $1 and payment_id = $2",
        tx.alliance_id() as _,
        change.payment_id as _,
        change.from as _,
        change.to as _,
        change.reason,
        by as _,
        change.changed_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn payer_changes(tx: &mut Tx, ids: &[PaymentId]) -> Result<Vec<PayerChange>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_as!(
        PayerChange,
        r#"select payment_id as "payment_id: PaymentId", from_payer_id as "from: PayerId", to_payer_id as "to: PayerId",
                  reason, changed_at
           from payment_payers where alliance_id = $1 and payment_id = any($2) order by payment_id, nth"#,
        tx.alliance_id() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?)
}

//! Invoices and what became of them.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::{
    db::Tx,
    error::Internal,
    funding::{
        invoices::{
            Balance, Chasing, Invoice, InvoiceCursor, InvoiceFilter, InvoiceLine, InvoiceRecord,
            InvoiceState, InvoiceTotals,
        },
        vat::{VatDecision, VatTreatment},
    },
    ids::{BudgetId, InvoiceId, InvoiceRunId, MemberId, PayerId},
    money::{BasisPoints, Pence},
    page::{MAX_PAGE, Page, PageRequest},
    viewer::Reach,
};

/// What is listed, for whom, as of when.
pub(in crate::funding::invoices) struct Query<'a> {
    pub(in crate::funding::invoices) filter: &'a InvoiceFilter,
    pub(in crate::funding::invoices) reach: &'a Reach,
    pub(in crate::funding::invoices) today: NaiveDate,
}

impl Query<'_> {
    fn states(&self) -> Option<Vec<String>> {
        let states = &self.filter.states;
        (!states.is_empty()).then(|| states.iter().map(|state| state.as_str().to_owned()).collect())
    }

    fn having(&self) -> Option<Vec<String>> {
        let having = &self.filter.having;
        (!having.is_empty()).then(|| having.iter().map(|sum| sum.as_str().to_owned()).collect())
    }
}

struct InvoiceRow {
    id: InvoiceId,
    run_id: InvoiceRunId,
    budget_id: BudgetId,
    member_id: MemberId,
    payer_id: PayerId,
    sequence: i64,
    number: String,
    issued_on: NaiveDate,
    due_on: NaiveDate,
    period_start: NaiveDate,
    period_end: NaiveDate,
    letterhead: serde_json::Value,
    bill_to_name: String,
    bill_to_address: String,
    member_name: String,
    member_urn: Option<i32>,
    purchase_order: Option<String>,
    requested_by: Option<String>,
    explanation: String,
    prepayment_note: Option<String>,
    net_pence: Pence,
    vat_pence: Pence,
    gross_pence: Pence,
    credited: Pence,
    received: Pence,
    outstanding: Pence,
    chasing: String,
    chasing_reason: Option<String>,
}

impl TryFrom<InvoiceRow> for InvoiceRecord {
    type Error = Internal;
    fn try_from(row: InvoiceRow) -> Result<Self, Internal> {
        let reason = row.chasing_reason.unwrap_or_default();
        let chasing = match row.chasing.as_str() {
            "held" => Chasing::Held { reason },
            "disputed" => Chasing::Disputed { reason },
            _ => Chasing::Usual,
        };
        Ok(Self {
            invoice: Invoice {
                id: row.id,
                run_id: row.run_id,
                budget_id: row.budget_id,
                member_id: row.member_id,
                payer_id: row.payer_id,
                sequence: row.sequence,
                number: row.number,
                issued_on: row.issued_on,
                due_on: row.due_on,
                period_start: row.period_start,
                period_end: row.period_end,
                letterhead: serde_json::from_value(row.letterhead)?,
                bill_to_name: row.bill_to_name,
                bill_to_address: row.bill_to_address,
                member_name: row.member_name,
                member_urn: row.member_urn,
                purchase_order: row.purchase_order,
                requested_by: row.requested_by,
                explanation: row.explanation,
                prepayment_note: row.prepayment_note,
                net: row.net_pence,
                vat: row.vat_pence,
                gross: row.gross_pence,
            },
            balance: Balance {
                credited: row.credited,
                received: row.received,
                outstanding: row.outstanding,
                chasing,
            },
        })
    }
}

pub(in crate::funding::invoices) async fn invoices(
    tx: &mut Tx,
    query: &Query<'_>,
    page: &PageRequest<InvoiceCursor>,
) -> Result<Page<InvoiceRecord>, Internal> {
    let rows = sqlx::query_as!(
        InvoiceRow,
        r#"select i.id as "id: InvoiceId", i.run_id as "run_id: InvoiceRunId", i.budget_id as "budget_id: BudgetId",
                  i.member_id as "member_id: MemberId", i.payer_id as "payer_id: PayerId", i.sequence, i.number, i.issued_on,
                  i.due_on, i.period_start, i.period_end, i.letterhead, i.bill_to_name, i.bill_to_address,
                  i.member_name, i.member_urn, i.purchase_order, i.requested_by, i.explanation, i.prepayment_note,
                  i.net_pence as "net_pence: Pence", i.vat_pence as "vat_pence: Pence",
                  i.gross_pence as "gross_pence: Pence", b.credited_pence as "credited!: Pence",
                  b.received_pence as "received!: Pence", b.outstanding_pence as "outstanding!: Pence",
                  b.chasing as "chasing!", b.chasing_reason
           from invoices i join invoice_balances b on b.alliance_id = $1 and b.invoice_id = i.id
           where i.alliance_id = $1
             and ($2::uuid[] is null or i.member_id = any($2))
             and ($3::text is null
                  or strpos(lower(i.number || ' ' || i.member_name || ' ' || i.bill_to_name), lower($3)) > 0)
             and ($4::uuid is null or i.budget_id = $4)
             and ($5::uuid is null or i.member_id = $5)
             and ($6::uuid is null or i.payer_id = $6)
             and ($7::text[] is null or $7 @> array[
                  case when b.outstanding_pence <= 0 then case when b.received_pence > 0 then 'paid' else 'credited' end
                       when b.chasing <> 'chased' then b.chasing
                       when i.due_on < $8 then 'overdue'
                       when b.received_pence > 0 then 'part_paid'
                       else 'due' end])
             and ($9::date is null or i.due_on >= $9)
             and ($10::date is null or i.due_on <= $10)
             and ($13::text[] is null or $13 <@ array[
                  case when b.outstanding_pence > 0 then 'outstanding' end,
                  case when b.received_pence > 0 then 'received' end,
                  case when b.credited_pence > 0 then 'credited' end])
             and ($11::bigint is null or i.sequence < $11)
           order by i.sequence desc limit $12"#,
        tx.alliance_id() as _,
        query.reach.as_filter() as _,
        query.filter.text.as_deref(),
        query.filter.budget_id.map(|id| id.0),
        query.filter.member_id.map(|id| id.0),
        query.filter.payer_id.map(|id| id.0),
        query.states() as _,
        query.today,
        query.filter.due_from,
        query.filter.due_to,
        page.after.map(|cursor| cursor.sequence),
        page.limit(),
        query.having() as _
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(page.cut(rows.into_iter().map(InvoiceRecord::try_from).collect::<Result<_, _>>()?))
}

/// A page of the invoices of each member within reach.
pub(in crate::funding::invoices) async fn invoices_of_members(
    tx: &mut Tx,
    reach: &Reach,
    members: &[MemberId],
    page: &PageRequest<InvoiceCursor>,
) -> Result<HashMap<MemberId, Page<InvoiceRecord>>, Internal> {
    let members: Vec<_> = members.iter().filter(|id| reach.includes(**id)).map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        InvoiceRow,
        r#"select i.id as "id: InvoiceId", i.run_id as "run_id: InvoiceRunId", i.budget_id as "budget_id: BudgetId",
                  i.member_id as "member_id: MemberId", i.payer_id as "payer_id: PayerId", i.sequence, i.number, i.issued_on,
                  i.due_on, i.period_start, i.period_end, i.letterhead, i.bill_to_name, i.bill_to_address,
                  i.member_name, i.member_urn, i.purchase_order, i.requested_by, i.explanation, i.prepayment_note,
                  i.net_pence as "net_pence: Pence", i.vat_pence as "vat_pence: Pence",
                  i.gross_pence as "gross_pence: Pence", b.credited_pence as "credited!: Pence",
                  b.received_pence as "received!: Pence", b.outstanding_pence as "outstanding!: Pence",
                  b.chasing as "chasing!", b.chasing_reason
           from unnest($2::uuid[]) as wanted (member_id)
           cross join lateral (select * from invoices l
                               where l.alliance_id = $1 and l.member_id = wanted.member_id
                                 and ($3::bigint is null or l.sequence < $3)
                               order by l.sequence desc limit $4) i
           join invoice_balances b on b.alliance_id = $1 and b.invoice_id = i.id
           order by i.sequence desc"#,
        tx.alliance_id() as _,
        &members,
        page.after.map(|cursor| cursor.sequence),
        page.limit()
    )
    .fetch_all(tx.conn())
    .await?;
    let mut found: HashMap<MemberId, Vec<InvoiceRecord>> = HashMap::new();
    for row in rows {
        found.entry(row.member_id).or_default().push(row.try_into()?);
    }
    Ok(found.into_iter().map(|(member_id, records)| (member_id, page.cut(records))).collect())
}

/// Every invoice that needs money, what is due first in front.
pub(crate) async fn open_invoices(tx: &mut Tx, today: NaiveDate) -> Result<Vec<InvoiceRecord>, Internal> {
    use InvoiceState::{Disputed, Due, Held, Overdue, PartPaid};
    let filter = InvoiceFilter { states: vec![Due, PartPaid, Overdue, Disputed, Held], ..Default::default() };
    let query = Query { filter: &filter, reach: &Reach::Alliance, today };
    let mut open = Vec::new();
    let mut request = PageRequest::first(MAX_PAGE);
    loop {
        let page = invoices(tx, &query, &request).await?;
        request.after = page.items.last().map(|last| InvoiceCursor { sequence: last.invoice.sequence });
        open.extend(page.items);
        if !page.has_next {
            open.sort_by_key(|record| (record.invoice.due_on, record.invoice.sequence));
            return Ok(open);
        }
    }
}

/// Every invoice's number with its payer.
pub(crate) async fn numbers(tx: &mut Tx) -> Result<Vec<(String, PayerId)>, Internal> {
    let rows = sqlx::query!(
        r#"select number, payer_id as "payer_id: PayerId" from invoices where alliance_id = $1"#,
        tx.alliance_id() as _
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.number, row.payer_id)).collect())
}

pub(in crate::funding::invoices) async fn totals(
    tx: &mut Tx,
    query: &Query<'_>,
) -> Result<InvoiceTotals, Internal> {
    Ok(sqlx::query_as!(
        InvoiceTotals,
        r#"select count(*) as "count!", coalesce(sum(i.gross_pence), 0)::bigint as "gross!: Pence",
                  coalesce(sum(b.credited_pence), 0)::bigint as "credited!: Pence",
                  coalesce(sum(b.received_pence), 0)::bigint as "received!: Pence",
                  coalesce(sum(b.outstanding_pence), 0)::bigint as "outstanding!: Pence"
           from invoices i join invoice_balances b on b.alliance_id = $1 and b.invoice_id = i.id
           where i.alliance_id = $1
             and ($2::uuid[] is null or i.member_id = any($2))
             and ($3::text is null
                  or strpos(lower(i.number || ' ' || i.member_name || ' ' || i.bill_to_name), lower($3)) > 0)
             and ($4::uuid is null or i.budget_id = $4)
             and ($5::uuid is null or i.member_id = $5)
             and ($6::uuid is null or i.payer_id = $6)
             and ($7::text[] is null or $7 @> array[
                  case when b.outstanding_pence <= 0 then case when b.received_pence > 0 then 'paid' else 'credited' end
                       when b.chasing <> 'chased' then b.chasing
                       when i.due_on < $8 then 'overdue'
                       when b.received_pence > 0 then 'part_paid'
                       else 'due' end])
             and ($9::date is null or i.due_on >= $9)
             and ($10::date is null or i.due_on <= $10)
             and ($11::text[] is null or $11 <@ array[
                  case when b.outstanding_pence > 0 then 'outstanding' end,
                  case when b.received_pence > 0 then 'received' end,
                  case when b.credited_pence > 0 then 'credited' end])"#,
        tx.alliance_id() as _,
        query.reach.as_filter() as _,
        query.filter.text.as_deref(),
        query.filter.budget_id.map(|id| id.0),
        query.filter.member_id.map(|id| id.0),
        query.filter.payer_id.map(|id| id.0),
        query.states() as _,
        query.today,
        query.filter.due_from,
        query.filter.due_to,
        query.having() as _
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(crate) async fn invoices_by_ids(tx: &mut Tx, ids: &[InvoiceId]) -> Result<Vec<InvoiceRecord>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        InvoiceRow,
        r#"select i.id as "id: InvoiceId", i.run_id as "run_id: InvoiceRunId", i.budget_id as "budget_id: BudgetId",
                  i.member_id as "member_id: MemberId", i.payer_id as "payer_id: PayerId", i.sequence, i.number, i.issued_on,
                  i.due_on, i.period_start, i.period_end, i.letterhead, i.bill_to_name, i.bill_to_address,
                  i.member_name, i.member_urn, i.purchase_order, i.requested_by, i.explanation, i.prepayment_note,
                  i.net_pence as "net_pence: Pence", i.vat_pence as "vat_pence: Pence",
                  i.gross_pence as "gross_pence: Pence", b.credited_pence as "credited!: Pence",
                  b.received_pence as "received!: Pence", b.outstanding_pence as "outstanding!: Pence",
                  b.chasing as "chasing!", b.chasing_reason
           from invoices i join invoice_balances b on b.alliance_id = $1 and b.invoice_id = i.id
           where i.alliance_id = $1 and i.id = any($2)"#,
        tx.alliance_id() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(InvoiceRecord::try_from).collect()
}

/// Locks an invoice: credits and allocations of one invoice come one after the other, so neither can take more than
/// is there. A row lock would need the right to update invoices, which nobody has, so the lock is an advisory one.
pub(crate) async fn lock_invoice(tx: &mut Tx, id: InvoiceId) -> Result<Option<InvoiceRecord>, Internal> {
    sqlx::query_scalar!(
        r#"select pg_advisory_xact_lock(hashtextextended($1::uuid::text || $2::uuid::text, 0)) as "locked: ()""#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(invoices_by_ids(tx, &[id]).await?.into_iter().next())
}

pub(crate) async fn lines(
    tx: &mut Tx,
    reach: &Reach,
    ids: &[InvoiceId],
) -> Result<Vec<(InvoiceId, InvoiceLine)>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select l.invoice_id as "invoice_id: InvoiceId", l.description, l.quantity, l.unit_pence as "unit: Pence",
                  l.net_pence as "net: Pence", l.vat_code, l.vat_basis_points as "rate: BasisPoints", l.vat_reason,
                  l.vat_pence as "vat: Pence"
           from invoice_lines l join invoices i on i.alliance_id = $1 and i.id = l.invoice_id
           where l.alliance_id = $1 and l.invoice_id = any($3) and ($2::uuid[] is null or i.member_id = any($2))
           order by l.invoice_id, l.position"#,
        tx.alliance_id() as _,
        reach.as_filter() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            let treatment = VatTreatment::from_code(&row.vat_code, row.rate)
                .ok_or_else(|| Internal::new("a stored VAT code is not known"))?;
            let line = InvoiceLine {
                description: row.description,
                quantity: row.quantity.unsigned_abs(),
                unit: row.unit,
                net: row.net,
                vat: VatDecision { treatment, reason: row.vat_reason },
                vat_amount: row.vat,
            };
            Ok((row.invoice_id, line))
        })
        .collect()
}

/// An amount still owed.
pub(in crate::funding::invoices) struct Owed {
    pub(in crate::funding::invoices) payer_id: PayerId,
    pub(in crate::funding::invoices) payer_name: String,
    pub(in crate::funding::invoices) due_on: NaiveDate,
    pub(in crate::funding::invoices) outstanding: Pence,
    pub(in crate::funding::invoices) is_disputed: bool,
}

/// Every amount still owed, by payer name.
pub(in crate::funding::invoices) async fn owed(tx: &mut Tx, reach: &Reach) -> Result<Vec<Owed>, Internal> {
    Ok(sqlx::query_as!(
        Owed,
        r#"select i.payer_id as "payer_id: PayerId", p.legal_name as payer_name, i.due_on,
                  b.outstanding_pence as "outstanding!: Pence", b.chasing = 'disputed' as "is_disputed!"
           from invoices i
           join invoice_balances b on b.alliance_id = $1 and b.invoice_id = i.id
           join payers p on p.alliance_id = $1 and p.id = i.payer_id
           where i.alliance_id = $1 and b.outstanding_pence > 0 and ($2::uuid[] is null or i.member_id = any($2))
           order by p.legal_name, p.id, i.due_on"#,
        tx.alliance_id() as _,
        reach.as_filter() as _
    )
    .fetch_all(tx.conn())
    .await?)
}

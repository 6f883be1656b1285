//! SQL of invoices and credit notes.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{
    Balance, Chasing, CreditNote, Invoice, InvoiceCursor, InvoiceFilter, InvoiceLine, InvoiceRecord,
    InvoiceState, InvoiceTotals, plan_run::PlannedInvoice,
};
use crate::{
    app::Timestamp,
    db::Tx,
    error::Internal,
    funding::vat::{VatDecision, VatTreatment},
    ids::{BudgetId, CreditNoteId, InvoiceId, InvoiceRunId, MemberId, PayerId, PersonId},
    money::{BasisPoints, Pence},
    page::{MAX_PAGE, Page, PageRequest},
    viewer::Reach,
};

/// What is listed, for whom, as of when.
pub(super) struct Query<'a> {
    pub(super) filter: &'a InvoiceFilter,
    pub(super) reach: &'a Reach,
    pub(super) today: NaiveDate,
}

impl Query<'_> {
    fn states(&self) -> Option<Vec<String>> {
        let states = &self.filter.states;
        (!states.is_empty()).then(|| states.iter().map(|state| state.as_str().to_owned()).collect())
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

pub(super) async fn invoices(
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
        page.limit()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(page.cut(rows.into_iter().map(InvoiceRecord::try_from).collect::<Result<_, _>>()?))
}

/// A page of the invoices of each member within reach.
pub(super) async fn invoices_of_members(
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

pub(super) async fn totals(tx: &mut Tx, query: &Query<'_>) -> Result<InvoiceTotals, Internal> {
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
             and ($10::date is null or i.due_on <= $10)"#,
        tx.alliance_id() as _,
        query.reach.as_filter() as _,
        query.filter.text.as_deref(),
        query.filter.budget_id.map(|id| id.0),
        query.filter.member_id.map(|id| id.0),
        query.filter.payer_id.map(|id| id.0),
        query.states() as _,
        query.today,
        query.filter.due_from,
        query.filter.due_to
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

/// An amount still owed.
pub(super) struct Owed {
    pub(super) payer_id: PayerId,
    pub(super) payer_name: String,
    pub(super) due_on: NaiveDate,
    pub(super) outstanding: Pence,
    pub(super) is_disputed: bool,
}

/// Every amount still owed, by payer name.
pub(super) async fn owed(tx: &mut Tx, reach: &Reach) -> Result<Vec<Owed>, Internal> {
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

/// The members invoiced from a budget, with the latest number. Credited invoices count: what replaces them is a
/// person's decision.
pub(crate) async fn invoiced_members(tx: &mut Tx, id: BudgetId) -> Result<Vec<(MemberId, String)>, Internal> {
    let rows = sqlx::query!(
        r#"select i.member_id as "member_id: MemberId", max(i.number) as "number!"
           from invoices i join invoice_balances b on b.alliance_id = $1 and b.invoice_id = i.id
           where i.alliance_id = $1 and i.budget_id = $2 and b.credited_pence < i.gross_pence
           group by i.member_id"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.member_id, row.number)).collect())
}

/// Each member's share of the newest agreed budget that began before `starts_on`.
pub(super) async fn shares_before(
    tx: &mut Tx,
    starts_on: NaiveDate,
) -> Result<Vec<(MemberId, Pence)>, Internal> {
    let rows = sqlx::query!(
        r#"select s.member_id as "member_id: MemberId", s.pence as "pence: Pence"
           from shares s
           where s.alliance_id = $1
             and s.budget_id = (select id from budgets
                                where alliance_id = $1 and starts_on < $2 and state = 'agreed'
                                order by starts_on desc limit 1)"#,
        tx.alliance_id() as _,
        starts_on
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.member_id, row.pence)).collect())
}

pub(super) struct NewRun {
    pub(super) id: InvoiceRunId,
    pub(super) budget_id: BudgetId,
    pub(super) issued_on: NaiveDate,
    pub(super) due_on: NaiveDate,
    pub(super) issued_by: Option<PersonId>,
    pub(super) created_at: Timestamp,
}

pub(super) async fn insert_run(tx: &mut Tx, new: &NewRun) -> Result<(), Internal> {
    sqlx::query!(
        "insert into invoice_runs (alliance_id, id, budget_id, issued_on, due_on, issued_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tx.alliance_id() as _,
        new.id as _,
        new.budget_id as _,
        new.issued_on,
        new.due_on,
        new.issued_by as _,
        new.created_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A series of numbers without gaps.
#[derive(Clone, Copy)]
pub(super) enum Series {
    Invoice,
    CreditNote,
}

/// Draws `count` numbers and returns the first. Others who draw from the series wait until this transaction ends.
pub(super) async fn draw_numbers(tx: &mut Tx, series: Series, count: i64) -> Result<i64, Internal> {
    let series = match series {
        Series::Invoice => "invoice",
        Series::CreditNote => "credit_note",
    };
    Ok(sqlx::query_scalar!(
        r#"insert into number_series (alliance_id, series, next) values ($1, $2, 1 + $3::bigint)
           on conflict on constraint number_series_pkey do update set next = number_series.next + $3::bigint
           returning next - $3::bigint as "first!""#,
        tx.alliance_id() as _,
        series,
        count
    )
    .fetch_one(tx.conn())
    .await?)
}

#[derive(Default)]
struct InvoiceColumns {
    ids: Vec<uuid::Uuid>,
    members: Vec<uuid::Uuid>,
    payers: Vec<uuid::Uuid>,
    sequences: Vec<i64>,
    numbers: Vec<String>,
    bill_to_names: Vec<String>,
    bill_to_addresses: Vec<String>,
    member_names: Vec<String>,
    member_urns: Vec<Option<i32>>,
    purchase_orders: Vec<Option<String>>,
    requested_by: Vec<Option<String>>,
    explanations: Vec<String>,
    prepayment_notes: Vec<Option<String>>,
    net: Vec<i64>,
    vat: Vec<i64>,
    gross: Vec<i64>,
    descriptions: Vec<String>,
    vat_codes: Vec<String>,
    vat_rates: Vec<i32>,
    vat_reasons: Vec<String>,
}

/// Inserts a run's invoices, each with its one line: two statements, however many there are.
pub(super) async fn insert_invoices(
    tx: &mut Tx,
    new: &[(i64, Invoice, &PlannedInvoice)],
    now: Timestamp,
) -> Result<(), Internal> {
    let Some((_, first, _)) = new.first() else { return Ok(()) };
    let mut columns = InvoiceColumns::default();
    for (sequence, invoice, planned) in new {
        columns.ids.push(invoice.id.0);
        columns.members.push(invoice.member_id.0);
        columns.payers.push(invoice.payer_id.0);
        columns.sequences.push(*sequence);
        columns.numbers.push(invoice.number.clone());
        columns.bill_to_names.push(invoice.bill_to_name.clone());
        columns.bill_to_addresses.push(invoice.bill_to_address.clone());
        columns.member_names.push(invoice.member_name.clone());
        columns.member_urns.push(invoice.member_urn);
        columns.purchase_orders.push(invoice.purchase_order.clone());
        columns.requested_by.push(invoice.requested_by.clone());
        columns.explanations.push(invoice.explanation.clone());
        columns.prepayment_notes.push(invoice.prepayment_note.clone());
        columns.net.push(invoice.net.0);
        columns.vat.push(invoice.vat.0);
        columns.gross.push(invoice.gross.0);
        let day = |date: NaiveDate| date.format("%-d %B %Y").to_string();
        columns.descriptions.push(format!(
            "Membership contribution of {} for {} to {}",
            invoice.member_name,
            day(invoice.period_start),
            day(invoice.period_end)
        ));
        columns.vat_codes.push(planned.vat.treatment.code().to_owned());
        columns.vat_rates.push(planned.vat.treatment.rate().0);
        columns.vat_reasons.push(planned.vat.reason.clone());
    }
    sqlx::query!(
        "insert into invoices (alliance_id, id, run_id, budget_id, member_id, payer_id, sequence, number, issued_on,
            due_on, period_start, period_end, letterhead, bill_to_name, bill_to_address, member_name, member_urn,
            purchase_order, requested_by, explanation, prepayment_note, net_pence, vat_pence, gross_pence, created_at)
         select $1, id, $2, $3, member_id, payer_id, sequence, number, $4, $5, $6, $7, $8, bill_to_name,
                bill_to_address, member_name, member_urn, purchase_order, requested_by, explanation, prepayment_note, net,
                vat, gross, $9
         from unnest($10::uuid[], $11::uuid[], $12::uuid[], $13::bigint[], $14::text[], $15::text[], $16::text[],
                     $17::text[], $18::int[], $19::text[], $20::text[], $21::text[], $22::bigint[], $23::bigint[],
                     $24::bigint[], $25::text[])
              as new (id, member_id, payer_id, sequence, number, bill_to_name, bill_to_address, member_name, member_urn,
                      purchase_order, explanation, prepayment_note, net, vat, gross, requested_by)",
        tx.alliance_id() as _,
        first.run_id as _,
        first.budget_id as _,
        first.issued_on,
        first.due_on,
        first.period_start,
        first.period_end,
        serde_json::to_value(&first.letterhead)?,
        now,
        &columns.ids,
        &columns.members,
        &columns.payers,
        &columns.sequences,
        &columns.numbers,
        &columns.bill_to_names,
        &columns.bill_to_addresses,
        &columns.member_names,
        &columns.member_urns as _,
        &columns.purchase_orders as _,
        &columns.explanations,
        &columns.prepayment_notes as _,
        &columns.net,
        &columns.vat,
        &columns.gross,
        &columns.requested_by as _
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "insert into invoice_lines (alliance_id, invoice_id, position, description, quantity, unit_pence, net_pence,
            vat_code, vat_basis_points, vat_reason, vat_pence)
         select $1, id, 1, description, 1, net, net, vat_code, vat_rate, vat_reason, vat
         from unnest($2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::int[], $7::text[], $8::bigint[])
              as new (id, description, net, vat_code, vat_rate, vat_reason, vat)",
        tx.alliance_id() as _,
        &columns.ids,
        &columns.descriptions,
        &columns.net,
        &columns.vat_codes,
        &columns.vat_rates,
        &columns.vat_reasons,
        &columns.vat
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) struct NewCreditNote {
    pub(super) note: CreditNote,
    pub(super) sequence: i64,
    pub(super) issued_by: Option<PersonId>,
    pub(super) created_at: Timestamp,
}

pub(super) async fn insert_credit_note(tx: &mut Tx, new: &NewCreditNote) -> Result<(), Internal> {
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

pub(super) struct NewChasingDecision<'a> {
    pub(super) id: uuid::Uuid,
    pub(super) invoice_id: InvoiceId,
    pub(super) chasing: &'a Chasing,
    pub(super) decided_by: Option<PersonId>,
    pub(super) decided_at: Timestamp,
}

pub(super) async fn insert_chasing_decision(
    tx: &mut Tx,
    new: &NewChasingDecision<'_>,
) -> Result<(), sqlx::Error> {
    let (state, reason) = match new.chasing {
        Chasing::Usual => ("chased", ""),
        Chasing::Held { reason } => ("held", reason.as_str()),
        Chasing::Disputed { reason } => ("disputed", reason.as_str()),
    };
    sqlx::query!(
        "insert into chasing_decisions (alliance_id, id, invoice_id, state, reason, decided_by, decided_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tx.alliance_id() as _,
        new.id,
        new.invoice_id as _,
        state,
        reason,
        new.decided_by as _,
        new.decided_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What is known of a rendered file.
pub(super) struct DocumentRow {
    pub(super) subject_id: uuid::Uuid,
    pub(super) store_key: String,
    pub(super) bytes: i32,
}

/// The files of these invoices or credit notes, as `kind` says. A credit note is within reach as its invoice is.
pub(super) async fn documents(
    tx: &mut Tx,
    reach: &Reach,
    (kind, ids): (&str, &[uuid::Uuid]),
) -> Result<Vec<DocumentRow>, Internal> {
    Ok(sqlx::query_as!(
        DocumentRow,
        r#"select d.subject_id, d.store_key, d.bytes
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

pub(super) struct NewDocument<'a> {
    pub(super) id: uuid::Uuid,
    pub(super) kind: &'a str,
    pub(super) subject_id: uuid::Uuid,
    pub(super) store_key: &'a str,
    pub(super) sha256: &'a [u8],
    pub(super) bytes: i32,
    pub(super) rendered_at: Timestamp,
}

/// Records a rendered file; rendering it again, which gives the same bytes, records nothing.
pub(super) async fn insert_document(tx: &mut Tx, new: &NewDocument<'_>) -> Result<(), Internal> {
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

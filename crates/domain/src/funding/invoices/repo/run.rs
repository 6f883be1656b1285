//! Invoice runs: what was billed before, and what a run issues.

use chrono::NaiveDate;

use crate::{
    app::Timestamp,
    db::Tx,
    error::Internal,
    funding::invoices::{AwaitedOrders, Invoice, PlannedInvoice},
    ids::{BudgetId, InvoiceRunId, MemberId, PersonId},
    money::Pence,
};

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
pub(crate) async fn shares_before(
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

pub(in crate::funding::invoices) struct NewRun {
    pub(in crate::funding::invoices) id: InvoiceRunId,
    pub(in crate::funding::invoices) budget_id: BudgetId,
    pub(in crate::funding::invoices) issued_on: NaiveDate,
    pub(in crate::funding::invoices) due_on: NaiveDate,
    pub(in crate::funding::invoices) issued_by: Option<PersonId>,
    pub(in crate::funding::invoices) created_at: Timestamp,
}

pub(in crate::funding::invoices) async fn insert_run(tx: &mut Tx, new: &NewRun) -> Result<(), Internal> {
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
pub(in crate::funding::invoices) async fn insert_invoices(
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

/// The shares of agreed budgets that are not invoiced and whose payer pays by order and has given none. A share of a
/// member that leaves before the year's end, and was fixed before that was known, waits for something else.
pub(in crate::funding::invoices) async fn awaited_orders(
    tx: &mut Tx,
) -> Result<Vec<AwaitedOrders>, Internal> {
    Ok(sqlx::query_as!(
        AwaitedOrders,
        r#"select b.id as "budget_id: BudgetId", count(*) as "count!", sum(s.pence)::bigint as "total!: Pence"
           from budgets b
           join shares s on s.alliance_id = $1 and s.budget_id = b.id
           join members m on m.alliance_id = $1 and m.id = s.member_id
           join payers p on p.alliance_id = $1 and p.id = m.payer_id
           where b.alliance_id = $1 and b.agreed_at is not null and s.pence > 0 and p.purchase_order = 'required'
             and not exists (select from purchase_orders o
                             where o.alliance_id = $1 and o.payer_id = p.id and o.budget_id = b.id)
             and not coalesce(m.left_on is distinct from s.left_on and m.left_on < b.ends_on, false)
             and not exists (select from invoices i
                             join invoice_balances v on v.alliance_id = $1 and v.invoice_id = i.id
                             where i.alliance_id = $1 and i.budget_id = b.id and i.member_id = s.member_id
                               and v.credited_pence < i.gross_pence)
           group by b.id, b.starts_on order by b.starts_on, b.id"#,
        tx.alliance_id() as _
    )
    .fetch_all(tx.conn())
    .await?)
}

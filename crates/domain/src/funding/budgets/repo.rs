//! SQL of budgets and shares.

use super::{AgreedAmount, AgreedShare, Budget, BudgetCursor, BudgetLine, InKindOffer, PurchaseOrder};
use crate::{
    app::Timestamp,
    db::Tx,
    error::Internal,
    funding::{
        formula::{Contribution, RollFact, RollSource, What},
        vat::ContributionKind,
    },
    ids::{BudgetId, BudgetLineId, InKindOfferId, MemberId, PayerId, PersonId, ShareId},
    money::Pence,
    page::{Page, PageRequest},
};

/// The budgets, the newest year first.
pub(super) async fn budgets(tx: &mut Tx, page: &PageRequest<BudgetCursor>) -> Result<Page<Budget>, Internal> {
    Ok(page.cut(select_budgets(tx, None, Some(page)).await?))
}

pub(super) async fn count_budgets(tx: &mut Tx) -> Result<i64, Internal> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from budgets where alliance_id = $1"#,
        tx.alliance_id() as _
    );
    Ok(count.fetch_one(tx.conn()).await?)
}

pub(super) async fn budgets_by_ids(tx: &mut Tx, ids: &[BudgetId]) -> Result<Vec<Budget>, Internal> {
    select_budgets(tx, Some(ids), None).await
}

pub(crate) async fn budget(tx: &mut Tx, id: BudgetId) -> Result<Option<Budget>, Internal> {
    Ok(budgets_by_ids(tx, &[id]).await?.into_iter().next())
}

async fn select_budgets(
    tx: &mut Tx,
    ids: Option<&[BudgetId]>,
    page: Option<&PageRequest<BudgetCursor>>,
) -> Result<Vec<Budget>, Internal> {
    let ids: Option<Vec<_>> = ids.map(|ids| ids.iter().map(|id| id.0).collect());
    let after = page.and_then(|page| page.after.as_ref());
    let rows = sqlx::query!(
        r#"select b.id as "id: BudgetId", b.label, b.starts_on, b.ends_on, b.formula, b.agreed_at, b.contributions_are,
                  coalesce((select sum(l.pence) from budget_lines l where l.alliance_id = $1 and l.budget_id = b.id), 0)::bigint
                      as "total!: Pence"
           from budgets b
           where b.alliance_id = $1 and ($2::uuid[] is null or b.id = any($2))
             and ($3::date is null or b.starts_on < $3 or (b.starts_on = $3 and b.id > $4))
           order by b.starts_on desc, b.id limit $5"#,
        tx.alliance_id() as _,
        ids.as_deref(),
        after.map(|cursor| cursor.starts_on),
        after.map(|cursor| cursor.id.0),
        page.map(PageRequest::limit)
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Budget {
                id: row.id,
                label: row.label,
                starts_on: row.starts_on,
                ends_on: row.ends_on,
                formula: serde_json::from_value(row.formula)?,
                contributions_are: ContributionKind::parse(&row.contributions_are)
                    .ok_or_else(|| Internal::new("no such kind of contribution"))?,
                agreed_at: row.agreed_at,
                total: row.total,
            })
        })
        .collect()
}

/// Locks the budget against every other change until the transaction ends.
pub(crate) async fn lock_budget(tx: &mut Tx, id: BudgetId) -> Result<Option<Budget>, Internal> {
    let locked = sqlx::query_scalar!(
        "select id from budgets where alliance_id = $1 and id = $2 for update",
        tx.alliance_id() as _,
        id as _
    )
    .fetch_optional(tx.conn())
    .await?;
    if locked.is_none() {
        return Ok(None);
    }
    budget(tx, id).await
}

pub(crate) async fn lines(tx: &mut Tx, id: BudgetId) -> Result<Vec<BudgetLine>, Internal> {
    Ok(sqlx::query_as!(
        BudgetLine,
        r#"select id as "id: BudgetLineId", description, pence as "pence: Pence" from budget_lines
           where alliance_id = $1 and budget_id = $2 order by position, id"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(crate) async fn in_kind_offers(tx: &mut Tx, id: BudgetId) -> Result<Vec<InKindOffer>, Internal> {
    Ok(sqlx::query_as!(
        InKindOffer,
        r#"select id as "id: InKindOfferId", member_id as "member_id: MemberId", description, pence as "pence: Pence"
           from in_kind_offers where alliance_id = $1 and budget_id = $2 order by member_id, id"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn agreed_amounts(tx: &mut Tx, id: BudgetId) -> Result<Vec<AgreedAmount>, Internal> {
    Ok(sqlx::query_as!(
        AgreedAmount,
        r#"select member_id as "member_id: MemberId", pence as "pence: Pence", reason
           from agreed_amounts where alliance_id = $1 and budget_id = $2 order by member_id"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn insert_budget(tx: &mut Tx, new: &Budget, now: Timestamp) -> Result<(), sqlx::Error> {
    let formula = serde_json::to_value(&new.formula).map_err(sqlx::Error::decode)?;
    sqlx::query!(
        "insert into budgets (alliance_id, id, label, starts_on, ends_on, formula, contributions_are, state, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'draft', $8)",
        tx.alliance_id() as _,
        new.id as _,
        new.label,
        new.starts_on,
        new.ends_on,
        formula,
        new.contributions_are.as_str(),
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn update_budget(tx: &mut Tx, new: &Budget) -> Result<(), sqlx::Error> {
    let formula = serde_json::to_value(&new.formula).map_err(sqlx::Error::decode)?;
    sqlx::query!(
        "update budgets set label = $3, starts_on = $4, ends_on = $5, formula = $6, contributions_are = $7
         where alliance_id = $1 and id = $2",
        tx.alliance_id() as _,
        new.id as _,
        new.label,
        new.starts_on,
        new.ends_on,
        formula,
        new.contributions_are.as_str()
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn replace_lines(tx: &mut Tx, id: BudgetId, lines: &[BudgetLine]) -> Result<(), Internal> {
    sqlx::query!(
        "delete from budget_lines where alliance_id = $1 and budget_id = $2",
        tx.alliance_id() as _,
        id as _
    )
    .execute(tx.conn())
    .await?;
    let ids: Vec<_> = lines.iter().map(|line| line.id.0).collect();
    let texts: Vec<_> = lines.iter().map(|line| line.description.clone()).collect();
    let pence: Vec<_> = lines.iter().map(|line| line.pence.0).collect();
    sqlx::query!(
        "insert into budget_lines (alliance_id, id, budget_id, position, description, pence)
         select $1, id, $2, position::smallint, description, pence
         from unnest($3::uuid[], $4::text[], $5::bigint[]) with ordinality as new (id, description, pence, position)",
        tx.alliance_id() as _,
        id as _,
        &ids,
        &texts,
        &pence
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn replace_in_kind_offers(
    tx: &mut Tx,
    id: BudgetId,
    offers: &[InKindOffer],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from in_kind_offers where alliance_id = $1 and budget_id = $2",
        tx.alliance_id() as _,
        id as _
    )
    .execute(tx.conn())
    .await?;
    let ids: Vec<_> = offers.iter().map(|offer| offer.id.0).collect();
    let members: Vec<_> = offers.iter().map(|offer| offer.member_id.0).collect();
    let texts: Vec<_> = offers.iter().map(|offer| offer.description.clone()).collect();
    let pence: Vec<_> = offers.iter().map(|offer| offer.pence.0).collect();
    sqlx::query!(
        "insert into in_kind_offers (alliance_id, id, budget_id, member_id, description, pence)
         select $1, id, $2, member_id, description, pence
         from unnest($3::uuid[], $4::uuid[], $5::text[], $6::bigint[]) as new (id, member_id, description, pence)",
        tx.alliance_id() as _,
        id as _,
        &ids,
        &members,
        &texts,
        &pence
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn replace_agreed_amounts(
    tx: &mut Tx,
    id: BudgetId,
    amounts: &[AgreedAmount],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from agreed_amounts where alliance_id = $1 and budget_id = $2",
        tx.alliance_id() as _,
        id as _
    )
    .execute(tx.conn())
    .await?;
    let members: Vec<_> = amounts.iter().map(|amount| amount.member_id.0).collect();
    let pence: Vec<_> = amounts.iter().map(|amount| amount.pence.0).collect();
    let reasons: Vec<_> = amounts.iter().map(|amount| amount.reason.clone()).collect();
    sqlx::query!(
        "insert into agreed_amounts (alliance_id, budget_id, member_id, pence, reason)
         select $1, $2, new.* from unnest($3::uuid[], $4::bigint[], $5::text[]) as new",
        tx.alliance_id() as _,
        id as _,
        &members,
        &pence,
        &reasons
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Sets the state; shares come with it or go.
pub(super) async fn set_agreed(
    tx: &mut Tx,
    id: BudgetId,
    agreed: Option<(Timestamp, Option<PersonId>)>,
) -> Result<(), Internal> {
    sqlx::query!(
        "update budgets set state = case when $3::timestamptz is null then 'draft' else 'agreed' end,
            agreed_at = $3, agreed_by = $4
         where alliance_id = $1 and id = $2",
        tx.alliance_id() as _,
        id as _,
        agreed.map(|(at, _)| at),
        agreed.and_then(|(_, by)| by).map(|by| by.0)
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn delete_shares(tx: &mut Tx, id: BudgetId) -> Result<(), Internal> {
    sqlx::query!(
        "delete from shares where alliance_id = $1 and budget_id = $2",
        tx.alliance_id() as _,
        id as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn delete_share(tx: &mut Tx, id: ShareId) -> Result<(), Internal> {
    sqlx::query!("delete from shares where alliance_id = $1 and id = $2", tx.alliance_id() as _, id as _)
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn insert_shares(tx: &mut Tx, shares: &[AgreedShare]) -> Result<(), Internal> {
    let Some(first) = shares.first() else { return Ok(()) };
    let mut columns = ShareColumns::default();
    for share in shares {
        let roll = frozen_roll(&share.contribution);
        columns.left_on.push(share.left_on);
        columns.ids.push(share.id.0);
        columns.members.push(share.member_id.0);
        columns.pence.push(share.contribution.amount.0);
        columns.pupils.push(roll.map(|roll| i32::try_from(roll.pupils).unwrap_or(i32::MAX)));
        columns.census_dates.push(roll.map(|roll| roll.census_date));
        columns.census_sources.push(roll.map(source_name));
        columns.steps.push(serde_json::to_value(&share.contribution.steps)?);
        columns.explanations.push(share.explanation.clone());
    }
    sqlx::query!(
        "insert into shares (alliance_id, id, budget_id, member_id, pence, pupils, census_date, census_source, steps,
            explanation, left_on)
         select $1, id, $2, member_id, pence, pupils, census_date, census_source, steps, explanation, left_on
         from unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::int[], $7::date[], $8::text[], $9::jsonb[], $10::text[],
                     $11::date[])
              as new (id, member_id, pence, pupils, census_date, census_source, steps, explanation, left_on)",
        tx.alliance_id() as _,
        first.budget_id as _,
        &columns.ids,
        &columns.members,
        &columns.pence,
        &columns.pupils as _,
        &columns.census_dates as _,
        &columns.census_sources as _,
        &columns.steps,
        &columns.explanations,
        &columns.left_on as _
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[derive(Default)]
struct ShareColumns {
    ids: Vec<uuid::Uuid>,
    members: Vec<uuid::Uuid>,
    pence: Vec<i64>,
    pupils: Vec<Option<i32>>,
    census_dates: Vec<Option<chrono::NaiveDate>>,
    census_sources: Vec<Option<String>>,
    steps: Vec<serde_json::Value>,
    explanations: Vec<String>,
    left_on: Vec<Option<chrono::NaiveDate>>,
}

/// The roll that a share used, for columns that a person can read in a report.
fn frozen_roll(contribution: &Contribution) -> Option<&RollFact> {
    contribution.steps.iter().find_map(|step| match &step.what {
        What::Pupils { roll, .. } | What::RollBand { roll, .. } => Some(roll),
        What::PartOfBudget(part) => part.roll(),
        _ => None,
    })
}

/// What a person said stands in quotes, so that it is never read as the register's word.
fn source_name(roll: &RollFact) -> String {
    match &roll.source {
        RollSource::Said(said) => format!("“{said}”"),
        source => source.to_string(),
    }
}

pub(crate) async fn shares(tx: &mut Tx, id: BudgetId) -> Result<Vec<AgreedShare>, Internal> {
    let rows = sqlx::query!(
        r#"select s.id as "id: ShareId", s.budget_id as "budget_id: BudgetId", s.member_id as "member_id: MemberId",
                  s.pence as "pence: Pence", s.steps, s.explanation, s.left_on
           from shares s join members m on m.alliance_id = $1 and m.id = s.member_id
           where s.alliance_id = $1 and s.budget_id = $2
           order by m.name, m.id"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AgreedShare {
                id: row.id,
                budget_id: row.budget_id,
                member_id: row.member_id,
                contribution: Contribution { amount: row.pence, steps: serde_json::from_value(row.steps)? },
                explanation: row.explanation,
                left_on: row.left_on,
            })
        })
        .collect()
}

/// A share, and what became of it.
pub(super) struct BilledShare {
    pub(super) budget_id: BudgetId,
    pub(super) member_id: MemberId,
    pub(super) pence: Pence,
    /// Whether an invoice that is not credited whole asks for it.
    pub(super) is_invoiced: bool,
    /// Whether its payer requires an order number and has given none.
    pub(super) waits_for_order: bool,
    /// Whether anything was issued from the budget.
    pub(super) is_begun: bool,
}

pub(super) async fn billed_shares(tx: &mut Tx, ids: &[BudgetId]) -> Result<Vec<BilledShare>, Internal> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_as!(
        BilledShare,
        r#"with invoiced as (
               select i.budget_id, i.member_id, bool_or(b.credited_pence < i.gross_pence) as stands
               from invoices i join invoice_balances b on b.alliance_id = $1 and b.invoice_id = i.id
               where i.alliance_id = $1 and i.budget_id = any($2)
               group by i.budget_id, i.member_id)
           select s.budget_id as "budget_id: BudgetId", s.member_id as "member_id: MemberId",
                  s.pence as "pence: Pence", coalesce(own.stands, false) as "is_invoiced!",
                  (p.purchase_order = 'required' and o.number is null) as "waits_for_order!",
                  exists(select from invoiced any_one where any_one.budget_id = s.budget_id) as "is_begun!"
           from shares s
           join members m on m.alliance_id = $1 and m.id = s.member_id
           join payers p on p.alliance_id = $1 and p.id = m.payer_id
           left join purchase_orders o
               on o.alliance_id = $1 and o.payer_id = m.payer_id and o.budget_id = s.budget_id
           left join invoiced own on own.budget_id = s.budget_id and own.member_id = s.member_id
           where s.alliance_id = $1 and s.budget_id = any($2)"#,
        tx.alliance_id() as _,
        &ids
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn upsert_purchase_order(
    tx: &mut Tx,
    payer_id: PayerId,
    budget_id: BudgetId,
    (order, now): (&PurchaseOrder, Timestamp),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into purchase_orders (alliance_id, payer_id, budget_id, number, requested_by, given_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint purchase_orders_pkey do update
         set number = excluded.number, requested_by = excluded.requested_by, given_at = excluded.given_at",
        tx.alliance_id() as _,
        payer_id as _,
        budget_id as _,
        order.number,
        order.requested_by.as_deref(),
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn purchase_orders(
    tx: &mut Tx,
    id: BudgetId,
) -> Result<Vec<(PayerId, PurchaseOrder)>, Internal> {
    let rows = sqlx::query!(
        r#"select payer_id as "payer_id: PayerId", number, requested_by from purchase_orders
           where alliance_id = $1 and budget_id = $2"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_all(tx.conn())
    .await?;
    let order = |number, requested_by| PurchaseOrder { number, requested_by };
    Ok(rows.into_iter().map(|row| (row.payer_id, order(row.number, row.requested_by))).collect())
}

/// Whether anything was issued from the budget.
pub(super) async fn has_invoices(tx: &mut Tx, id: BudgetId) -> Result<bool, Internal> {
    Ok(sqlx::query_scalar!(
        r#"select exists(select from invoices where alliance_id = $1 and budget_id = $2) as "exists!""#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_one(tx.conn())
    .await?)
}

//! How VAT treats single lines.

use crate::{
    app::Timestamp,
    db::Tx,
    error::Internal,
    funding::vat::{STANDARD_RATE, VatDecision, VatTreatment},
    ids::{BudgetId, MemberId, PersonId},
    money::BasisPoints,
};

/// What holds for members of whom it was decided, without those whom the rules treat again.
pub(in crate::funding::invoices) async fn vat_overrides(
    tx: &mut Tx,
    id: BudgetId,
) -> Result<Vec<(MemberId, VatDecision)>, Internal> {
    let rows = sqlx::query!(
        r#"select distinct on (member_id) member_id as "member_id: MemberId", vat_code, reason
           from vat_overrides
           where alliance_id = $1 and budget_id = $2
           order by member_id, nth desc"#,
        tx.alliance_id() as _,
        id as _
    )
    .fetch_all(tx.conn())
    .await?;
    let decided = rows.into_iter().filter_map(|row| Some((row.member_id, row.vat_code?, row.reason)));
    decided
        .map(|(member_id, code, reason)| {
            let rate = if code == "standard" { STANDARD_RATE } else { BasisPoints::ZERO };
            let treatment = VatTreatment::from_code(&code, rate);
            let treatment = treatment.ok_or_else(|| Internal::new("no such treatment for VAT"))?;
            Ok((member_id, VatDecision { treatment, reason }))
        })
        .collect()
}

/// Adds the line's next decision, which is the one that holds. The budget is locked by the caller.
pub(in crate::funding::invoices) async fn insert_vat_override(
    tx: &mut Tx,
    (budget_id, member_id): (BudgetId, MemberId),
    (treatment, reason): (Option<VatTreatment>, &str),
    (by, now): (Option<PersonId>, Timestamp),
) -> Result<(), Internal> {
    sqlx::query!(
        "insert into vat_overrides (alliance_id, budget_id, member_id, nth, vat_code, reason, decided_by, decided_at)
         select $1, $2, $3, 1 + count(*), $4, $5, $6, $7
         from vat_overrides where alliance_id = $1 and budget_id = $2 and member_id = $3",
        tx.alliance_id() as _,
        budget_id as _,
        member_id as _,
        treatment.map(VatTreatment::code),
        reason,
        by as _,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

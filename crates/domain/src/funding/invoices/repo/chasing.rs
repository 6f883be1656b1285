//! Decisions about asking for the money of an invoice.

use crate::{
    app::Timestamp,
    db::Tx,
    funding::invoices::Chasing,
    ids::{InvoiceId, PersonId},
};

pub(in crate::funding::invoices) struct NewChasingDecision<'a> {
    pub(in crate::funding::invoices) id: uuid::Uuid,
    pub(in crate::funding::invoices) invoice_id: InvoiceId,
    pub(in crate::funding::invoices) chasing: &'a Chasing,
    pub(in crate::funding::invoices) decided_by: Option<PersonId>,
    pub(in crate::funding::invoices) decided_at: Timestamp,
}

/// Adds the invoice's next decision, which is the one that holds. The invoice is locked by the caller.
pub(in crate::funding::invoices) async fn insert_chasing_decision(
    tx: &mut Tx,
    new: &NewChasingDecision<'_>,
) -> Result<(), sqlx::Error> {
    let (state, reason) = match new.chasing {
        Chasing::Usual => ("chased", ""),
        Chasing::Held { reason } => ("held", reason.as_str()),
        Chasing::Disputed { reason } => ("disputed", reason.as_str()),
    };
    sqlx::query!(
        "insert into chasing_decisions (alliance_id, id, invoice_id, nth, state, reason, decided_by, decided_at)
         select $1, $2, $3, 1 + count(*), $4, $5, $6, $7
         from chasing_decisions where alliance_id = $1 and invoice_id = $3",
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

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::budgets::{RecordPurchaseOrder, record_purchase_order},
    ids::{BudgetId, PayerId},
};

use crate::schema::{
    context::{Inside, Session},
    errors::{answer, forbidden, payload, unknown_alliance},
    ids::{Kind, local},
    schools::PayerObject,
};

/// A payer's purchase order number for a year.
#[derive(InputObject)]
struct RecordPurchaseOrderInput {
    /// The alliance's short address.
    alliance: String,
    /// Whose.
    payer_id: ID,
    /// For which year.
    budget_id: ID,
    /// 1 to 40 characters, kept as given.
    number: String,
    /// Who placed the order, as invoices print it: at most 120 characters.
    requested_by: Option<String>,
}

payload! {
    /// The payer whose number was recorded.
    RecordPurchaseOrderPayload {
        /// The payer.
        payer: PayerObject
    }
}

#[derive(Default)]
pub(crate) struct RecordPurchaseOrderMutation;

#[Object]
impl RecordPurchaseOrderMutation {
    /// Record a payer's purchase order number, for invoices still to be issued.
    async fn record_purchase_order(
        &self,
        ctx: &Context<'_>,
        input: RecordPurchaseOrderInput,
    ) -> Result<RecordPurchaseOrderPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let payer_id = PayerId(local(Kind::Payer, change.id(), &input.payer_id));
        let budget_id = BudgetId(local(Kind::Budget, change.id(), &input.budget_id));
        let order = RecordPurchaseOrder {
            payer_id,
            budget_id,
            number: input.number,
            requested_by: input.requested_by,
        };
        let done = answer(record_purchase_order(session.app(), change.viewer(), order).await)?;
        let payer =
            async |inside: std::sync::Arc<Inside>, ()| inside.payer(payer_id).await?.ok_or_else(forbidden);
        Ok(change.answer(done, payer).await?.into())
    }
}

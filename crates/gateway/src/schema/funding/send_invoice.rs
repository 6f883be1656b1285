use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{funding::invoices::send_invoice, idempotency::IdempotencyKey, ids::InvoiceId};

use super::InvoiceObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// An invoice that somebody has not been sent.
#[derive(InputObject)]
struct SendInvoiceInput {
    /// The alliance's short address.
    alliance: String,
    /// Which invoice.
    invoice_id: ID,
    /// Your key: the same key sends once.
    idempotency_key: String,
}

payload! {
    /// The invoice that is on its way.
    SendInvoicePayload {
        /// The invoice.
        invoice: InvoiceObject
    }
}

#[derive(Default)]
pub(crate) struct SendInvoiceMutation;

#[Object]
impl SendInvoiceMutation {
    /// Mail an invoice to the addresses that its payer has today, except those that have it.
    async fn send_invoice(&self, ctx: &Context<'_>, input: SendInvoiceInput) -> Result<SendInvoicePayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let id = InvoiceId(local(Kind::Invoice, change.id(), &input.invoice_id));
        let key = IdempotencyKey(input.idempotency_key);
        let done = answer(send_invoice(session.app(), change.viewer(), id, Some(&key)).await)?;
        Ok(change.answer(done, async |inside, record| Ok(InvoiceObject { inside, record })).await?.into())
    }
}

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::invoices::{CreditInvoice, credit_invoice},
    idempotency::IdempotencyKey,
    ids::InvoiceId,
};

use super::InvoiceObject;
use crate::schema::{
    context::{Inside, Session},
    errors::{answer, forbidden, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::Pence,
};

/// A credit.
#[derive(InputObject)]
struct CreditInvoiceInput {
    /// The alliance's short address.
    alliance: String,
    /// Which invoice.
    invoice_id: ID,
    /// How much, VAT included; all that is not credited yet when not given.
    gross: Option<Pence>,
    /// Why, as printed.
    reason: String,
    /// Your key: the same key credits once.
    idempotency_key: String,
}

payload! {
    /// The invoice with its credit.
    CreditInvoicePayload {
        /// The invoice.
        invoice: InvoiceObject
    }
}

#[derive(Default)]
pub(crate) struct CreditInvoiceMutation;

#[Object]
impl CreditInvoiceMutation {
    /// Take back an issued invoice, whole or in part, by a credit note.
    async fn credit_invoice(
        &self,
        ctx: &Context<'_>,
        input: CreditInvoiceInput,
    ) -> Result<CreditInvoicePayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let invoice_id = InvoiceId(local(Kind::Invoice, change.id(), &input.invoice_id));
        let credit =
            CreditInvoice { invoice_id, gross: input.gross.map(|pence| pence.0), reason: input.reason };
        let key = IdempotencyKey(input.idempotency_key);
        let done = answer(credit_invoice(session.app(), change.viewer(), credit, Some(&key)).await)?;
        let invoice = async |inside: Arc<Inside>, _| inside.invoice(invoice_id).await?.ok_or_else(forbidden);
        Ok(change.answer(done, invoice).await?.into())
    }
}

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::payments::{AllocatePayment, Part, allocate_payment},
    idempotency::IdempotencyKey,
    ids::{InvoiceId, PaymentId},
};

use super::PaymentObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::Pence,
};

/// How a payment is split among invoices.
#[derive(InputObject)]
struct AllocatePaymentInput {
    /// The alliance's short address.
    alliance: String,
    /// Which payment.
    payment_id: ID,
    /// One part for each invoice, 100 at the most; all of them are set or none.
    #[graphql(validator(max_items = 100))]
    parts: Vec<AllocationInput>,
    /// Your key: the same key sets once.
    idempotency_key: String,
}

/// A part of a payment for one invoice.
#[derive(InputObject)]
struct AllocationInput {
    /// Which invoice.
    invoice_id: ID,
    /// How much.
    amount: Pence,
}

payload! {
    /// The payment with what it is set against.
    AllocatePaymentPayload {
        /// The payment.
        payment: PaymentObject
    }
}

#[derive(Default)]
pub(crate) struct AllocatePaymentMutation;

#[Object]
impl AllocatePaymentMutation {
    /// Set a payment against one or many invoices.
    async fn allocate_payment(
        &self,
        ctx: &Context<'_>,
        input: AllocatePaymentInput,
    ) -> Result<AllocatePaymentPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let part = |part: &AllocationInput| Part {
            invoice_id: InvoiceId(local(Kind::Invoice, change.id(), &part.invoice_id)),
            amount: part.amount.0,
        };
        let payment_id = PaymentId(local(Kind::Payment, change.id(), &input.payment_id));
        let split = AllocatePayment { payment_id, parts: input.parts.iter().map(part).collect() };
        let key = IdempotencyKey(input.idempotency_key);
        let done = answer(allocate_payment(session.app(), change.viewer(), split, Some(&key)).await)?;
        Ok(change.answer(done, async |inside, payment| Ok(PaymentObject { inside, payment })).await?.into())
    }
}

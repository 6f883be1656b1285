use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::payments::{RefundPayment, refund_payment},
    idempotency::IdempotencyKey,
    ids::PaymentId,
};

use super::PaymentObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::{Date, Pence},
};

/// Money sent back to a payer.
#[derive(InputObject)]
struct RefundPaymentInput {
    /// The alliance's short address.
    alliance: String,
    /// Of which payment.
    payment_id: ID,
    /// How much, of what is free.
    amount: Pence,
    /// The day it left the bank.
    sent_on: Date,
    /// Why.
    reason: String,
    /// Your key: the same key records once.
    idempotency_key: String,
}

payload! {
    /// The payment, with less of it free.
    RefundPaymentPayload {
        /// The payment.
        payment: PaymentObject
    }
}

#[derive(Default)]
pub(crate) struct RefundPaymentMutation;

#[Object]
impl RefundPaymentMutation {
    /// Record that free money of a payment was sent back to the payer.
    async fn refund_payment(
        &self,
        ctx: &Context<'_>,
        input: RefundPaymentInput,
    ) -> Result<RefundPaymentPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let refund = RefundPayment {
            payment_id: PaymentId(local(Kind::Payment, change.id(), &input.payment_id)),
            amount: input.amount.0,
            sent_on: input.sent_on.0,
            reason: input.reason,
        };
        let key = IdempotencyKey(input.idempotency_key);
        let done = answer(refund_payment(session.app(), change.viewer(), refund, Some(&key)).await)?;
        Ok(change.answer(done, async |inside, payment| Ok(PaymentObject { inside, payment })).await?.into())
    }
}

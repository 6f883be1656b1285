use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::payments::{ReversePayment, reverse_payment},
    idempotency::IdempotencyKey,
    ids::PaymentId,
};

use super::PaymentObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A payment that never was: mistyped, or bounced.
#[derive(InputObject)]
struct ReversePaymentInput {
    /// The alliance's short address.
    alliance: String,
    /// Which payment.
    payment_id: ID,
    /// Why.
    reason: String,
    /// Your key: the same key takes back once.
    idempotency_key: String,
}

payload! {
    /// The payment, which counts for nothing now.
    ReversePaymentPayload {
        /// The payment.
        payment: PaymentObject
    }
}

#[derive(Default)]
pub(crate) struct ReversePaymentMutation;

#[Object]
impl ReversePaymentMutation {
    /// Take back a payment that never was, with all that it was set against: the invoices need their money again.
    async fn reverse_payment(
        &self,
        ctx: &Context<'_>,
        input: ReversePaymentInput,
    ) -> Result<ReversePaymentPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let payment_id = PaymentId(local(Kind::Payment, change.id(), &input.payment_id));
        let reversal = ReversePayment { payment_id, reason: input.reason };
        let key = IdempotencyKey(input.idempotency_key);
        let done = answer(reverse_payment(session.app(), change.viewer(), reversal, Some(&key)).await)?;
        Ok(change.answer(done, async |inside, payment| Ok(PaymentObject { inside, payment })).await?.into())
    }
}

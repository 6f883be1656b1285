use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::payments::{ChangePayerOfPayment, change_payer_of_payment},
    idempotency::IdempotencyKey,
    ids::{PayerId, PaymentId},
};

use super::PaymentObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// Another payer of a payment.
#[derive(InputObject)]
struct ChangePayerOfPaymentInput {
    /// The alliance's short address.
    alliance: String,
    /// Of which payment.
    payment_id: ID,
    /// Who paid; left out when that is not known after all.
    payer_id: Option<ID>,
    /// Why.
    reason: String,
    /// Your key: the same key changes once.
    idempotency_key: String,
}

payload! {
    /// The payment, of its new payer.
    ChangePayerOfPaymentPayload {
        /// The payment.
        payment: PaymentObject
    }
}

#[derive(Default)]
pub(crate) struct ChangePayerOfPaymentMutation;

#[Object]
impl ChangePayerOfPaymentMutation {
    /// Put a payment down to another payer, while nothing of it is set against invoices or sent back.
    async fn change_payer_of_payment(
        &self,
        ctx: &Context<'_>,
        input: ChangePayerOfPaymentInput,
    ) -> Result<ChangePayerOfPaymentPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let other = ChangePayerOfPayment {
            payment_id: PaymentId(local(Kind::Payment, change.id(), &input.payment_id)),
            payer_id: input.payer_id.map(|id| PayerId(local(Kind::Payer, change.id(), &id))),
            reason: input.reason,
        };
        let key = IdempotencyKey(input.idempotency_key);
        let done = answer(change_payer_of_payment(session.app(), change.viewer(), other, Some(&key)).await)?;
        Ok(change.answer(done, async |inside, payment| Ok(PaymentObject { inside, payment })).await?.into())
    }
}

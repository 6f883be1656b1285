use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::payments::{ReverseRefund, reverse_refund},
    idempotency::IdempotencyKey,
    ids::RefundId,
};

use super::PaymentObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A refund to be taken back.
#[derive(InputObject)]
struct ReverseRefundInput {
    /// The alliance's short address.
    alliance: String,
    /// Which refund.
    refund_id: ID,
    /// Why.
    reason: String,
    /// Your key: the same key takes back once.
    idempotency_key: String,
}

payload! {
    /// The payment, with the money free again.
    ReverseRefundPayload {
        /// The payment.
        payment: PaymentObject
    }
}

#[derive(Default)]
pub(crate) struct ReverseRefundMutation;

#[Object]
impl ReverseRefundMutation {
    /// Take back a refund that never was: it was mistyped, or the money came back. It stays in the list, and counts for
    /// nothing.
    async fn reverse_refund(
        &self,
        ctx: &Context<'_>,
        input: ReverseRefundInput,
    ) -> Result<ReverseRefundPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let reversal = ReverseRefund {
            refund_id: RefundId(local(Kind::Refund, change.id(), &input.refund_id)),
            reason: input.reason,
        };
        let key = IdempotencyKey(input.idempotency_key);
        let done = answer(reverse_refund(session.app(), change.viewer(), reversal, Some(&key)).await)?;
        Ok(change.answer(done, async |inside, payment| Ok(PaymentObject { inside, payment })).await?.into())
    }
}

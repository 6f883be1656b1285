use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::payments::{ReverseAllocation, reverse_allocation},
    idempotency::IdempotencyKey,
    ids::AllocationId,
};

use super::PaymentObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// An allocation to be taken back.
#[derive(InputObject)]
struct ReverseAllocationInput {
    /// The alliance's short address.
    alliance: String,
    /// Which allocation.
    allocation_id: ID,
    /// Why.
    reason: String,
    /// Your key: the same key takes back once.
    idempotency_key: String,
}

payload! {
    /// The payment, with the amount free again.
    ReverseAllocationPayload {
        /// The payment.
        payment: PaymentObject
    }
}

#[derive(Default)]
pub(crate) struct ReverseAllocationMutation;

#[Object]
impl ReverseAllocationMutation {
    /// Take back what was set against an invoice: the payment has it free again.
    async fn reverse_allocation(
        &self,
        ctx: &Context<'_>,
        input: ReverseAllocationInput,
    ) -> Result<ReverseAllocationPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let allocation_id = AllocationId(local(Kind::Allocation, change.id(), &input.allocation_id));
        let reversal = ReverseAllocation { allocation_id, reason: input.reason };
        let key = IdempotencyKey(input.idempotency_key);
        let done = answer(reverse_allocation(session.app(), change.viewer(), reversal, Some(&key)).await)?;
        Ok(change.answer(done, async |inside, payment| Ok(PaymentObject { inside, payment })).await?.into())
    }
}

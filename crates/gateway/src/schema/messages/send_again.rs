use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{idempotency::IdempotencyKey, ids::DeliveryId, messages::send_again};

use super::DeliveryObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A mail that was refused, or of which nobody knows whether it arrived.
#[derive(InputObject)]
struct SendAgainInput {
    /// The alliance's short address.
    alliance: String,
    /// Which mail.
    delivery_id: ID,
    /// Your key: the same key sends once.
    idempotency_key: String,
}

payload! {
    /// What was queued.
    SendAgainPayload {
        /// The new mails, one for each address.
        deliveries: Vec<DeliveryObject>
    }
}

#[derive(Default)]
pub(crate) struct SendAgainMutation;

#[Object]
impl SendAgainMutation {
    /// Mail once more what failed, to the addresses that its payer has today, except those that have it.
    async fn send_again(&self, ctx: &Context<'_>, input: SendAgainInput) -> Result<SendAgainPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let id = DeliveryId(local(Kind::Delivery, change.id(), &input.delivery_id));
        let key = IdempotencyKey(input.idempotency_key);
        let done = answer(send_again(session.app(), change.viewer(), id, Some(&key)).await)?;
        let objects = async |inside, mails: Vec<_>| Ok(DeliveryObject::all(&inside, mails));
        Ok(change.answer(done, objects).await?.into())
    }
}

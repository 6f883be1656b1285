use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    ids::PayerId,
    schools::members::{ChangePayer, change_payer},
};

use super::{PayerObject, add_member::PayerInput};
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// A payer as it shall be.
#[derive(InputObject)]
struct ChangePayerInput {
    /// The alliance's short address.
    alliance: String,
    /// Which payer.
    payer_id: ID,
    /// How it shall be.
    payer: PayerInput,
}

payload! {
    /// The payer as it is now.
    ChangePayerPayload {
        /// The payer.
        payer: PayerObject
    }
}

#[derive(Default)]
pub(crate) struct ChangePayerMutation;

#[Object]
impl ChangePayerMutation {
    /// Change who pays, where invoices go, and whether they need a purchase order.
    async fn change_payer(&self, ctx: &Context<'_>, input: ChangePayerInput) -> Result<ChangePayerPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let payer_id = PayerId(local(Kind::Payer, change.id(), &input.payer_id));
        let input = ChangePayer { payer_id, details: input.payer.details(change.id()) };
        let done = answer(change_payer(session.app(), change.viewer(), input).await)?;
        Ok(change.answer(done, async |inside, payer| Ok(PayerObject { inside, payer })).await?.into())
    }
}

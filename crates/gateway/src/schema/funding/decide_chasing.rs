use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use domain::{
    funding::invoices::{Chasing, DecideChasing, decide_chasing},
    ids::InvoiceId,
};

use super::InvoiceObject;
use crate::schema::{
    context::Session,
    errors::{answer, payload, unknown_alliance},
    ids::{Kind, local},
};

/// Whether an invoice is asked for.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "Chasing")]
enum ChasingEnum {
    /// By the reminder levels.
    Usual,
    /// Not for now.
    Held,
    /// Not until the payer's question is settled.
    Disputed,
}

/// A decision about one invoice.
#[derive(InputObject)]
struct DecideChasingInput {
    /// The alliance's short address.
    alliance: String,
    /// Which invoice.
    invoice_id: ID,
    /// What shall hold from now on.
    chasing: ChasingEnum,
    /// Why, for held and disputed.
    reason: Option<String>,
}

payload! {
    /// The invoice as decided.
    DecideChasingPayload {
        /// The invoice.
        invoice: InvoiceObject
    }
}

#[derive(Default)]
pub(crate) struct DecideChasingMutation;

#[Object]
impl DecideChasingMutation {
    /// Ask for an invoice as usual, hold it for now, or mark it disputed.
    async fn decide_chasing(
        &self,
        ctx: &Context<'_>,
        input: DecideChasingInput,
    ) -> Result<DecideChasingPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let invoice_id = InvoiceId(local(Kind::Invoice, change.id(), &input.invoice_id));
        let reason = input.reason.unwrap_or_default();
        let chasing = match input.chasing {
            ChasingEnum::Usual => Chasing::Usual,
            ChasingEnum::Held => Chasing::Held { reason },
            ChasingEnum::Disputed => Chasing::Disputed { reason },
        };
        let decision = DecideChasing { invoice_id, chasing };
        let done = answer(decide_chasing(session.app(), change.viewer(), decision).await)?;
        Ok(change.answer(done, async |inside, record| Ok(InvoiceObject { inside, record })).await?.into())
    }
}

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result};
use domain::{
    funding::payments::{Method, RecordPayment, record_payment},
    idempotency::IdempotencyKey,
    ids::PayerId,
};

use super::{PaymentObject, payments::MethodEnum};
use crate::schema::{
    context::{Inside, Session},
    errors::{answer, forbidden, payload, unknown_alliance},
    ids::{Kind, local},
    scalars::{Date, Pence},
};

/// Money received.
#[derive(InputObject)]
struct RecordPaymentInput {
    /// The alliance's short address.
    alliance: String,
    /// The day it reached the bank.
    received_on: Date,
    /// How much.
    amount: Pence,
    /// Who paid, when it is one of the alliance's payers.
    payer_id: Option<ID>,
    /// Who paid, in words.
    payer_text: Option<String>,
    /// What the payer quoted.
    reference: Option<String>,
    /// How it came.
    method: MethodEnum,
    /// Your key: the same key records once.
    idempotency_key: String,
}

payload! {
    /// The payment that was recorded.
    RecordPaymentPayload {
        /// The payment.
        payment: PaymentObject
    }
}

#[derive(Default)]
pub(crate) struct RecordPaymentMutation;

#[Object]
impl RecordPaymentMutation {
    /// Record a payment.
    async fn record_payment(
        &self,
        ctx: &Context<'_>,
        input: RecordPaymentInput,
    ) -> Result<RecordPaymentPayload> {
        let session = Session::of(ctx);
        let Some(change) = session.change(&input.alliance).await? else {
            return Ok(Err(unknown_alliance()).into());
        };
        let payment = RecordPayment {
            received_on: input.received_on.0,
            amount: input.amount.0,
            payer_id: input.payer_id.map(|id| PayerId(local(Kind::Payer, change.id(), &id))),
            payer_text: input.payer_text.unwrap_or_default(),
            reference: input.reference.unwrap_or_default(),
            method: Method::from(input.method).as_str().to_owned(),
        };
        let key = IdempotencyKey(input.idempotency_key);
        let done = answer(record_payment(session.app(), change.viewer(), payment, Some(&key)).await)?;
        let payment = async |inside: Arc<Inside>, id| inside.payment(id).await?.ok_or_else(forbidden);
        Ok(change.answer(done, payment).await?.into())
    }
}

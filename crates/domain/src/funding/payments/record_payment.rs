//! A person records a payment.

use chrono::NaiveDate;
use serde::Serialize;

use super::{Method, check_received_on, repo};
use crate::{
    alliances,
    app::App,
    changes::Change,
    db::OnConstraint,
    error::{Forbidden, Internal},
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::{PayerId, PaymentId},
    money::Pence,
    problem::failure,
    text::tidy,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// Money received.
#[derive(Debug, Clone, Serialize)]
pub struct RecordPayment {
    /// The day it reached the bank: not in the future, and at most ten years ago.
    pub received_on: NaiveDate,
    /// How much, above zero.
    pub amount: Pence,
    /// Who paid, when it is one of the alliance's payers.
    pub payer_id: Option<PayerId>,
    /// Who paid, in words; may be empty.
    pub payer_text: String,
    /// What the payer quoted; may be empty.
    pub reference: String,
    /// The stored name of a [`Method`].
    pub method: String,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordPaymentError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// Nought or less.
    #[error("A payment is more than nought. Money paid back is not recorded here.")]
    InvalidAmount,
    /// In the future, or long ago.
    #[error("The day the money arrived cannot be after today, {}, nor more than ten years ago.", .today.format("%-d %B %Y"))]
    InvalidDate {
        /// The alliance's date.
        today: NaiveDate,
    },
    /// No such payer in this alliance.
    #[error("That payer is not one of this alliance's.")]
    UnknownPayer,
    /// Not one of the ways.
    #[error("Choose how it was paid: bank transfer, cheque, card, journal or other.")]
    InvalidMethod,
    /// The key was used for something else.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Records a payment, set against nothing yet.
pub async fn record_payment(
    app: &App,
    viewer: &Viewer,
    input: RecordPayment,
    key: Option<&IdempotencyKey>,
) -> Result<PaymentId, RecordPaymentError> {
    use RecordPaymentError as E;
    let scope = viewer.require(Permission::RecordPayments)?;
    viewer.require_confirmed(Act::RecordPayment)?;
    if input.amount <= Pence::ZERO {
        return Err(E::InvalidAmount);
    }
    let method = Method::parse(&input.method).ok_or(E::InvalidMethod)?;
    let now = app.clock.now();
    let id = PaymentId::new(app);

    let mut tx = app.db.begin(scope).await?;
    let person_id = viewer.person_id();
    let once = Once { person_id, key, operation: "record_payment", input: &input, result_id: id.0, now };
    if let Some(before) = idempotency::claim(&mut tx, once).await? {
        return Ok(PaymentId(before));
    }
    let today = alliances::repo::alliance(&mut tx).await?.date(now);
    check_received_on(input.received_on, today).map_err(|_| E::InvalidDate { today })?;
    let payment = repo::NewPayment {
        id,
        received_on: input.received_on,
        amount: input.amount,
        payer_id: input.payer_id,
        payer_text: tidy(&input.payer_text),
        reference: tidy(&input.reference),
        method,
        import_id: None,
        bank_line: None,
        recorded_by: person_id,
    };
    repo::insert_payments(&mut tx, &[payment], now)
        .await
        .on_constraint("payments_payer_fkey", || E::UnknownPayer)?;
    tx.announce(&[Change::Payment(id)]).await?;
    tx.commit().await?;
    Ok(id)
}

failure!(RecordPaymentError {
    InvalidAmount => "amount",
    InvalidDate => "receivedOn",
    UnknownPayer => "payerId",
    InvalidMethod => "method",
} nested { Forbidden, Unconfirmed, Internal, Idempotency });

//! Sending money back: what was paid twice, or more than was asked.

use chrono::NaiveDate;
use serde::Serialize;

use super::{Payment, Refund, repo};
use crate::{
    alliances,
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::{PaymentId, RefundId},
    money::Pence,
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// Money sent back to a payer.
#[derive(Debug, Clone, Serialize)]
pub struct RefundPayment {
    /// Of which payment.
    pub payment_id: PaymentId,
    /// How much: above zero, and no more than is free.
    pub amount: Pence,
    /// The day it left the bank: from the day the payment arrived until today.
    pub sent_on: NaiveDate,
    /// Why, at most 300 characters.
    pub reason: String,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum RefundPaymentError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No such payment in this alliance.
    #[error("That payment is not one of this alliance's.")]
    UnknownPayment,
    /// Nought or less.
    #[error("What is sent back is more than nought.")]
    InvalidAmount,
    /// More than is free.
    #[error("Only {free} of this payment is left. Take back first what it was set against.")]
    MoreThanFree {
        /// What is free.
        free: Pence,
    },
    /// Before the money came, or after today.
    #[error("The money cannot have been sent back before it arrived on {}, nor after today, {}.",
        .received_on.format("%-d %B %Y"), .today.format("%-d %B %Y"))]
    InvalidDate {
        /// When the payment arrived.
        received_on: NaiveDate,
        /// The alliance's date.
        today: NaiveDate,
    },
    /// No reason.
    #[error("Please say why, in at most 300 characters.")]
    InvalidReason,
    /// The key was used for something else.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Records that free money of a payment was sent back, and returns the payment as it is now.
pub async fn refund_payment(
    app: &App,
    viewer: &Viewer,
    input: RefundPayment,
    key: Option<&IdempotencyKey>,
) -> Result<Payment, RefundPaymentError> {
    use RefundPaymentError as E;
    let scope = viewer.require(Permission::RecordPayments)?;
    viewer.require_confirmed(Act::RefundPayment)?;
    if input.amount <= Pence::ZERO {
        return Err(E::InvalidAmount);
    }
    let reason = one_line(&input.reason, 300).ok_or(E::InvalidReason)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let person_id = viewer.person_id();
    let result_id = input.payment_id.0;
    let once = Once { person_id, key, operation: "refund_payment", input: &input, result_id, now };
    let is_done = idempotency::claim(&mut tx, once).await?.is_some();
    let payment = repo::lock_payment(&mut tx, input.payment_id).await?.ok_or(E::UnknownPayment)?;
    if is_done {
        return Ok(payment);
    }
    let today = alliances::repo::alliance(&mut tx).await?.date(now);
    if !(payment.received_on..=today).contains(&input.sent_on) {
        return Err(E::InvalidDate { received_on: payment.received_on, today });
    }
    let free = payment.free();
    if input.amount > free {
        return Err(E::MoreThanFree { free });
    }
    let (amount, sent_on) = (input.amount, input.sent_on);
    let id = RefundId::new(app);
    let refund = Refund { id, payment_id: payment.id, sent_on, amount, reason, reversal_reason: None };
    repo::insert_refund(&mut tx, &refund, (person_id, now)).await?;
    tx.announce(&[Change::Payment(payment.id)]).await?;
    tx.commit().await?;
    Ok(Payment { refunded: Pence(payment.refunded.0 + amount.0), ..payment })
}

failure!(RefundPaymentError {
    UnknownPayment => "paymentId",
    InvalidAmount => "amount",
    MoreThanFree => "amount",
    InvalidDate => "sentOn",
    InvalidReason => "reason",
} nested { Forbidden, Unconfirmed, Internal, Idempotency });

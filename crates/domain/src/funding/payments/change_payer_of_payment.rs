//! Putting a payment down to another payer: the bank line was matched with the wrong one, or a slip of the pen.

use serde::Serialize;

use super::{PayerChange, Payment, repo};
use crate::{
    app::App,
    changes::Change,
    db::OnConstraint,
    error::{Forbidden, Internal},
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::{PayerId, PaymentId},
    money::Pence,
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// Another payer of a payment.
#[derive(Debug, Clone, Serialize)]
pub struct ChangePayerOfPayment {
    /// Of which payment.
    pub payment_id: PaymentId,
    /// Who paid; nothing when that is not known after all.
    pub payer_id: Option<PayerId>,
    /// Why, at most 300 characters.
    pub reason: String,
}

/// Why the payer stays.
#[derive(Debug, thiserror::Error)]
pub enum ChangePayerOfPaymentError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No such payment in this alliance.
    #[error("That payment is not one of this alliance's.")]
    UnknownPayment,
    /// No such payer in this alliance.
    #[error("That payer is not one of this alliance's.")]
    UnknownPayer,
    /// It is that payer's now.
    #[error("The payment is that payer's already. Choose another.")]
    SamePayer,
    /// The payment was taken back.
    #[error("That payment was taken back, and counts for nobody.")]
    Reversed,
    /// Some of it is set against invoices.
    #[error("{allocated} of this payment is set against invoices. Take that back first.")]
    Allocated {
        /// How much.
        allocated: Pence,
    },
    /// Some of it was sent back.
    #[error(
        "{refunded} of this payment was sent back to the payer. Take that back first, if it never was sent."
    )]
    Refunded {
        /// How much.
        refunded: Pence,
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

/// Puts a payment, all of which is free, down to another payer, and returns it as it is now. The ledger counts what
/// was set against invoices, so nothing of the payment stands there at that time.
pub async fn change_payer_of_payment(
    app: &App,
    viewer: &Viewer,
    input: ChangePayerOfPayment,
    key: Option<&IdempotencyKey>,
) -> Result<Payment, ChangePayerOfPaymentError> {
    use ChangePayerOfPaymentError as E;
    let scope = viewer.require(Permission::RecordPayments)?;
    viewer.require_confirmed(Act::ChangePayerOfPayment)?;
    let reason = one_line(&input.reason, 300).ok_or(E::InvalidReason)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let person_id = viewer.person_id();
    let result_id = input.payment_id.0;
    let once = Once { person_id, key, operation: "change_payer_of_payment", input: &input, result_id, now };
    let is_done = idempotency::claim(&mut tx, once).await?.is_some();
    let payment = repo::lock_payment(&mut tx, input.payment_id).await?.ok_or(E::UnknownPayment)?;
    if is_done {
        return Ok(payment);
    }
    check(&payment, input.payer_id)?;
    let change = PayerChange {
        payment_id: payment.id,
        from: payment.payer_id,
        to: input.payer_id,
        reason,
        changed_at: now,
    };
    repo::insert_payer_change(&mut tx, &change, person_id)
        .await
        .on_constraint("payment_payers_to_fkey", || E::UnknownPayer)?;
    tx.announce(&[Change::Payment(payment.id)]).await?;
    tx.commit().await?;
    Ok(Payment { payer_id: input.payer_id, ..payment })
}

fn check(payment: &Payment, payer_id: Option<PayerId>) -> Result<(), ChangePayerOfPaymentError> {
    use ChangePayerOfPaymentError as E;
    if payment.reversal_reason.is_some() {
        return Err(E::Reversed);
    }
    if payment.allocated > Pence::ZERO {
        return Err(E::Allocated { allocated: payment.allocated });
    }
    if payment.refunded > Pence::ZERO {
        return Err(E::Refunded { refunded: payment.refunded });
    }
    if payment.payer_id == payer_id {
        return Err(E::SamePayer);
    }
    Ok(())
}

failure!(ChangePayerOfPaymentError {
    UnknownPayment => "paymentId",
    UnknownPayer => "payerId",
    SamePayer => "payerId",
    Reversed => "paymentId",
    Allocated => "paymentId",
    Refunded => "paymentId",
    InvalidReason => "reason",
} nested { Forbidden, Unconfirmed, Internal, Idempotency });

//! Taking back a refund that never was: it was mistyped, or it came back.

use serde::Serialize;

use super::{Payment, repo, reverse_allocation::Reversal};
use crate::{
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::RefundId,
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// A refund to be taken back.
#[derive(Debug, Clone, Serialize)]
pub struct ReverseRefund {
    /// Which.
    pub refund_id: RefundId,
    /// Why, at most 300 characters.
    pub reason: String,
}

/// Why it stands.
#[derive(Debug, thiserror::Error)]
pub enum ReverseRefundError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No such refund in this alliance.
    #[error("That entry is not one of this alliance's.")]
    UnknownRefund,
    /// It was taken back before.
    #[error("That entry was taken back before.")]
    AlreadyReversed,
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

/// Takes back a refund, whole, and returns its payment, which has the money free again. The refund stays in the list,
/// and counts for nothing.
pub async fn reverse_refund(
    app: &App,
    viewer: &Viewer,
    input: ReverseRefund,
    key: Option<&IdempotencyKey>,
) -> Result<Payment, ReverseRefundError> {
    use ReverseRefundError as E;
    let scope = viewer.require(Permission::RecordPayments)?;
    viewer.require_confirmed(Act::ReverseRefund)?;
    let reason = one_line(&input.reason, 300).ok_or(E::InvalidReason)?;
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let person_id = viewer.person_id();
    let result_id = input.refund_id.0;
    let once = Once { person_id, key, operation: "reverse_refund", input: &input, result_id, now };
    let is_done = idempotency::claim(&mut tx, once).await?.is_some();
    let found = repo::refund(&mut tx, input.refund_id).await?.ok_or(E::UnknownRefund)?;
    // The payment is locked as everywhere; then look again under the lock.
    let payment = repo::lock_payment(&mut tx, found.payment_id).await?.ok_or(E::UnknownRefund)?;
    if is_done {
        return Ok(payment);
    }
    let refund = repo::refund(&mut tx, found.id).await?.ok_or(E::UnknownRefund)?;
    if refund.reversal_reason.is_some() {
        return Err(E::AlreadyReversed);
    }
    let by = Reversal { reason: &reason, by: person_id, now };
    repo::insert_refund_reversal(&mut tx, refund.id, &by).await?;
    tx.announce(&[Change::Payment(payment.id)]).await?;
    let payment = repo::payments_by_ids(&mut tx, &[payment.id]).await?.into_iter().next();
    tx.commit().await?;
    payment.ok_or(E::UnknownRefund)
}

failure!(ReverseRefundError {
    UnknownRefund => "refundId",
    AlreadyReversed => "refundId",
    InvalidReason => "reason",
} nested { Forbidden, Unconfirmed, Internal, Idempotency });

//! Whether an invoice is asked for: as usual, held for now, or disputed.

use super::{Chasing, InvoiceRecord, repo};
use crate::{
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    ids::{InvoiceId, new_uuid},
    problem::failure,
    text::one_line,
    viewer::{Permission, Viewer},
};

/// A decision about one invoice.
#[derive(Debug, Clone)]
pub struct DecideChasing {
    /// Which.
    pub invoice_id: InvoiceId,
    /// What shall hold from now on.
    pub chasing: Chasing,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideChasingError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// No such invoice in this alliance.
    #[error("That invoice is not one of this alliance's.")]
    UnknownInvoice,
    /// Holding and disputing need a reason.
    #[error("Please say why, in at most 500 characters, so that a colleague can see it.")]
    InvalidReason,
    /// The decision that holds says the same.
    #[error("That is how it is already: nothing has changed.")]
    AlreadyDecided,
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Records the decision. Reminders already queued look at it once more before they go.
pub async fn decide_chasing(
    app: &App,
    viewer: &Viewer,
    input: DecideChasing,
) -> Result<InvoiceRecord, DecideChasingError> {
    let scope = viewer.require(Permission::IssueInvoices)?;
    let mut chasing = input.chasing;
    if let Chasing::Held { reason } | Chasing::Disputed { reason } = &mut chasing {
        *reason = one_line(reason, 500).ok_or(DecideChasingError::InvalidReason)?;
    }
    let now = app.clock.now();

    let mut tx = app.db.begin(scope).await?;
    let mut record =
        repo::lock_invoice(&mut tx, input.invoice_id).await?.ok_or(DecideChasingError::UnknownInvoice)?;
    if record.balance.chasing == chasing {
        return Err(DecideChasingError::AlreadyDecided);
    }
    let decision = repo::NewChasingDecision {
        id: new_uuid(now, app.rng.bytes()),
        invoice_id: input.invoice_id,
        chasing: &chasing,
        decided_by: viewer.person_id(),
        decided_at: now,
    };
    repo::insert_chasing_decision(&mut tx, &decision).await.map_err(Internal::from)?;
    tx.announce(&[Change::Invoice(record.invoice.id, record.invoice.member_id)]).await?;
    tx.commit().await?;
    record.balance.chasing = chasing;
    Ok(record)
}

failure!(DecideChasingError {
    UnknownInvoice => "invoiceId",
    InvalidReason => "reason",
    AlreadyDecided => "chasing",
} nested { Forbidden, Internal });

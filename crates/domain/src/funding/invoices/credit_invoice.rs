//! A credit note: the only way to take back an issued invoice, whole or in part.

use serde::Serialize;

use super::{CreditNote, RenderCreditNote, repo};
use crate::{
    alliances,
    app::App,
    changes::Change,
    error::{Forbidden, Internal},
    funding::payments,
    idempotency::{self, IdempotencyError, IdempotencyKey, Once},
    ids::{CreditNoteId, InvoiceId},
    money::Pence,
    problem::failure,
    text::one_line,
    viewer::{Act, ConfirmItIsYou, Permission, Viewer},
};

/// A credit.
#[derive(Debug, Clone, Serialize)]
pub struct CreditInvoice {
    /// Which invoice.
    pub invoice_id: InvoiceId,
    /// How much, VAT included; all that is not credited yet when `None`.
    pub gross: Option<Pence>,
    /// Why, as printed: 1 to 300 characters.
    pub reason: String,
}

/// Why there is no credit note.
#[derive(Debug, thiserror::Error)]
pub enum CreditInvoiceError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Too long since the last proof of who asks.
    #[error(transparent)]
    Unconfirmed(#[from] ConfirmItIsYou),
    /// No such invoice in this alliance.
    #[error("That invoice is not one of this alliance's.")]
    UnknownInvoice,
    /// Nought, less, or more than what is left of it.
    #[error("You can credit at most {left}: the invoice less what was credited before.")]
    InvalidAmount {
        /// What can still be credited.
        left: Pence,
    },
    /// No reason.
    #[error("Please say why, in at most 300 characters: the reason is printed on the credit note.")]
    InvalidReason,
    /// The key was used for something else.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Issues a credit note with a number of its own series. What was paid beyond the reduced sum is set free: it stays
/// with the payment and can be set against another invoice.
pub async fn credit_invoice(
    app: &App,
    viewer: &Viewer,
    input: CreditInvoice,
    key: Option<&IdempotencyKey>,
) -> Result<CreditNoteId, CreditInvoiceError> {
    use CreditInvoiceError as E;
    let scope = viewer.require(Permission::IssueInvoices)?;
    viewer.require_confirmed(Act::CreditInvoice)?;
    let reason = one_line(&input.reason, 300).ok_or(E::InvalidReason)?;
    let now = app.clock.now();
    let id = CreditNoteId::new(app);

    let mut tx = app.db.begin(scope).await?;
    let person_id = viewer.person_id();
    let once = Once { person_id, key, operation: "credit_invoice", input: &input, result_id: id.0, now };
    if let Some(before) = idempotency::claim(&mut tx, once).await? {
        return Ok(CreditNoteId(before));
    }
    let record = repo::lock_invoice(&mut tx, input.invoice_id).await?.ok_or(E::UnknownInvoice)?;
    let (invoice, balance) = (&record.invoice, &record.balance);
    let left = Pence(invoice.gross.0 - balance.credited.0);
    let gross = input.gross.unwrap_or(left);
    if gross <= Pence::ZERO || gross > left {
        return Err(E::InvalidAmount { left });
    }
    let alliance = alliances::repo::alliance(&mut tx).await?;
    let sequence = repo::draw_numbers(&mut tx, repo::Series::CreditNote, 1).await?;
    let vat =
        vat_part(gross, invoice.gross, invoice.vat).ok_or_else(|| Internal::new("the VAT does not fit"))?;
    let note = CreditNote {
        id,
        invoice_id: invoice.id,
        number: format!("{}{sequence:04}", alliance.terms.credit_prefix),
        issued_on: alliance.date(now),
        reason,
        net: Pence(gross.0 - vat.0),
        vat,
        gross,
    };
    repo::insert_credit_note(
        &mut tx,
        &repo::NewCreditNote { note, sequence, issued_by: person_id, created_at: now },
    )
    .await?;
    let excess = Pence(gross.0 - balance.outstanding.0);
    if excess > Pence::ZERO {
        payments::set_free(app, &mut tx, (invoice, excess), person_id).await?;
    }
    tx.enqueue(app, &RenderCreditNote { credit_note_id: id }).await?;
    tx.announce(&[Change::Invoice(invoice.id, invoice.member_id)]).await?;
    tx.commit().await?;
    Ok(id)
}

/// The VAT within `gross`, in the invoice's own proportion, rounded half up. Crediting an invoice whole takes back
/// exactly its VAT.
fn vat_part(gross: Pence, of_gross: Pence, of_vat: Pence) -> Option<Pence> {
    let numerator = i128::from(gross.0) * i128::from(of_vat.0) * 2 + i128::from(of_gross.0);
    i64::try_from(numerator / (2 * i128::from(of_gross.0))).ok().map(Pence)
}

failure!(CreditInvoiceError {
    UnknownInvoice => "invoiceId",
    InvalidAmount => "gross",
    InvalidReason => "reason",
} nested { Forbidden, Unconfirmed, Internal, Idempotency });

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_part_never_takes_back_more_vat_than_there_is(net in 1_i64..10_000_000, part in 1_i64..1_000) {
            let vat = net / 5;
            let whole = Pence(net + vat);
            let gross = Pence((whole.0 * part / 1_000).max(1));
            let taken = vat_part(gross, whole, Pence(vat)).unwrap();
            prop_assert!(taken.0 >= 0 && taken.0 <= vat && taken.0 <= gross.0);
            prop_assert_eq!(vat_part(whole, whole, Pence(vat)), Some(Pence(vat)));
        }
    }
}

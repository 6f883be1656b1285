//! Which mails an issued document causes.

use super::{Invoice, repo};
use crate::{
    access::EmailAddress,
    app::App,
    db::Tx,
    error::Internal,
    ids::{CreditNoteId, InvoiceId, PayerId},
    messages::{self, Rule},
    people,
    schools::members,
    viewer::Reach,
};

use super::plan_run::recipients;

/// Who at the payer gets mail about its invoices today.
pub(crate) async fn payer_recipients(tx: &mut Tx, payer_id: PayerId) -> Result<Vec<EmailAddress>, Internal> {
    let payers = members::repo::payers_by_ids(tx, &Reach::Alliance, &[payer_id]).await?;
    let Some(payer) = payers.into_iter().next() else { return Ok(Vec::new()) };
    let mut contacts = people::repo::addresses(tx, payer.finance_contact_id).await?;
    let contact = payer.finance_contact_id.and_then(|id| contacts.remove(&id));
    Ok(recipients(payer.accounts_email, contact))
}

pub(super) async fn queue_invoice_mails(app: &App, tx: &mut Tx, id: InvoiceId) -> Result<(), Internal> {
    let Some(record) = repo::invoices_by_ids(tx, &[id]).await?.into_iter().next() else { return Ok(()) };
    let to = payer_recipients(tx, record.invoice.payer_id).await?;
    messages::queue_mails(app, tx, &issued(&record.invoice), &to).await
}

/// "Here is your invoice."
pub(super) fn issued(invoice: &Invoice) -> messages::Effect {
    messages::Effect {
        rule: Rule::InvoiceIssued,
        subject_id: invoice.id.0,
        member_id: invoice.member_id,
        reference_date: invoice.issued_on,
        occurrence: 0,
        again: 0,
    }
}

pub(super) async fn queue_credit_note_mails(
    app: &App,
    tx: &mut Tx,
    id: CreditNoteId,
) -> Result<(), Internal> {
    let Some(note) = repo::credit_note(tx, id).await? else { return Ok(()) };
    let Some(record) = repo::invoices_by_ids(tx, &[note.invoice_id]).await?.into_iter().next() else {
        return Ok(());
    };
    let effect = messages::Effect {
        rule: Rule::CreditNoteIssued,
        subject_id: id.0,
        member_id: record.invoice.member_id,
        reference_date: note.issued_on,
        occurrence: 0,
        again: 0,
    };
    let to = payer_recipients(tx, record.invoice.payer_id).await?;
    messages::queue_mails(app, tx, &effect, &to).await
}

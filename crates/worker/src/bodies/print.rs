//! Printing what was issued: a PDF into the store, then the record of it, which queues the mails.

use documents::{CreditNoteDocument, InvoiceDocument, Line, Payer, RenderError, School, Supplier, Vat};
use domain::{
    alliances::Letterhead,
    funding::{
        invoices::{
            Invoice, InvoiceLine, Printed, RenderCreditNote, RenderInvoice, credit_note_to_print,
            invoice_to_print, record_document,
        },
        vat::VatTreatment,
    },
    money::Pence,
};
use object_store::{ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};

use super::Deps;
use crate::{JobContext, JobError};

/// Prints an invoice.
pub(super) async fn render_invoice(context: JobContext<Deps>, job: RenderInvoice) -> Result<(), JobError> {
    let found = invoice_to_print(&context.app, &context.viewer, job.invoice_id).await?;
    let Some(printed) = found else { return Err(JobError::Discard("the invoice is gone".into())) };
    let invoice = printed.invoice;
    let document = InvoiceDocument {
        supplier: supplier(&invoice.letterhead),
        payer: payer(&invoice),
        school: school(&invoice),
        payment_reference: invoice.number.clone(),
        number: invoice.number,
        issued_on: invoice.issued_on,
        due_on: invoice.due_on,
        period_start: invoice.period_start,
        period_end: invoice.period_end,
        purchase_order: invoice.purchase_order,
        requested_by: invoice.requested_by,
        lines: printed.lines.into_iter().map(line).collect(),
        explanation: Some(invoice.explanation),
        prepayment_note: invoice.prepayment_note,
    };
    let renderer = context.deps.renderer.clone();
    let pdf = off_the_runtime(move || renderer.invoice(&document)).await?;
    keep(&context, Printed::Invoice(invoice.id), pdf).await
}

/// Prints a credit note: one line with the invoice's VAT treatment.
pub(super) async fn render_credit_note(
    context: JobContext<Deps>,
    job: RenderCreditNote,
) -> Result<(), JobError> {
    let found = credit_note_to_print(&context.app, &context.viewer, job.credit_note_id).await?;
    let Some(printed) = found else { return Err(JobError::Discard("the credit note is gone".into())) };
    let (note, invoice) = (printed.note, printed.invoice);
    let Some(first) = printed.lines.into_iter().next() else {
        return Err(JobError::Discard("the invoice has no lines".into()));
    };
    let credited = InvoiceLine {
        description: format!("Credit on invoice {}: {}", invoice.number, first.description),
        quantity: 1,
        unit: note.net,
        net: note.net,
        vat_amount: note.vat,
        ..first
    };
    let document = CreditNoteDocument {
        supplier: supplier(&invoice.letterhead),
        payer: payer(&invoice),
        school: school(&invoice),
        number: note.number,
        issued_on: note.issued_on,
        invoice_number: invoice.number,
        invoice_issued_on: invoice.issued_on,
        purchase_order: invoice.purchase_order,
        reason: note.reason,
        lines: vec![line(credited)],
    };
    let renderer = context.deps.renderer.clone();
    let pdf = off_the_runtime(move || renderer.credit_note(&document)).await?;
    keep(&context, Printed::CreditNote(note.id), pdf).await
}

/// Rendering is work for a processor: it must not hold up what waits for the network.
async fn off_the_runtime(
    render: impl FnOnce() -> Result<Vec<u8>, RenderError> + Send + 'static,
) -> Result<Vec<u8>, JobError> {
    let rendered =
        tokio::task::spawn_blocking(render).await.map_err(|error| JobError::Retry(error.to_string()))?;
    // The same document fails the same way next time.
    rendered.map_err(|error| JobError::Discard(error.to_string()))
}

/// Puts the file into the store and records it. The bytes are the same at every attempt, so doing it twice is harmless.
async fn keep(context: &JobContext<Deps>, printed: Printed, pdf: Vec<u8>) -> Result<(), JobError> {
    let hash = Sha256::digest(&pdf);
    let size = pdf.len();
    let key = printed.store_key(&context.viewer);
    let stored = context.deps.store.put(&key.into(), PutPayload::from(pdf)).await;
    stored.map_err(|error| JobError::Retry(format!("the file store: {error}")))?;
    Ok(record_document(&context.app, &context.viewer, printed, (&hash, size)).await?)
}

fn supplier(letterhead: &Letterhead) -> Supplier {
    Supplier {
        legal_name: letterhead.legal_name.clone(),
        address: letterhead.address.clone(),
        contact_email: letterhead.contact_email.clone(),
        vat_number: letterhead.vat_number.clone(),
        bank: documents::BankAccount {
            name: letterhead.bank.name.clone(),
            sort_code: letterhead.bank.sort_code.clone(),
            number: letterhead.bank.number.clone(),
        },
    }
}

fn payer(invoice: &Invoice) -> Payer {
    Payer { legal_name: invoice.bill_to_name.clone(), address: invoice.bill_to_address.clone() }
}

fn school(invoice: &Invoice) -> School {
    School { name: invoice.member_name.clone(), urn: invoice.member_urn }
}

fn line(line: InvoiceLine) -> Line {
    let Pence(unit) = line.unit;
    Line {
        description: line.description,
        quantity: line.quantity,
        unit,
        net: line.net.0,
        vat: match line.vat.treatment {
            VatTreatment::Exempt => Vat::Exempt,
            VatTreatment::OutsideScope => Vat::OutsideScope,
            VatTreatment::Zero => Vat::Zero,
            VatTreatment::Standard { rate } => Vat::Standard { rate_basis_points: rate.0.unsigned_abs() },
        },
        vat_reason: line.vat.reason,
        vat_amount: line.vat_amount.0,
    }
}

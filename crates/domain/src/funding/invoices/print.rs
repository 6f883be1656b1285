//! What the worker prints, and the record of what it printed.

use serde::{Deserialize, Serialize};

use super::{CreditNote, Invoice, InvoiceLine, repo};
use crate::{
    app::App,
    error::{Internal, ReadError},
    ids::{CreditNoteId, InvoiceId, new_uuid},
    jobs::Job,
    viewer::{Permission, Reach, Reading, Viewer},
};

/// Prints an invoice and then mails it.
#[derive(Debug, Serialize, Deserialize)]
pub struct RenderInvoice {
    /// Which.
    pub invoice_id: InvoiceId,
}

impl Job for RenderInvoice {
    const KIND: &'static str = "render_invoice";
}

/// Prints a credit note and then mails it.
#[derive(Debug, Serialize, Deserialize)]
pub struct RenderCreditNote {
    /// Which.
    pub credit_note_id: CreditNoteId,
}

impl Job for RenderCreditNote {
    const KIND: &'static str = "render_credit_note";
}

/// An invoice with all that is printed.
#[derive(Debug, Clone)]
pub struct PrintedInvoice {
    /// As issued.
    pub invoice: Invoice,
    /// Its lines.
    pub lines: Vec<InvoiceLine>,
}

/// A credit note with the invoice it takes back from.
#[derive(Debug, Clone)]
pub struct PrintedCreditNote {
    /// As issued.
    pub note: CreditNote,
    /// The invoice, as issued.
    pub invoice: Invoice,
    /// The invoice's lines, for their VAT treatment.
    pub lines: Vec<InvoiceLine>,
}

/// Loads an invoice for print. It never changes, so printing it again gives the same bytes.
pub async fn invoice_to_print(
    app: &App,
    viewer: &Viewer,
    id: InvoiceId,
) -> Result<Option<PrintedInvoice>, ReadError> {
    let scope = viewer.require(Permission::SeeMoney)?;
    let mut tx = app.db.snapshot(scope).await?;
    let Some(record) = repo::invoices_by_ids(&mut tx, &[id]).await?.into_iter().next() else {
        return Ok(None);
    };
    let lines = repo::lines(&mut tx, &Reach::Alliance, &[id]).await?;
    Ok(Some(PrintedInvoice {
        invoice: record.invoice,
        lines: lines.into_iter().map(|(_, line)| line).collect(),
    }))
}

/// Loads a credit note for print.
pub async fn credit_note_to_print(
    app: &App,
    viewer: &Viewer,
    id: CreditNoteId,
) -> Result<Option<PrintedCreditNote>, ReadError> {
    let scope = viewer.require(Permission::SeeMoney)?;
    let mut tx = app.db.snapshot(scope).await?;
    let Some(note) = repo::credit_note(&mut tx, id).await? else { return Ok(None) };
    drop(tx);
    let printed = invoice_to_print(app, viewer, note.invoice_id).await?;
    Ok(printed.map(|PrintedInvoice { invoice, lines }| PrintedCreditNote { note, invoice, lines }))
}

/// A rendered file in the object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its key there. Begins with the alliance, so no two alliances share one.
    pub store_key: String,
    /// The number of the invoice or credit note.
    pub number: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Printed {
    /// An invoice.
    Invoice(InvoiceId),
    /// A credit note.
    CreditNote(CreditNoteId),
}

impl Printed {
    fn parts(self) -> (&'static str, uuid::Uuid) {
        match self {
            Self::Invoice(id) => ("invoice", id.0),
            Self::CreditNote(id) => ("credit_note", id.0),
        }
    }

    /// The key under which the file is kept.
    #[must_use]
    pub fn store_key(self, viewer: &Viewer) -> String {
        let (kind, id) = self.parts();
        format!("{}/{kind}/{id}.pdf", viewer.alliance_id())
    }
}

/// The printed file, once the worker has made it, as far as its invoice is within reach.
pub async fn document(reading: &Reading, of: Printed) -> Result<Option<StoredDocument>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    let (kind, id) = of.parts();
    let row = repo::documents(&mut tx, &reach, (kind, &[id])).await?.into_iter().next();
    Ok(row.map(|row| StoredDocument {
        store_key: row.store_key,
        number: row.number,
        bytes: u64::from(row.bytes.unsigned_abs()),
    }))
}

/// Which of these invoices the worker has printed, as far as they are within reach.
pub async fn printed_invoices(reading: &Reading, ids: &[InvoiceId]) -> Result<Vec<InvoiceId>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = repo::documents(&mut tx, &reach, ("invoice", &ids)).await?;
    Ok(rows.into_iter().map(|row| InvoiceId(row.subject_id)).collect())
}

/// Which of these credit notes the worker has printed, as far as they are within reach.
pub async fn printed_credit_notes(
    reading: &Reading,
    ids: &[CreditNoteId],
) -> Result<Vec<CreditNoteId>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = repo::documents(&mut tx, &reach, ("credit_note", &ids)).await?;
    Ok(rows.into_iter().map(|row| CreditNoteId(row.subject_id)).collect())
}

/// Records that the file is in the store, and queues the mails that carry it, in one transaction. Doing so twice
/// changes nothing.
pub async fn record_document(
    app: &App,
    viewer: &Viewer,
    printed: Printed,
    (sha256, bytes): (&[u8], usize),
) -> Result<(), ReadError> {
    let scope = viewer.require(Permission::IssueInvoices)?;
    let now = app.clock.now();
    let (kind, subject_id) = printed.parts();
    let store_key = printed.store_key(viewer);
    let document = repo::NewDocument {
        id: new_uuid(now, app.rng.bytes()),
        kind,
        subject_id,
        store_key: &store_key,
        sha256,
        bytes: i32::try_from(bytes).map_err(Internal::new)?,
        rendered_at: now,
    };

    let mut tx = app.db.begin(scope).await?;
    repo::insert_document(&mut tx, &document).await?;
    match printed {
        Printed::Invoice(id) => super::send::queue_invoice_mails(app, &mut tx, id).await?,
        Printed::CreditNote(id) => super::send::queue_credit_note_mails(app, &mut tx, id).await?,
    }
    Ok(tx.commit().await?)
}

//! The credit note.

use chrono::NaiveDate;
use serde::Serialize;

use crate::{
    Line, Payer, RenderError, School, Supplier, format,
    lines::{Account, is_vat_charged},
};

/// A credit note as issued: the only way to put an issued invoice right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreditNoteDocument {
    /// Who issues it.
    pub supplier: Supplier,
    /// Who was to settle the invoice.
    pub payer: Payer,
    /// The school that the invoice is for.
    pub school: School,
    /// Its number in the supplier's series of credit notes.
    pub number: String,
    /// Its date.
    #[serde(serialize_with = "format::serialize_date")]
    pub issued_on: NaiveDate,
    /// The number of the invoice it takes back from.
    pub invoice_number: String,
    /// The date of that invoice.
    #[serde(serialize_with = "format::serialize_date")]
    pub invoice_issued_on: NaiveDate,
    /// The purchase order number on that invoice.
    pub purchase_order: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
    /// What it takes back, in order, as positive amounts.
    pub lines: Vec<Line>,
}

#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    note: &'a CreditNoteDocument,
    title: &'static str,
    #[serde(flatten)]
    account: Account<'a>,
}

impl CreditNoteDocument {
    /// What the template shows.
    pub(crate) fn printed(&self) -> Result<impl Serialize, RenderError> {
        let title = if is_vat_charged(&self.lines) { "VAT credit note" } else { "Credit note" };
        Ok(Printed { note: self, title, account: Account::of(&self.lines, &self.supplier)? })
    }
}

//! The invoice.

use chrono::NaiveDate;
use serde::Serialize;

use crate::{
    Line, Payer, RenderError, School, Supplier, format,
    lines::{Account, is_vat_charged},
};

/// An invoice as issued. It becomes a VAT invoice where a line bears VAT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvoiceDocument {
    /// Who issues it.
    pub supplier: Supplier,
    /// Who settles it.
    pub payer: Payer,
    /// The school it is for, which may be another than the payer.
    pub school: School,
    /// Its number in the supplier's series.
    pub number: String,
    /// Its date, which is the tax point.
    #[serde(serialize_with = "format::serialize_date")]
    pub issued_on: NaiveDate,
    /// The day by which to pay.
    #[serde(serialize_with = "format::serialize_date")]
    pub due_on: NaiveDate,
    /// The first day of what it is for.
    #[serde(serialize_with = "format::serialize_date")]
    pub period_start: NaiveDate,
    /// The last day of what it is for.
    #[serde(serialize_with = "format::serialize_date")]
    pub period_end: NaiveDate,
    /// The payer's purchase order number. Without one the invoice says that none was supplied.
    pub purchase_order: Option<String>,
    /// Who at the school asked for it.
    pub requested_by: Option<String>,
    /// What the payer quotes with the payment. BACS carries at most 18 characters.
    pub payment_reference: String,
    /// What it charges for, in order.
    pub lines: Vec<Line>,
    /// How the share was worked out, in a paragraph.
    pub explanation: Option<String>,
    /// What of it the payer may carry into its next financial year, where the period straddles the year end.
    pub prepayment_note: Option<String>,
}

#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    invoice: &'a InvoiceDocument,
    title: &'static str,
    date_label: &'static str,
    is_payable: bool,
    #[serde(flatten)]
    account: Account<'a>,
}

impl InvoiceDocument {
    /// What the template shows.
    pub(crate) fn printed(&self) -> Result<impl Serialize, RenderError> {
        let account = Account::of(&self.lines, &self.supplier)?;
        let (title, date_label) = if is_vat_charged(&self.lines) {
            ("VAT invoice", "Date and tax point")
        } else {
            ("Invoice", "Invoice date")
        };
        Ok(Printed { invoice: self, title, date_label, is_payable: account.sums.gross > 0, account })
    }
}

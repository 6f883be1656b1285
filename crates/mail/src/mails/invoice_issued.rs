//! An invoice.

use chrono::NaiveDate;

use super::samples;
use crate::{Alliance, BankAccount, format as filters};

/// To the payer of an invoice that was issued. The PDF goes along as an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceIssued {
    /// Who issued it.
    pub alliance: Alliance,
    /// The member it is for.
    pub school: String,
    /// Who settles it: the school, its trust or its authority.
    pub payer: String,
    /// As printed.
    pub number: String,
    /// The first day of what it is for.
    pub period_start: NaiveDate,
    /// The last day of what it is for.
    pub period_end: NaiveDate,
    /// What is to be paid, in pence, with VAT.
    pub total: i64,
    /// The day by which to pay.
    pub due_on: NaiveDate,
    /// The number of the payer's order; without one, the payer is asked for it.
    pub purchase_order: Option<String>,
    /// Where to pay.
    pub bank: BankAccount,
    /// The address of the invoice's page, for a recipient who may see it.
    pub page: Option<String>,
}

crate::mail::templates!(InvoiceIssued "invoice_issued":
    "invoice_issued/subject.txt",
    "invoice_issued/body.txt",
    "invoice_issued/body.mjml",
    InvoiceIssued {
        alliance: samples::alliance(),
        school: "Mill Lane Primary School".into(),
        payer: "Harrowdown Learning Trust".into(),
        number: "WEA-0042".into(),
        period_start: samples::day(2026, 9, 1),
        period_end: samples::day(2027, 8, 31),
        total: 123_456,
        due_on: samples::day(2026, 11, 23),
        purchase_order: Some("PO-77310".into()),
        bank: samples::bank(),
        page: Some(samples::PAGE.into()),
    }
);

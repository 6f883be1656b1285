//! A credit note.

use super::samples;
use crate::{Alliance, Balance, format as filters};

/// To the payer of an invoice of which something was taken back. The PDF goes along as an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNoteIssued {
    /// Who issued it.
    pub alliance: Alliance,
    /// The member it is for.
    pub school: String,
    /// Who settles the invoice: the school, its trust or its authority.
    pub payer: String,
    /// As printed.
    pub number: String,
    /// The number of the invoice that it takes back from.
    pub invoice_number: String,
    /// Why, as printed.
    pub reason: String,
    /// What is taken back, in pence, with VAT.
    pub amount: i64,
    /// How the invoice stands, this credit note included.
    pub balance: Balance,
    /// The address of the invoice's page, for a recipient who may see it.
    pub page: Option<String>,
}

impl CreditNoteIssued {
    fn credited_before(&self) -> i64 {
        self.balance.credited - self.amount
    }
}

crate::mail::templates!(CreditNoteIssued "credit_note_issued":
    "credit_note_issued/subject.txt",
    "credit_note_issued/body.txt",
    "credit_note_issued/body.mjml",
    CreditNoteIssued {
        alliance: samples::alliance(),
        school: "Mill Lane Primary School".into(),
        payer: "Harrowdown Learning Trust".into(),
        number: "WEA-C0003".into(),
        invoice_number: "WEA-0042".into(),
        reason: "The roll was counted twice in the autumn census.".into(),
        amount: 23_456,
        balance: Balance { total: 123_456, credited: 23_456, received: 0 },
        page: Some(samples::PAGE.into()),
    }
);

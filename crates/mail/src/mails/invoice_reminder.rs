//! A reminder of an invoice.

use chrono::NaiveDate;

use super::samples;
use crate::{Alliance, Balance, BankAccount, ReminderLevel, format as filters};

/// To the payer of an invoice with something still to pay. The PDF goes along as an attachment.
///
/// A member may leave tomorrow and a payment may be on its way: whatever the level, the mail assumes good faith, says
/// what is recorded rather than what was done, and asks to be told when that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceReminder {
    /// Who issued the invoice.
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
    /// The number of the payer's order.
    pub purchase_order: Option<String>,
    /// The day by which to pay.
    pub due_on: NaiveDate,
    /// How far along it is.
    pub level: ReminderLevel,
    /// How the invoice stands.
    pub balance: Balance,
    /// Where to pay.
    pub bank: BankAccount,
    /// The address of the invoice's page, for a recipient who may see it.
    pub page: Option<String>,
}

impl InvoiceReminder {
    /// From here on a note that it may have been missed helps no more; an open talk may.
    const LONG_OVERDUE_DAYS: u16 = 21;

    fn is_long_overdue(&self) -> bool {
        matches!(self.level, ReminderLevel::Overdue { days } if days >= Self::LONG_OVERDUE_DAYS)
    }
}

crate::mail::templates!(InvoiceReminder "invoice_reminder":
    "invoice_reminder/subject.txt",
    "invoice_reminder/body.txt",
    "invoice_reminder/body.mjml",
    InvoiceReminder {
        alliance: samples::alliance(),
        school: "Mill Lane Primary School".into(),
        payer: "Harrowdown Learning Trust".into(),
        number: "WEA-0042".into(),
        period_start: samples::day(2026, 9, 1),
        period_end: samples::day(2027, 8, 31),
        purchase_order: Some("PO-77310".into()),
        due_on: samples::day(2026, 11, 23),
        level: ReminderLevel::Overdue { days: 7 },
        balance: Balance { total: 123_456, credited: 0, received: 40_000 },
        bank: samples::bank(),
        page: Some(samples::PAGE.into()),
    }
);

//! What several mails speak of. Amounts are whole pence.

/// In whose name a mail is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alliance {
    /// Its name.
    pub name: String,
    /// The address that answers questions about money.
    pub contact: String,
}

/// Where to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// The name on the account.
    pub name: String,
    /// Six digits as `12-34-56`.
    pub sort_code: String,
    /// Eight digits.
    pub number: String,
    /// What the payer writes beside the payment.
    pub reference: String,
}

/// How an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// As invoiced, with VAT.
    pub total: i64,
    /// Taken back by credit notes.
    pub credited: i64,
    /// Payments set against it.
    pub received: i64,
}

impl Balance {
    /// Still to be paid; negative when more was paid than is owed.
    #[must_use]
    pub fn outstanding(&self) -> i64 {
        self.total - self.credited - self.received
    }

    /// Paid beyond what is owed.
    pub(crate) fn overpaid(&self) -> i64 {
        -self.outstanding()
    }
}

/// How far along a reminder is. It chooses the words; the mail itself names the date only, since a reminder may go out
/// some days after its level was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReminderLevel {
    /// So many days before the due date.
    BeforeDue {
        /// One or more.
        days: u16,
    },
    /// On the due date.
    Due,
    /// So many days after it.
    Overdue {
        /// One or more.
        days: u16,
    },
}

impl ReminderLevel {
    /// The level of so many days from the due date, negative before it.
    #[must_use]
    pub fn from_days(days: i16) -> Self {
        match days {
            ..0 => Self::BeforeDue { days: days.unsigned_abs() },
            0 => Self::Due,
            1.. => Self::Overdue { days: days.unsigned_abs() },
        }
    }
}

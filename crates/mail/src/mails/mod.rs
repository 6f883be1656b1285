//! The mails.

mod address_change_undone;
mod address_changed;
mod address_code;
mod credit_note_issued;
mod deletion;
mod departure;
mod export_ready;
mod invitation;
mod invoice_issued;
mod invoice_reminder;
mod no_account;
mod second_step_changed;
mod sign_in_code;

pub use address_change_undone::AddressChangeUndone;
pub use address_changed::AddressChanged;
pub use address_code::AddressCode;
pub use credit_note_issued::CreditNoteIssued;
pub use deletion::{Deletion, DeletionStep};
pub use departure::Departure;
pub use export_ready::ExportReady;
pub use invitation::Invitation;
pub use invoice_issued::InvoiceIssued;
pub use invoice_reminder::InvoiceReminder;
pub use no_account::NoAccount;
pub use second_step_changed::{SecondStepChange, SecondStepChanged};
pub use sign_in_code::SignInCode;

/// What the samples share: fictional, with addresses of a domain that cannot exist.
mod samples {
    use chrono::NaiveDate;

    use crate::{Alliance, BankAccount};

    pub(super) const PAGE: &str = "https://ensemble.example/wealdbrook/invoices/42";

    pub(super) fn alliance() -> Alliance {
        Alliance {
            name: "Wealdbrook Schools Partnership".into(),
            contact: "contributions@wealdbrook.example".into(),
        }
    }

    pub(super) fn bank() -> BankAccount {
        BankAccount {
            name: "Wealdbrook Schools Partnership".into(),
            sort_code: "12-34-56".into(),
            number: "01234567".into(),
            reference: "WEA-0042".into(),
        }
    }

    pub(super) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
    }
}

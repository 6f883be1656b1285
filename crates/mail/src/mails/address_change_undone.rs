//! An account has its old address again.

use chrono::NaiveDateTime;

use crate::format as filters;

/// To the address that an account had for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressChangeUndone {
    /// When it was undone, by the clock in London.
    pub at: NaiveDateTime,
    /// The host of this deployment, such as `ensemble.example`.
    pub site: String,
}

crate::mail::templates!(AddressChangeUndone "address_change_undone":
    "address_change_undone/subject.txt",
    "address_change_undone/body.txt",
    "address_change_undone/body.mjml",
    AddressChangeUndone {
        at: super::samples::day(2026, 11, 25).and_hms_opt(8, 30, 0).unwrap_or_default(),
        site: "ensemble.example".into(),
    }
);

//! An account has another address.

use chrono::NaiveDateTime;

use crate::format as filters;

/// To the address that an account had until now, so that whoever lost it by somebody else's doing gets it back.
#[derive(Clone, PartialEq, Eq)]
pub struct AddressChanged {
    /// With which address the account signs in now.
    pub new: String,
    /// When it changed, by the clock in London.
    pub at: NaiveDateTime,
    /// Six digits that undo it.
    pub code: String,
    /// The page where they are typed.
    pub page: String,
    /// Until when they work, by the clock in London.
    pub until: NaiveDateTime,
    /// The host of this deployment, such as `ensemble.example`.
    pub site: String,
}

crate::mail::templates!(AddressChanged "address_changed":
    "address_changed/subject.txt",
    "address_changed/body.txt",
    "address_changed/body.mjml",
    AddressChanged {
        new: "a.hale@wealdbrook.example".into(),
        at: super::samples::day(2026, 11, 24).and_hms_opt(10, 0, 0).unwrap_or_default(),
        code: "730951".into(),
        page: "https://ensemble.example/account/address/undo?change=42".into(),
        until: super::samples::day(2026, 12, 1).and_hms_opt(10, 0, 0).unwrap_or_default(),
        site: "ensemble.example".into(),
    }
);

//! What happened to a person's second step at sign-in, or to their passkeys.

use chrono::NaiveDateTime;

use crate::format as filters;

/// To the person whose second step it is, so that they learn of what somebody else did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondStepChanged {
    /// What happened.
    pub change: SecondStepChange,
    /// When, by the clock in London.
    pub at: NaiveDateTime,
    /// The host of this deployment, such as `ensemble.example`.
    pub site: String,
}

/// What happened to a second step or a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondStepChange {
    /// It is asked for from now on.
    Set {
        /// How many API tokens ended with it.
        ended_tokens: u64,
    },
    /// The person took it off.
    Removed,
    /// The operator took it off.
    TakenOff {
        /// How many API tokens ended with it.
        ended_tokens: u64,
    },
    /// A recovery code stood in for the app.
    RecoveryCodeUsed {
        /// How many are left.
        left: i64,
    },
    /// There are ten new recovery codes, and the old ones are worth nothing.
    RecoveryCodesRenewed,
    /// A passkey signs in from now on.
    PasskeyAdded,
    /// A passkey does so no more.
    PasskeyRemoved,
}

crate::mail::templates!(SecondStepChanged "second_step_changed":
    "second_step_changed/subject.txt",
    "second_step_changed/body.txt",
    "second_step_changed/body.mjml",
    SecondStepChanged {
        change: SecondStepChange::Set { ended_tokens: 0 },
        at: super::samples::day(2026, 11, 24).and_hms_opt(10, 0, 0).unwrap_or_default(),
        site: "ensemble.example".into(),
    }
);

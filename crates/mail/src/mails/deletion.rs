//! An alliance is to be deleted.

use chrono::NaiveDate;

use super::samples;
use crate::{Alliance, format as filters};

/// What happened to the deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionStep {
    /// It is asked for.
    Requested,
    /// Nobody comes in any more but directors.
    Deactivated,
    /// It does not happen.
    CalledOff,
}

/// To each director, at each step: one of them asked, and any of them can call it off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// What goes.
    pub alliance: Alliance,
    /// What happened.
    pub step: DeletionStep,
    /// Whoever asked, or called it off.
    pub by: String,
    /// Why it was asked for.
    pub reason: String,
    /// The day on which nobody comes in any more but directors.
    pub deactivates_on: NaiveDate,
    /// The day on which everything goes.
    pub purges_on: NaiveDate,
    /// The address of the page where it can be called off.
    pub page: String,
}

crate::mail::templates!(Deletion "deletion":
    "deletion/subject.txt",
    "deletion/body.txt",
    "deletion/body.mjml",
    Deletion {
        alliance: samples::alliance(),
        step: DeletionStep::Requested,
        by: "Amir Hale".into(),
        reason: "We have joined the county partnership.".into(),
        deactivates_on: samples::day(2027, 3, 17),
        purges_on: samples::day(2027, 4, 16),
        page: "https://ensemble.example/wealdbrook/settings/data".into(),
    }
);

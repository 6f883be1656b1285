//! An export is ready.

use chrono::NaiveDate;

use super::samples;
use crate::{Alliance, format as filters};

/// To whoever asked for everything that an alliance holds. The file itself is never mailed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportReady {
    /// Whose data.
    pub alliance: Alliance,
    /// The day on which it was asked for.
    pub asked_on: NaiveDate,
    /// The last whole day on which it can be downloaded.
    pub until: NaiveDate,
    /// The address of the page to download it from.
    pub page: String,
}

crate::mail::templates!(ExportReady "export_ready":
    "export_ready/subject.txt",
    "export_ready/body.txt",
    "export_ready/body.mjml",
    ExportReady {
        alliance: samples::alliance(),
        asked_on: samples::day(2027, 3, 3),
        until: samples::day(2027, 3, 9),
        page: "https://ensemble.example/wealdbrook/settings/data".into(),
    }
);

//! Somebody leaves an alliance.

use chrono::NaiveDate;

use super::samples;
use crate::{Alliance, format as filters};

/// To each of those who run the alliance, so that somebody takes over what the person held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// What they leave.
    pub alliance: Alliance,
    /// Who leaves.
    pub name: String,
    /// Their last day.
    pub ends_on: NaiveDate,
    /// What they act as, and where: "head, Mill Lane Primary School".
    pub roles: Vec<String>,
    /// The payers whose finance contact they are.
    pub finance_contact_of: Vec<String>,
    /// The address of their page.
    pub page: String,
}

crate::mail::templates!(Departure "departure":
    "departure/subject.txt",
    "departure/body.txt",
    "departure/body.mjml",
    Departure {
        alliance: samples::alliance(),
        name: "Amir Hale".into(),
        ends_on: samples::day(2027, 3, 3),
        roles: vec!["head, Mill Lane Primary School".into(), "strand lead, Leadership".into()],
        finance_contact_of: vec!["Mill Lane Primary School".into()],
        page: "https://ensemble.example/wealdbrook/people/42".into(),
    }
);

//! An invitation to an alliance.

use chrono::NaiveDate;

use super::samples;
use crate::{Alliance, format as filters};

/// To whoever is invited to act in a role. Its page asks them to sign in, and takes an answer by a button only, so that
/// nothing that merely follows links answers for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Who invites.
    pub alliance: Alliance,
    /// Whom it is for, as the inviter wrote it: several people may share one address. Empty when it shall not be said.
    pub name: String,
    /// The person who does; none is the service itself.
    pub invited_by: Option<String>,
    /// As what, and where: "head, Mill Lane Primary School".
    pub role: String,
    /// The inviter's own words; may be empty.
    pub message: String,
    /// Where it is sent: the address to sign in with.
    pub email: String,
    /// The last day on which it can be accepted.
    pub until: NaiveDate,
    /// The address of the page on which it is answered.
    pub page: String,
}

crate::mail::templates!(Invitation "invitation":
    "invitation/subject.txt",
    "invitation/body.txt",
    "invitation/body.mjml",
    Invitation {
        alliance: samples::alliance(),
        name: "Amir Hale".into(),
        invited_by: Some("Rosa Fennimore".into()),
        role: "head, Mill Lane Primary School".into(),
        message: "We spoke about it on Tuesday.".into(),
        email: "head@mill-lane.example".into(),
        until: samples::day(2026, 12, 14),
        page: "https://ensemble.example/invitations/42".into(),
    }
);

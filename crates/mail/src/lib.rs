//! Turns a typed mail into a delivered message.
//!
//! A caller fills in one of the [`mails`], [`compose`]s it with an [`Envelope`], and hands the [`Email`] to [`Smtp`] or
//! keeps it in a development mailbox. Nothing here knows the product. What holds for every mail:
//!
//! - It says the same in plain text and in HTML, and neither loads anything from anywhere.
//! - The same mail and envelope give the same bytes, so a second attempt sends what the first one sent.
//! - Data is text. Nothing in a school's name can act as markup, start a header or end a message: it is escaped for
//!   HTML, folded into one line for a header, and bodies travel as quoted-printable or base64 only, with CRLF line
//!   ends. The whole message is ASCII. (RUSTSEC-2026-0561: lettre 0.11.23 passes bare CR and LF on.)
//! - Nothing here logs, and no error and no `Debug` output contains a mail address.
//!
//! To add a mail: a struct in `mails/` with its templates and a sample, a folder of its name in `templates/` with
//! `subject.txt`, `body.txt` and `body.mjml`, and a line in the tests' list of samples.

mod compose;
#[expect(unreachable_pub, reason = "askama::filter_fn makes every filter public")]
mod format;
mod mail;
pub mod mails;
mod parts;
mod smtp;

#[cfg(test)]
mod tests;

pub use compose::{Attachment, ComposeError, Email, Envelope, Mailbox, compose};
pub use mail::{Mail, RenderError, Rendered};
pub use parts::{Alliance, Balance, BankAccount, ReminderLevel};
pub use smtp::{Reply, SendError, Smtp, SmtpUrlError};

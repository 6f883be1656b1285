//! Typed mails to MIME to SMTP.
//!
//! A mail is a typed value with two templates, text and MJML, in `templates/<name>/`. [`compose`] makes the message;
//! [`Smtp`] delivers it. Nothing here knows the product: amounts, names and addresses come in as they shall be read.

mod compose;
pub mod mails;
mod smtp;

pub use compose::{Attachment, ComposeError, Email, Envelope, compose};
pub use mails::Mail;
pub use smtp::{SendError, Smtp, SmtpUrlError};

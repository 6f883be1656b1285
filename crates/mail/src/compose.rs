//! From a typed mail and an envelope to a message.

use std::{fmt, time::SystemTime};

use chrono::{DateTime, Utc};
use lettre::{
    Address, Message,
    message::{
        self, MultiPart, SinglePart,
        header::{ContentDisposition, ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use crate::{
    Mail, RenderError,
    mail::{Rendered, one_line},
};

/// A name and an address.
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// As the reader sees it.
    pub name: Option<String>,
    /// As `local@domain`, in ASCII.
    pub address: String,
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").finish_non_exhaustive()
    }
}

/// A file that goes along.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, with the ending.
    pub name: String,
    /// Such as `application/pdf`.
    pub content_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("name", &self.name)
            .field("bytes", &self.content.len())
            .finish_non_exhaustive()
    }
}

/// Everything about a message but what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Who sends it.
    pub from: Mailbox,
    /// Who answers, if not the sender.
    pub reply_to: Option<Mailbox>,
    /// To whom; at least one.
    pub to: Vec<Mailbox>,
    /// Who reads along.
    pub cc: Vec<Mailbox>,
    /// As `<unique@host>`, the same at every attempt, so that a mailbox that gets it twice can tell.
    pub message_id: String,
    /// The same at every attempt.
    pub date: DateTime<Utc>,
    /// Files that go along.
    pub attachments: Vec<Attachment>,
}

/// A message, ready to be sent or shown.
#[derive(Clone)]
pub struct Email {
    /// The From header: a name and an address.
    pub sender: String,
    /// Every address it goes to.
    pub recipients: Vec<String>,
    /// The subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The names of the attached files.
    pub attachments: Vec<String>,
    /// With angle brackets.
    pub message_id: String,
    pub(crate) message: Message,
}

impl Email {
    /// The message as a mail server gets it.
    #[must_use]
    pub fn formatted(&self) -> Vec<u8> {
        self.message.formatted()
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

/// Why there is no message. Trying again with the same input does not help.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The templates have a fault.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// An address is none.
    #[error("the {0} address is not one that mail can be sent to")]
    InvalidAddress(&'static str),
    /// Nobody to send it to.
    #[error("the mail has no recipient")]
    NoRecipient,
    /// Not of the form `<unique@host>`.
    #[error("the Message-ID is not of the form <unique@host>")]
    InvalidMessageId,
    /// Before 1970 or after 9999.
    #[error("the date cannot be written in a mail")]
    InvalidDate,
    /// Not of the form `application/pdf`.
    #[error("the content type of an attachment cannot be read")]
    InvalidContentType,
    /// The parts do not make a message.
    #[error("the message cannot be built: {0}")]
    Build(#[from] lettre::error::Error),
}

/// Puts a mail into a message.
pub fn compose<M: Mail>(mail: &M, envelope: Envelope) -> Result<Email, ComposeError> {
    let Rendered { subject, text, html } = mail.render()?;
    if envelope.to.is_empty() {
        return Err(ComposeError::NoRecipient);
    }
    if !is_message_id(&envelope.message_id) {
        return Err(ComposeError::InvalidMessageId);
    }

    let from = mailbox("sender's", envelope.from)?;
    let sender = from.to_string();
    let mut builder = Message::builder()
        .date(date(envelope.date)?)
        .message_id(Some(envelope.message_id.clone()))
        .from(from)
        .subject(subject.as_str())
        // Answering machines leave alone what a machine has sent (RFC 3834).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    if let Some(reply_to) = envelope.reply_to {
        builder = builder.reply_to(mailbox("reply", reply_to)?);
    }
    let mut recipients = Vec::new();
    for to in envelope.to {
        let to = mailbox("recipient's", to)?;
        recipients.push(to.email.to_string());
        builder = builder.to(to);
    }
    for cc in envelope.cc {
        let cc = mailbox("recipient's", cc)?;
        recipients.push(cc.email.to_string());
        builder = builder.cc(cc);
    }

    let words = MultiPart::alternative()
        .boundary(boundary("alternative"))
        .singlepart(text_part(ContentType::TEXT_PLAIN, text.clone()))
        .singlepart(text_part(ContentType::TEXT_HTML, html.clone()));
    let mut attachments = Vec::new();
    let message = if envelope.attachments.is_empty() {
        builder.multipart(words)?
    } else {
        let mut mixed = MultiPart::mixed().boundary(boundary("mixed")).multipart(words);
        for attachment in envelope.attachments {
            let name = file_name(&attachment.name);
            mixed = mixed.singlepart(attachment_part(&name, attachment)?);
            attachments.push(name);
        }
        builder.multipart(mixed)?
    };
    Ok(Email {
        sender,
        recipients,
        subject,
        text,
        html,
        attachments,
        message_id: envelope.message_id,
        message,
    })
}

/// Neither quoted-printable nor base64 can contain `=_`, so no part can contain this and it need not be random.
fn boundary(kind: &str) -> String {
    format!("=_{kind}_=")
}

fn text_part(content_type: ContentType, text: String) -> SinglePart {
    SinglePart::builder().header(content_type).header(ContentTransferEncoding::QuotedPrintable).body(text)
}

fn attachment_part(name: &str, attachment: Attachment) -> Result<SinglePart, ComposeError> {
    let content_type =
        ContentType::parse(&attachment.content_type).map_err(|_| ComposeError::InvalidContentType)?;
    Ok(SinglePart::builder()
        .header(ContentDisposition::attachment(name))
        .header(content_type)
        .header(ContentTransferEncoding::Base64)
        .body(attachment.content))
}

/// A name that every system can store: without line breaks and without folders.
fn file_name(name: &str) -> String {
    one_line(name).replace(['/', '\\', ':', '"', '<', '>', '|', '?', '*'], "-")
}

fn mailbox(whose: &'static str, mailbox: Mailbox) -> Result<message::Mailbox, ComposeError> {
    let is_plain = mailbox.address.bytes().all(|byte| byte.is_ascii_graphic());
    let address: Address =
        mailbox.address.parse().ok().filter(|_| is_plain).ok_or(ComposeError::InvalidAddress(whose))?;
    let name = mailbox.name.map(|name| one_line(&name)).filter(|name| !name.is_empty());
    Ok(message::Mailbox::new(name, address))
}

fn is_message_id(id: &str) -> bool {
    let inner = id.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let parts = inner.and_then(|inner| inner.split_once('@'));
    parts.is_some_and(|(unique, host)| {
        let is_atom = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._+=".contains(&byte))
        };
        is_atom(unique) && is_atom(host)
    })
}

/// lettre panics on a date that it cannot write.
fn date(date: DateTime<Utc>) -> Result<SystemTime, ComposeError> {
    const END_OF_9999: i64 = 253_402_300_800;
    if (0..END_OF_9999).contains(&date.timestamp()) {
        Ok(date.into())
    } else {
        Err(ComposeError::InvalidDate)
    }
}

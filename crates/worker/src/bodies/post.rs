//! Where mails go: to a mail server, or into the development mailbox.

use domain::{
    app::App,
    messages::{self, NewDevelopmentMail},
};
use mail::{Attachment, Email, Envelope, Mail, Mailbox, SendError, Smtp, compose};

use crate::{JobError, metrics};

/// Sends mails in the name of this deployment.
#[derive(Clone)]
pub struct Post {
    /// The address that mails come from.
    pub from: String,
    /// How they leave.
    pub delivery: Delivery,
}

/// How mails leave.
#[derive(Clone)]
pub enum Delivery {
    /// Through a mail server.
    Smtp(Smtp),
    /// Into the mailbox that a development server shows.
    DevelopmentMailbox,
}

/// Who sends to whom.
pub(super) struct Letter<'a> {
    pub(super) from_name: &'a str,
    pub(super) reply_to: Option<&'a str>,
    pub(super) to: &'a str,
    pub(super) message_id: String,
    pub(super) date: domain::app::Timestamp,
    pub(super) attachments: Vec<Attachment>,
}

/// A mail that stands in no list of outgoing mail: about an account, or to those who run an alliance.
pub(super) struct Notice<'a> {
    /// In whose name.
    pub(super) from_name: &'a str,
    pub(super) to: &'a str,
    /// What tells this mail from every other. It makes the Message-ID, so a second attempt is the same mail.
    pub(super) id: String,
    pub(super) date: domain::app::Timestamp,
    pub(super) refused: Refused,
}

/// What follows when a mail server refuses a notice for good.
#[derive(Clone, Copy)]
pub(super) enum Refused {
    /// Nothing: nobody reads at that address.
    IsNothing,
    /// The job is parked, for the alliance's people to see.
    Parks,
}

/// What mails say of an alliance.
pub(super) fn alliance_of(alliance: &domain::alliances::Alliance) -> mail::Alliance {
    mail::Alliance { name: alliance.name.clone(), contact: alliance.letterhead.contact_email.clone() }
}

impl Post {
    /// Mails a notice.
    pub(super) async fn notify<M: Mail>(
        &self,
        app: &App,
        mail: &M,
        notice: Notice<'_>,
    ) -> Result<(), JobError> {
        let letter = Letter {
            from_name: notice.from_name,
            reply_to: None,
            to: notice.to,
            message_id: format!("<{}@{}>", notice.id, app.links.host()),
            date: notice.date,
            attachments: Vec::new(),
        };
        match (self.send(app, &self.compose(mail, letter)?).await, notice.refused) {
            (Err(SendError::Retry { reason }), _) => Err(JobError::Retry(reason)),
            (Err(SendError::Discard { reason, .. }), Refused::Parks) => Err(JobError::Discard(reason)),
            (Err(SendError::Discard { .. }), Refused::IsNothing) | (Ok(_), _) => Ok(()),
        }
    }

    /// Makes the message. What cannot be made now cannot be made later.
    pub(super) fn compose<M: Mail>(&self, mail: &M, letter: Letter<'_>) -> Result<Email, JobError> {
        let envelope = Envelope {
            from: Mailbox { name: Some(letter.from_name.to_owned()), address: self.from.clone() },
            reply_to: letter.reply_to.map(|address| Mailbox { name: None, address: address.to_owned() }),
            to: vec![Mailbox { name: None, address: letter.to.to_owned() }],
            cc: Vec::new(),
            message_id: letter.message_id,
            date: letter.date,
            attachments: letter.attachments,
        };
        compose(mail, envelope).map_err(|error| JobError::Discard(error.to_string()))
    }

    /// Hands the message over and returns what the server said.
    pub(super) async fn send(&self, app: &App, email: &Email) -> Result<String, SendError> {
        let reply = self.hand_over(app, email).await;
        metrics::mail(match &reply {
            Ok(_) => "sent",
            Err(SendError::Discard { .. }) => "refused",
            Err(SendError::Retry { .. }) => "again",
        });
        reply
    }

    async fn hand_over(&self, app: &App, email: &Email) -> Result<String, SendError> {
        match &self.delivery {
            Delivery::Smtp(smtp) => smtp.send(email).await.map(|reply| reply.to_string()),
            Delivery::DevelopmentMailbox => {
                let kept = NewDevelopmentMail {
                    sender: email.sender.clone(),
                    recipients: email.recipients.clone(),
                    subject: email.subject.clone(),
                    text: email.text.clone(),
                    html: email.html.clone(),
                    attachments: email.attachments.clone(),
                    message_id: email.message_id.clone(),
                };
                let done = messages::deliver_to_development_mailbox(app, &kept).await;
                done.map_err(|error| SendError::Retry { reason: error.to_string() })?;
                Ok("Kept in the development mailbox.".into())
            }
        }
    }
}

//! What the address that lost an account is told: if it was not them, they can undo it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{super::EmailAddress, Purpose, UNDO_LIFETIME, repo};
use crate::{
    app::{App, Timestamp},
    error::Internal,
    jobs::Job,
};

/// What happened to an account's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressChange {
    /// The account has another one.
    Changed,
    /// It has the old one again.
    Undone,
}

/// Mails the address that an account does not have any more.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendAddressNotice {
    /// Which change it is about.
    pub change_id: Uuid,
    /// What happened.
    pub change: AddressChange,
}

impl Job for SendAddressNotice {
    const KIND: &'static str = "send_address_notice";
}

/// What the mail says.
#[derive(Debug)]
pub enum AddressNotice {
    /// To the old address.
    Changed {
        /// Who had it.
        to: EmailAddress,
        /// What it signs in with now.
        new: EmailAddress,
        /// When it changed.
        at: Timestamp,
        /// Six digits that undo it.
        code: String,
        /// Where they are typed.
        page: String,
        /// Until when they work.
        until: Timestamp,
    },
    /// To the address that an account had for a while.
    Undone {
        /// Who had it.
        to: EmailAddress,
        /// When it was undone.
        at: Timestamp,
    },
}

/// Loads the mail of a job; `None` once the account is gone, or when there is nothing left to undo.
pub async fn address_notice(app: &App, job: &SendAddressNotice) -> Result<Option<AddressNotice>, Internal> {
    let Some(told) = repo::told(app, job.change_id).await? else { return Ok(None) };
    Ok(match (job.change, told.changed_at, told.undone_at) {
        (AddressChange::Changed, Some(at), None) => Some(AddressNotice::Changed {
            to: told.from,
            new: told.to,
            at,
            code: Purpose::Undo.digits(app, job.change_id),
            page: app.links.to(&format!("/account/address/undo?change={}", job.change_id)),
            until: at + UNDO_LIFETIME,
        }),
        (AddressChange::Undone, _, Some(at)) => Some(AddressNotice::Undone { to: told.to, at }),
        _ => None,
    })
}

//! What each kind of job does. A body is shallow: it loads through the domain, prints or sends, and records through the
//! domain.

mod advance_deletions;
mod build_export;
mod change_of_address;
mod expire_exports;
mod plan_reminders;
mod post;
mod print;
mod purge;
mod send_deletion_notice;
mod send_departure_notice;
mod send_export_notice;
mod send_invitation;
mod send_mail;
mod send_second_step_notice;
mod send_sign_in_code;

use std::sync::Arc;

use documents::Renderer;
use object_store::ObjectStore;

use crate::Registry;
pub use post::{Delivery, Post};
pub use purge::{PurgeError, purge, stored_tombstones};

/// What bodies share.
#[derive(Clone)]
pub struct Deps {
    /// Where rendered files are kept.
    pub store: Arc<dyn ObjectStore>,
    /// Makes PDFs.
    pub renderer: Arc<Renderer>,
    /// Sends mails.
    pub post: Post,
}

/// Every kind of job with its body.
#[must_use]
pub fn registry() -> Registry<Deps> {
    Registry::new()
        .on(advance_deletions::advance_deletions)
        .on(advance_deletions::deactivate_alliance)
        .on(advance_deletions::purge_alliance)
        .on(build_export::build_export)
        .on(expire_exports::expire_exports)
        .on(print::render_invoice)
        .on(print::render_credit_note)
        .on(change_of_address::send_address_code)
        .on(change_of_address::send_address_notice)
        .on(change_of_address::follow)
        .on(send_deletion_notice::send_deletion_notice)
        .on(send_departure_notice::send_departure_notice)
        .on(send_export_notice::send_export_notice)
        .on(send_invitation::send_invitation)
        .on(send_mail::send_mail)
        .on(send_sign_in_code::send_sign_in_code)
        .on(send_second_step_notice::send_second_step_notice)
        .on(plan_reminders::plan_reminders)
}

//! One mail: to whom, what became of it, and what it says.

use askama::Template;
use axum::extract::{Path, State};
use domain::viewer::Permission;
use gateway::schema::ids::Kind;
use uuid::Uuid;

use crate::{
    format,
    ids::{self, global},
    page::{PageError, PageResult, render},
    pages::query,
    session::Within,
    shell::Shell,
    site::SharedSite,
    words,
};

query!(Delivery, "src/pages/delivery/query.graphql");

#[derive(Template)]
#[template(path = "pages/delivery/page.html")]
struct Page {
    shell: Shell,
    mail: delivery::DeliveryAllianceDelivery,
    may_send: bool,
    list: String,
    base: String,
}

impl Page {
    fn title(&self) -> String {
        title(&self.mail)
    }

    /// The file that went along, with its address.
    fn attachment(&self) -> Option<(&'static str, String)> {
        let mail = &self.mail;
        let pdf =
            |folder: &str, id: &String| format!("{}/{folder}/{}/pdf", self.shell.home, ids::in_path(id));
        let invoice = mail.invoice_id.as_ref().map(|id| ("The invoice as a PDF", pdf("invoices", id)));
        let note =
            mail.credit_note_id.as_ref().map(|id| ("The credit note as a PDF", pdf("credit-notes", id)));
        invoice.or(note)
    }

    /// Why there is no text.
    fn without_text(&self) -> &'static str {
        match self.mail.sent_at {
            Some(_) => "The words of this mail were not kept: it was sent before mails were kept here.",
            None => {
                "It has no words yet: they are written when its turn comes, so that they are true on that day."
            }
        }
    }
}

/// Its subject line, or what it is.
fn title(mail: &delivery::DeliveryAllianceDelivery) -> String {
    let subject = mail.mail_subject.clone().filter(|subject| !subject.is_empty());
    subject.unwrap_or_else(|| words::sentence(&words::name(&mail.rule)))
}

pub(crate) async fn get(
    State(site): State<SharedSite>,
    within: Within,
    Path((_, id)): Path<(String, Uuid)>,
) -> PageResult {
    let variables = delivery::Variables { slug: within.slug(), id: global(&within, Kind::Delivery, id) };
    let data = site.query::<Delivery>(&within.signed, variables).await?;
    let mail = data.alliance.and_then(|alliance| alliance.delivery).ok_or(PageError::NotFound)?;
    let page = Page {
        shell: within.shell(&title(&mail)),
        may_send: within.may(Permission::IssueInvoices),
        list: within.path("/mail"),
        base: within.path(&format!("/mail/{id}")),
        mail,
    };
    render(&page)
}

//! What was mailed to whom, and what became of it.

mod send_again;

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, MergedObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{
    error::ReadError,
    ids::DeliveryId,
    messages::{self, Delivery, DeliveryCursor, DeliveryFilter, DeliveryState, Rule},
};
use uuid::Uuid;

use super::{
    batches::Batch,
    connection::{self, PageInfo},
    context::Inside,
    errors,
    ids::{self, Kind},
    schools::MemberObject,
};

#[derive(MergedObject, Default)]
pub(crate) struct MessagesMutation(send_again::SendAgainMutation);

/// One mail to one recipient.
pub(crate) struct DeliveryObject {
    inside: Arc<Inside>,
    delivery: Delivery,
}

impl DeliveryObject {
    fn all(inside: &Arc<Inside>, deliveries: Vec<Delivery>) -> Vec<Self> {
        deliveries.into_iter().map(|delivery| Self { inside: Arc::clone(inside), delivery }).collect()
    }
}

#[Object(name = "Delivery")]
impl DeliveryObject {
    /// Opaque, and good for as long as the mail is kept.
    pub(super) async fn id(&self) -> ID {
        ids::encode(Kind::Delivery, self.inside.id(), self.delivery.id.0)
    }

    /// Why it was sent.
    async fn rule(&self) -> RuleEnum {
        self.delivery.rule.into()
    }

    /// To whom.
    async fn recipient(&self) -> &str {
        self.delivery.recipient.as_str()
    }

    /// What became of it.
    async fn state(&self) -> DeliveryStateEnum {
        self.delivery.state.into()
    }

    /// For a reminder: its level, in days from the due date.
    async fn days_from_due(&self) -> Option<i32> {
        (self.delivery.rule == Rule::InvoiceReminder).then_some(self.delivery.occurrence.into())
    }

    /// How often it was tried.
    async fn attempts(&self) -> i32 {
        self.delivery.attempts.into()
    }

    /// Its subject line, once composed.
    async fn mail_subject(&self) -> Option<&str> {
        self.delivery.mail_subject.as_deref()
    }

    /// Its text as it was composed; null before that, and for mails of before texts were kept.
    async fn text(&self) -> Result<Option<String>> {
        self.inside.load::<DeliveryTexts>(self.delivery.id).await
    }

    /// For a mail about an invoice: which. Its PDF was attached.
    async fn invoice_id(&self) -> Option<ID> {
        let is_about = matches!(self.delivery.rule, Rule::InvoiceIssued | Rule::InvoiceReminder);
        is_about.then(|| ids::encode(Kind::Invoice, self.inside.id(), self.delivery.subject_id))
    }

    /// For a mail about a credit note: which. Its PDF was attached.
    async fn credit_note_id(&self) -> Option<ID> {
        let is_about = self.delivery.rule == Rule::CreditNoteIssued;
        is_about.then(|| ids::encode(Kind::CreditNote, self.inside.id(), self.delivery.subject_id))
    }

    /// What the mail server last said.
    async fn last_reply(&self) -> Option<&str> {
        self.delivery.last_reply.as_deref()
    }

    /// When it was queued.
    async fn created_at(&self) -> DateTime<Utc> {
        self.delivery.created_at
    }

    /// When the mail server took it.
    async fn sent_at(&self) -> Option<DateTime<Utc>> {
        self.delivery.sent_at
    }

    /// The member it concerns.
    async fn member(&self) -> Result<Option<MemberObject>> {
        self.inside.member(self.delivery.member_id).await
    }
}

/// Why a mail is sent.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "MailRule", remote = "Rule")]
pub(crate) enum RuleEnum {
    /// An invoice was issued.
    InvoiceIssued,
    /// An invoice is soon due, due, or overdue.
    InvoiceReminder,
    /// A credit note was issued.
    CreditNoteIssued,
}

/// What became of a mail.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "DeliveryState", remote = "DeliveryState")]
pub(crate) enum DeliveryStateEnum {
    /// Queued.
    Waiting,
    /// On its way.
    Sending,
    /// The mail server took it.
    Sent,
    /// The mail server refused it for good.
    Refused,
    /// Begun, and nobody knows how it ended: its sender said nothing for longer than sending takes.
    Unknown,
    /// No longer true when its turn came.
    Withdrawn,
}

/// How many mails are in a state.
#[derive(SimpleObject)]
pub(crate) struct DeliveryCount {
    /// The state.
    state: DeliveryStateEnum,
    /// How many.
    count: i64,
}

/// Counts the mails of a list.
pub(crate) struct DeliveryTotal {
    inside: Arc<Inside>,
    state: Option<DeliveryState>,
}

impl DeliveryTotal {
    async fn count(&self) -> Result<i64> {
        let counts = messages::delivery_counts(&self.inside.reading, self.inside.app.clock.now())
            .await
            .map_err(errors::read)?;
        Ok(counts
            .iter()
            .filter(|(state, _)| self.state.is_none_or(|only| only == *state))
            .map(|(_, n)| n)
            .sum())
    }
}

connection::connection! {
    /// Mails in pages.
    DeliveryConnection of DeliveryObject, total: DeliveryTotal
}

pub(crate) async fn deliveries(
    inside: &Arc<Inside>,
    state: Option<DeliveryStateEnum>,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<DeliveryConnection> {
    let list = inside.list("deliveries");
    let state = state.map(DeliveryState::from);
    let filter = DeliveryFilter { state, subject_id: None };
    let page = list.page(first, after)?;
    let page = messages::deliveries(&inside.reading, &filter, &page, inside.app.clock.now())
        .await
        .map_err(errors::read)?;
    let end_cursor = page
        .items
        .last()
        .map(|last| list.cursor(&DeliveryCursor { created_at: last.created_at, id: last.id }));
    Ok(DeliveryConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: DeliveryObject::all(inside, page.items),
        total: DeliveryTotal { inside: Arc::clone(inside), state },
    })
}

pub(crate) async fn delivery(inside: &Arc<Inside>, id: DeliveryId) -> Result<Option<DeliveryObject>> {
    let found =
        messages::delivery(&inside.reading, id, inside.app.clock.now()).await.map_err(errors::read)?;
    Ok(found.map(|delivery| DeliveryObject { inside: Arc::clone(inside), delivery }))
}

pub(crate) async fn delivery_counts(inside: &Arc<Inside>) -> Result<Vec<DeliveryCount>> {
    let counts =
        messages::delivery_counts(&inside.reading, inside.app.clock.now()).await.map_err(errors::read)?;
    Ok(counts.into_iter().map(|(state, count)| DeliveryCount { state: state.into(), count }).collect())
}

struct DeliveryTexts;

impl Batch for DeliveryTexts {
    type Key = DeliveryId;
    type Value = String;

    async fn read(inside: &Inside, keys: &[DeliveryId]) -> Result<HashMap<DeliveryId, String>, ReadError> {
        messages::delivery_texts(&inside.reading, keys).await
    }
}

struct DeliveriesAbout;

impl Batch for DeliveriesAbout {
    type Key = Uuid;
    type Value = Vec<Delivery>;

    async fn read(inside: &Inside, keys: &[Uuid]) -> Result<HashMap<Uuid, Vec<Delivery>>, ReadError> {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for delivery in messages::deliveries_about(&inside.reading, keys, inside.app.clock.now()).await? {
            found.entry(delivery.subject_id).or_default().push(delivery);
        }
        Ok(found)
    }
}

impl Inside {
    pub(crate) async fn deliveries_about(self: &Arc<Self>, subject: Uuid) -> Result<Vec<DeliveryObject>> {
        let found = self.load::<DeliveriesAbout>(subject).await?.unwrap_or_default();
        Ok(DeliveryObject::all(self, found))
    }
}

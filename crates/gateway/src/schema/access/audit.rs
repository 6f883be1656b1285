//! The record of changes.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{
    access::{
        self, AuditAction, AuditChange, AuditChanges, AuditCursor, AuditField, AuditFilter, AuditRecord,
        MadeBy,
    },
    error::ReadError,
    ids::{AuditRecordId, PersonId},
};

use crate::schema::{
    batches::Batch,
    connection::{self, PageInfo},
    context::Inside,
    errors,
    ids::{Kind, local},
    people::PersonObject,
};

/// By what a change was made.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "MadeBy", remote = "MadeBy")]
pub(crate) enum MadeByEnum {
    /// A person who signed in with a browser.
    Session,
    /// A program with a person's API token.
    Token,
    /// The alliance's own scheduled and queued work, or the service when it founded the alliance.
    Work,
    /// Something other than this service: somebody with a login of the database.
    Outsider,
}

/// What happened to something.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "AuditAction", remote = "AuditAction")]
pub(crate) enum AuditActionEnum {
    /// It is new.
    Added,
    /// It is otherwise than before.
    Changed,
    /// It is gone.
    Removed,
}

/// What was changed at one time, by one person or piece of work. It is only ever added to.
pub(crate) struct AuditRecordObject {
    inside: Arc<Inside>,
    record: AuditRecord,
}

#[Object(name = "AuditRecord")]
impl AuditRecordObject {
    /// From 1, without gaps.
    async fn number(&self) -> i64 {
        self.record.nth
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.record.at
    }

    /// Who; null for the alliance's own work, and for a person who is no longer known.
    async fn person(&self) -> Result<Option<PersonObject>> {
        match self.record.person_id {
            None => Ok(None),
            Some(id) => self.inside.person(id).await,
        }
    }

    /// By what.
    async fn made_by(&self) -> MadeByEnum {
        self.record.made_by.into()
    }

    /// The network address that it came from.
    async fn address(&self) -> Option<&str> {
        self.record.address.as_deref()
    }

    /// What was done that changes nothing which is recorded by itself, such as an export.
    async fn event(&self) -> Option<&str> {
        self.record.event.as_deref()
    }

    /// Over this record and the one before it: whoever notes one can tell later whether anything before it was altered.
    async fn fingerprint(&self) -> &str {
        &self.record.fingerprint
    }

    /// How many things it is about.
    async fn change_count(&self) -> Result<i64> {
        Ok(self.changed().await?.total)
    }

    /// The first 20 things that it is about.
    async fn changes(&self) -> Result<Vec<AuditChangeObject>> {
        Ok(self.changed().await?.first.into_iter().map(Into::into).collect())
    }
}

impl AuditRecordObject {
    async fn changed(&self) -> Result<AuditChanges> {
        Ok(self.inside.load::<ChangesOfRecord>(self.record.id).await?.unwrap_or_default())
    }
}

/// Something that was changed.
#[derive(SimpleObject)]
#[graphql(name = "AuditChange")]
pub(crate) struct AuditChangeObject {
    /// What kind of thing: "member", "payment", "role".
    about: String,
    /// How people know it: its name or number.
    name: Option<String>,
    /// What happened to it.
    action: AuditActionEnum,
    /// What changed of it; of something new or gone, all that it holds.
    fields: Vec<AuditFieldObject>,
}

impl From<AuditChange> for AuditChangeObject {
    fn from(change: AuditChange) -> Self {
        Self {
            about: change.about.to_owned(),
            name: change.name,
            action: change.action.into(),
            fields: change.fields.into_iter().map(Into::into).collect(),
        }
    }
}

/// One field of something that was changed.
#[derive(SimpleObject)]
#[graphql(name = "AuditField")]
pub(crate) struct AuditFieldObject {
    /// Which: "joined on".
    name: String,
    /// What stood there, in words.
    before: Option<String>,
    /// What stands there now, in words.
    after: Option<String>,
}

impl From<AuditField> for AuditFieldObject {
    fn from(field: AuditField) -> Self {
        let AuditField { name, before, after } = field;
        Self { name, before, after }
    }
}

struct ChangesOfRecord;

impl Batch for ChangesOfRecord {
    type Key = AuditRecordId;
    type Value = AuditChanges;

    async fn read(
        inside: &Inside,
        keys: &[AuditRecordId],
    ) -> Result<HashMap<AuditRecordId, AuditChanges>, ReadError> {
        access::audit_changes(&inside.reading, keys).await
    }
}

/// Counts the records of a list.
pub(crate) struct AuditTotal {
    inside: Arc<Inside>,
    filter: AuditFilter,
}

impl AuditTotal {
    async fn count(&self) -> Result<i64> {
        access::count_audit_records(&self.inside.reading, &self.filter).await.map_err(errors::read)
    }
}

connection::connection! {
    /// Records of changes in pages.
    AuditConnection of AuditRecordObject, total: AuditTotal
}

pub(crate) async fn audit_records(
    inside: &Arc<Inside>,
    person_id: Option<ID>,
    about: Option<String>,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<AuditConnection> {
    let list = inside.list("audit_records");
    let person_id = person_id.map(|id| PersonId(local(Kind::Person, inside.id(), &id)));
    let filter = AuditFilter { person_id, about };
    let page = list.page(first, after)?;
    let page = access::audit_records(&inside.reading, &filter, &page).await.map_err(errors::read)?;
    let end_cursor = page.items.last().map(|last| list.cursor(&AuditCursor { nth: last.nth }));
    let object = |record| AuditRecordObject { inside: Arc::clone(inside), record };
    Ok(AuditConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: page.items.into_iter().map(object).collect(),
        total: AuditTotal { inside: Arc::clone(inside), filter },
    })
}

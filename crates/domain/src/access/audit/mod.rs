//! The record of changes: who changed what in an alliance, by what proof and from where, what stood there before and what
//! stands there now. The database writes it (`migrations/*_create_audit_log.sql`), one record for each transaction, each
//! with a fingerprint over itself and the one before it. It is only ever added to.

mod check;
mod repo;
mod words;

pub use check::{BrokenRecord, check_records};
pub use words::RECORDED;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    app::{App, Timestamp},
    db::Tx,
    error::{Internal, ReadError},
    ids::{AuditRecordId, PersonId},
    jobs::DEPLOYMENT,
    page::{Page, PageRequest},
    viewer::{Permission, Reading, Viewer},
};

/// By what a change was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeBy {
    /// A person who signed in with a browser.
    Session,
    /// A program with a person's API token.
    Token,
    /// The alliance's own scheduled and queued work, or the service when it founded the alliance.
    Work,
    /// Something other than this service: somebody with a login of the database.
    Outsider,
}

/// What one transaction changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Which.
    pub id: AuditRecordId,
    /// From 1, without gaps.
    pub nth: i64,
    /// When, by the clock of the database.
    pub at: Timestamp,
    /// Who; `None` for the alliance's own work.
    pub person_id: Option<PersonId>,
    /// By what.
    pub made_by: MadeBy,
    /// The network address that it came from.
    pub address: Option<String>,
    /// What was done that changes nothing which is recorded by itself, such as an export.
    pub event: Option<String>,
    /// Over this record and the one before it, in hexadecimal.
    pub fingerprint: String,
}

/// What happened to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditAction {
    /// It is new.
    Added,
    /// It is otherwise than before.
    Changed,
    /// It is gone.
    Removed,
}

/// One thing that a record is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditChange {
    /// What kind of thing, in words: `member`.
    pub about: &'static str,
    /// How people know it: its name or number.
    pub name: Option<String>,
    /// What happened to it.
    pub action: AuditAction,
    /// What changed of it; of something new or gone, all that it holds.
    pub fields: Vec<AuditField>,
}

/// One field of a thing, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditField {
    /// Which: `joined on`.
    pub name: String,
    /// What stood there.
    pub before: Option<String>,
    /// What stands there now.
    pub after: Option<String>,
}

/// What a record is about: the first 20 things, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditChanges {
    /// How many things.
    pub total: i64,
    /// The first of them.
    pub first: Vec<AuditChange>,
}

/// Things of one record that are listed.
pub(super) const MOST_CHANGES: i64 = 20;

/// Which records are listed. Empty fields filter nothing.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// What this person did.
    pub person_id: Option<PersonId>,
    /// About things of this kind, by a word of [`RECORDED`].
    pub about: Option<String>,
}

/// Where a list of records goes on: before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCursor {
    /// The last one shown.
    pub nth: i64,
}

/// Records of the alliance, the newest first.
pub async fn audit_records(
    reading: &Reading,
    filter: &AuditFilter,
    page: &PageRequest<AuditCursor>,
) -> Result<Page<AuditRecord>, ReadError> {
    let mut tx = reading.require(Permission::SeeAudit).await?;
    Ok(page.cut(repo::records(&mut tx, filter, page).await?))
}

/// How many records the filter finds.
pub async fn count_audit_records(reading: &Reading, filter: &AuditFilter) -> Result<i64, ReadError> {
    let mut tx = reading.require(Permission::SeeAudit).await?;
    Ok(repo::count_records(&mut tx, filter).await?)
}

/// What records are about. One that changed nothing is left out.
pub async fn audit_changes(
    reading: &Reading,
    ids: &[AuditRecordId],
) -> Result<HashMap<AuditRecordId, AuditChanges>, ReadError> {
    let mut tx = reading.require(Permission::SeeAudit).await?;
    let rows = repo::changes(&mut tx, ids).await?;
    let names = repo::names(&mut tx, &words::references(&rows)).await?;
    let mut found: HashMap<AuditRecordId, AuditChanges> = HashMap::new();
    for row in rows {
        let changes = found.entry(row.record_id).or_default();
        changes.total = row.total;
        changes.first.push(words::change(row, &names));
    }
    Ok(found)
}

/// Records what changes no row of the alliance: an export, an API token. `event` is in words, at most 500 characters.
pub async fn record_event(app: &App, viewer: &Viewer, event: &str) -> Result<(), Internal> {
    let scope = viewer.require(Permission::SeeAlliance).map_err(Internal::new)?;
    let mut tx = app.db.begin(scope).await?;
    add_event(app, &mut tx, event).await?;
    tx.commit().await
}

/// The same as part of a transaction; a record beside that of the rows which it changes. The deployment's own work is in
/// no alliance's record.
pub(crate) async fn add_event(app: &App, tx: &mut Tx, event: &str) -> Result<(), Internal> {
    if tx.alliance_id() == DEPLOYMENT {
        return Ok(());
    }
    repo::add_event(tx, AuditRecordId::new(app), event).await
}

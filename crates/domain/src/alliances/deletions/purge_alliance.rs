//! Everything of an alliance goes.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::repo;
use crate::{
    app::{App, Timestamp},
    db::Db,
    error::{Internal, ReadError},
    ids::{AllianceId, DeletionId},
    jobs::Job,
    viewer::{Permission, Viewer},
};

/// Deletes an alliance.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgeAlliance {
    /// Which.
    pub alliance_id: AllianceId,
    /// By which deletion.
    pub deletion_id: DeletionId,
}

impl Job for PurgeAlliance {
    const KIND: &'static str = "purge_alliance";
    const TIMEOUT: Duration = Duration::from_mins(30);

    fn dedupe_key(&self) -> Option<String> {
        Some(self.deletion_id.to_string())
    }
}

/// What is left of an alliance: that there was one. It is kept in the database, and in the file store, so that a backup of
/// the one that is restored meets the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Whose id no alliance has again.
    pub alliance_id: AllianceId,
    /// What its short address was.
    pub slug: String,
    /// What it was called.
    pub name: String,
    /// When it was founded.
    pub founded_at: Timestamp,
    /// When its deletion began.
    pub begun_at: Timestamp,
}

/// A tombstone and how far the deletion is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purged {
    /// Of whom.
    pub tombstone: Tombstone,
    /// When everything was gone; `None` while it goes.
    pub purged_at: Option<Timestamp>,
    /// What was deleted.
    pub report: Option<Report>,
}

/// What was deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Rows, by table.
    pub rows: BTreeMap<String, i64>,
    /// Files of the store.
    pub files: u64,
    /// Sign-in accounts of people who are in no other alliance.
    pub accounts: u64,
}

/// Writes that the alliance goes, before anything does; from here on nobody calls it off. `None` when nothing is to go: the
/// deletion was called off, or the alliance is gone.
pub async fn begin_purge(app: &App, job: &PurgeAlliance) -> Result<Option<Tombstone>, ReadError> {
    let scope = Viewer::machinery(job.alliance_id).require(Permission::ManageData)?;
    let now = app.clock.now();
    let mut tx = app.db.begin(scope).await?;
    if !repo::begin_purge(&mut tx, job.deletion_id, now).await? {
        return Ok(None);
    }
    tx.commit().await?;
    let mut tx = app.db.machine().await?;
    let tombstone = repo::bury(&mut tx, job.alliance_id, now).await?;
    tx.commit().await?;
    Ok(tombstone)
}

/// Deletes every row of an alliance that has a tombstone, its queued work and API tokens too, and the accounts of people who
/// are in no other: all of it, or nothing. Doing so twice changes nothing.
pub async fn finish_purge(app: &App, tombstone: &Tombstone, files: u64) -> Result<Report, Internal> {
    let mut tx = app.db.machine().await?;
    // After a restore, the store may know what the database does not.
    repo::keep_tombstone(&mut tx, tombstone).await?;
    let accounts = repo::accounts_of(&mut tx, tombstone.alliance_id).await?;
    let rows: BTreeMap<String, i64> =
        serde_json::from_value(repo::purge(&mut tx, tombstone.alliance_id).await?)?;
    let accounts = repo::delete_accounts(&mut tx, &accounts).await?;
    let report = Report { rows, files, accounts };
    // Of several times, the one counts that had something to delete.
    if report.rows.values().any(|count| *count > 0) {
        repo::set_purged(&mut tx, tombstone.alliance_id, app.clock.now(), &report).await?;
    }
    tx.commit().await?;
    Ok(report)
}

/// Every deleted alliance, the last one first.
pub async fn tombstones(db: &Db) -> Result<Vec<Purged>, Internal> {
    let mut tx = db.machine().await?;
    repo::tombstones(&mut tx).await
}

/// Of these, those that the database has: a backup was restored, or they are going still.
pub async fn returned_alliances(db: &Db, known: Vec<Tombstone>) -> Result<Vec<Tombstone>, Internal> {
    let mut tx = db.machine().await?;
    let mut returned = Vec::new();
    for tombstone in known {
        if repo::is_there(&mut tx, tombstone.alliance_id).await? {
            returned.push(tombstone);
        }
    }
    Ok(returned)
}

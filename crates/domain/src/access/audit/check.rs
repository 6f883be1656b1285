//! Whether the record of changes is as it was written.

use super::repo;
use crate::{
    db::Db,
    error::Internal,
    viewer::{Permission, Viewer},
};

/// Where an alliance's record of changes is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRecord {
    /// The alliance's part of the address.
    pub slug: String,
    /// The first record that does not fit the one before it or what it is about; `None` when rows were changed without a
    /// record.
    pub nth: Option<i64>,
}

/// Reads the records of every alliance, one after another, and returns how many there are and where they are broken. What
/// it cannot see: that the newest ones were taken away; whoever noted a fingerprint can.
pub async fn check_records(db: &Db) -> Result<(i64, Vec<BrokenRecord>), Internal> {
    let (mut records, mut broken) = (0, Vec::new());
    for (alliance_id, slug) in repo::alliances(db).await? {
        let scope = Viewer::machinery(alliance_id).require(Permission::SeeAudit).map_err(Internal::new)?;
        let mut tx = db.snapshot(scope).await?;
        let chain = repo::chain(&mut tx).await?;
        records += chain.records;
        if chain.broken.is_some() || chain.is_missing_some {
            broken.push(BrokenRecord { slug, nth: chain.broken });
        }
    }
    Ok((records, broken))
}

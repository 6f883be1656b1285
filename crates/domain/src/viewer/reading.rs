//! What one request reads, in one snapshot.

use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use super::{Permission, Reach, Scope, Viewer};
use crate::{
    db::{Db, Tx},
    error::{Internal, ReadError},
};

/// One consistent, read-only view of an alliance for as long as one request lasts. All reads of the
/// request share it, one after the other, so a page never shows two states of one thing.
pub struct Reading {
    db: Db,
    viewer: Viewer,
    tx: Mutex<Snapshot>,
}

/// The transaction of a request.
enum Snapshot {
    /// Nothing was read yet.
    NotBegun,
    Open(Tx),
    /// It did not open: the same is said to whoever reads later, and not tried for each.
    Failed(String),
}

impl Reading {
    /// Opens nothing yet: the transaction begins with the first permitted read.
    #[must_use]
    pub fn new(db: Db, viewer: Viewer) -> Self {
        Self { db, viewer, tx: Mutex::new(Snapshot::NotBegun) }
    }

    /// Who reads.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Permits a read of the whole alliance.
    pub(crate) async fn require(&self, permission: Permission) -> Result<ReadTx<'_>, ReadError> {
        let scope = self.viewer.require(permission)?;
        Ok(self.tx(scope).await?)
    }

    /// Permits a read as far as the viewer's roles reach.
    pub(crate) async fn reach(&self, permission: Permission) -> Result<(ReadTx<'_>, Reach), ReadError> {
        let (scope, reach) = self.viewer.reach(permission)?;
        Ok((self.tx(scope).await?, reach))
    }

    async fn tx(&self, scope: Scope) -> Result<ReadTx<'_>, Internal> {
        let mut slot = self.tx.lock().await;
        match &*slot {
            Snapshot::Open(_) => {}
            Snapshot::Failed(fault) => return Err(Internal::echo(fault)),
            Snapshot::NotBegun => match self.db.snapshot(scope).await {
                Ok(tx) => *slot = Snapshot::Open(tx),
                Err(error) => {
                    *slot = Snapshot::Failed(error.detail());
                    return Err(error);
                }
            },
        }
        MutexGuard::try_map(slot, |slot| match slot {
            Snapshot::Open(tx) => Some(tx),
            Snapshot::NotBegun | Snapshot::Failed(_) => None,
        })
        .map_err(|_| Internal::new("the snapshot did not open"))
    }
}

/// The request's snapshot, held for one read.
pub(crate) type ReadTx<'a> = MappedMutexGuard<'a, Tx>;

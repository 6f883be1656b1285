use async_graphql::{Object, Result};
use chrono::{DateTime, Utc};
use domain::{
    alliances::deletions::{self, Deletion},
    viewer::Permission,
};

use crate::schema::{context::Inside, errors};

/// That the alliance is to be deleted.
pub(crate) struct DeletionObject(pub(crate) Deletion);

#[Object(name = "Deletion")]
impl DeletionObject {
    /// The name of the director who asked.
    async fn requested_by(&self) -> &str {
        &self.0.requested_by
    }

    /// When.
    async fn requested_at(&self) -> DateTime<Utc> {
        self.0.requested_at
    }

    /// Why.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// From when on nobody comes in but directors, and no work is done.
    async fn deactivates_at(&self) -> DateTime<Utc> {
        self.0.deactivates_at
    }

    /// Since when that is so.
    async fn deactivated_at(&self) -> Option<DateTime<Utc>> {
        self.0.deactivated_at
    }

    /// When everything is deleted for good.
    async fn purges_at(&self) -> DateTime<Utc> {
        self.0.purges_at
    }
}

pub(super) async fn deletion(inside: &Inside) -> Result<Option<DeletionObject>> {
    if !inside.viewer().may(Permission::ManageData) {
        return Ok(None);
    }
    let found = deletions::deletion(&inside.reading).await.map_err(errors::read)?;
    Ok(found.map(DeletionObject))
}

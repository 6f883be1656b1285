//! The parts of the alliance's work.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{ID, Result, SimpleObject};
use domain::{
    alliances,
    error::ReadError,
    ids::{AllianceId, StrandId},
};

use crate::schema::{
    batches::Batch,
    context::Inside,
    ids::{self, Kind},
};

/// A part of the alliance's work.
#[derive(SimpleObject)]
#[graphql(name = "Strand")]
pub(crate) struct StrandObject {
    /// Opaque, and good for as long as the strand exists.
    id: ID,
    /// Its name in this alliance.
    name: String,
}

impl StrandObject {
    pub(super) fn of(alliance_id: AllianceId, strand: alliances::Strand) -> Self {
        Self { id: ids::encode(Kind::Strand, alliance_id, strand.id.0), name: strand.name }
    }
}

struct StrandsById;

impl Batch for StrandsById {
    type Key = StrandId;
    type Value = alliances::Strand;

    async fn read(
        inside: &Inside,
        keys: &[StrandId],
    ) -> Result<HashMap<StrandId, alliances::Strand>, ReadError> {
        let mut strands = alliances::strands(&inside.reading).await?;
        strands.retain(|strand| keys.contains(&strand.id));
        Ok(strands.into_iter().map(|strand| (strand.id, strand)).collect())
    }
}

impl Inside {
    pub(crate) async fn strand(self: &Arc<Self>, id: StrandId) -> Result<Option<StrandObject>> {
        let found = self.load::<StrandsById>(id).await?;
        Ok(found.map(|strand| StrandObject::of(self.id(), strand)))
    }
}

//! Ids in addresses: the thing's own id, without the kind and the alliance that the schema's ids carry.

use domain::ids::StrandId;
use gateway::schema::ids::{self, Kind};
use uuid::Uuid;

use crate::session::Within;

/// The id in an address of what a schema id names.
pub(crate) fn in_path(id: &str) -> String {
    ids::decode(id).map_or_else(String::new, |(_, _, uuid)| uuid.to_string())
}

/// The schema's id of a thing of this alliance.
pub(crate) fn global(within: &Within, kind: Kind, id: Uuid) -> String {
    ids::encode(kind, within.viewer().alliance_id(), id).to_string()
}

/// The strand that a schema id names, if it is one.
pub(crate) fn strand(id: &str) -> Option<StrandId> {
    ids::decode(id).map(|(.., uuid)| StrandId(uuid))
}

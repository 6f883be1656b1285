//! Days on which schools are closed.

use async_graphql::{ID, SimpleObject};
use domain::{alliances, ids::AllianceId};

use crate::schema::{
    ids::{self, Kind},
    scalars::Date,
};

/// Days on which schools are closed, both ends included.
#[derive(SimpleObject)]
#[graphql(name = "Closure")]
pub(crate) struct ClosureObject {
    /// Opaque, and good for as long as the closure is entered.
    id: ID,
    /// "Autumn half term".
    name: String,
    /// The first day.
    starts_on: Date,
    /// The last day.
    ends_on: Date,
}

/// Days on which schools are closed, both ends included.
#[derive(SimpleObject)]
#[graphql(name = "ClosedDays")]
pub(crate) struct ClosedDaysObject {
    /// "Autumn half term", "school holiday".
    name: String,
    /// The first day.
    starts_on: Date,
    /// The last day.
    ends_on: Date,
}

impl From<alliances::ClosedDays> for ClosedDaysObject {
    fn from(closed: alliances::ClosedDays) -> Self {
        Self { name: closed.name, starts_on: closed.starts_on.into(), ends_on: closed.ends_on.into() }
    }
}

impl ClosureObject {
    pub(super) fn of(alliance_id: AllianceId, closure: alliances::Closure) -> Self {
        Self {
            id: ids::encode(Kind::Closure, alliance_id, closure.id.0),
            name: closure.name,
            starts_on: closure.starts_on.into(),
            ends_on: closure.ends_on.into(),
        }
    }
}

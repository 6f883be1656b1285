//! What each school gave and gained.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, Object, Result};
use domain::{
    error::ReadError,
    ids::MemberId,
    ledger::{self, LedgerEntry, LedgerHead},
};

use super::{
    batches::Batch,
    context::Inside,
    ids::{self, Kind},
    scalars::Date,
};

/// The most entries of one member that a list of members shows; more is the member's own page.
pub(crate) const LEDGER_HEAD: u16 = 5;

/// The latest of what a member gave and gained.
pub(crate) struct LedgerHeadObject {
    inside: Arc<Inside>,
    head: LedgerHead,
}

#[Object(name = "LedgerHead")]
impl LedgerHeadObject {
    /// The latest entries, five at the most, the newest first.
    async fn latest(&self) -> Vec<LedgerEntryObject> {
        let object = |entry: &LedgerEntry| LedgerEntryObject {
            inside: Arc::clone(&self.inside),
            entry: entry.clone(),
        };
        self.head.latest.iter().map(object).collect()
    }

    /// How many entries there are in all.
    async fn total_count(&self) -> i64 {
        self.head.count
    }
}

/// One thing given or gained.
pub(crate) struct LedgerEntryObject {
    inside: Arc<Inside>,
    entry: LedgerEntry,
}

#[Object(name = "LedgerEntry")]
impl LedgerEntryObject {
    /// Opaque, and good for ever: entries are never changed.
    async fn id(&self) -> ID {
        ids::encode(Kind::LedgerEntry, self.inside.id(), self.entry.id.0)
    }

    /// The day it happened.
    async fn occurred_on(&self) -> Date {
        self.entry.occurred_on.into()
    }

    /// Given or gained.
    async fn direction(&self) -> DirectionEnum {
        self.entry.direction.into()
    }

    /// What is counted.
    async fn unit(&self) -> UnitEnum {
        self.entry.unit.into()
    }

    /// Hundredths of a day, whole places, or pence, by the unit.
    async fn quantity(&self) -> i64 {
        self.entry.quantity
    }

    /// In words.
    async fn note(&self) -> &str {
        &self.entry.note
    }
}

/// Whether a member gave or gained.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "Direction", remote = "ledger::Direction")]
pub(crate) enum DirectionEnum {
    /// The member gave.
    Gave,
    /// The member gained.
    Gained,
}

/// What a ledger entry counts.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "Unit", remote = "ledger::Unit")]
pub(crate) enum UnitEnum {
    /// Hundredths of a day.
    Days,
    /// Places at an event.
    Places,
    /// Pence.
    Pence,
}

struct HeadOfMember;

impl Batch for HeadOfMember {
    type Key = MemberId;
    type Value = LedgerHead;

    async fn read(inside: &Inside, keys: &[MemberId]) -> Result<HashMap<MemberId, LedgerHead>, ReadError> {
        ledger::ledger_heads(&inside.reading, keys, LEDGER_HEAD).await
    }
}

impl Inside {
    pub(crate) async fn ledger_head(self: &Arc<Self>, id: MemberId) -> Result<LedgerHeadObject> {
        let head = self.load::<HeadOfMember>(id).await?.unwrap_or_default();
        Ok(LedgerHeadObject { inside: Arc::clone(self), head })
    }
}

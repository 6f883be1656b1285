//! What each school gave and gained: one append-only ledger, in days, places and money. A mistake is answered by a
//! further entry, never by a change.

pub(crate) mod repo;

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::{
    app::App,
    error::ReadError,
    funding::invoices::Invoice,
    ids::{AllocationId, LedgerEntryId, MemberId},
    money::Pence,
    viewer::{Permission, Reading},
};

/// One thing given or gained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The entry.
    pub id: LedgerEntryId,
    /// Whose.
    pub member_id: MemberId,
    /// The day it happened.
    pub occurred_on: NaiveDate,
    /// Given or gained.
    pub direction: Direction,
    /// What is counted.
    pub unit: Unit,
    /// Hundredths of a day, whole places, or pence, by the unit; below zero when it takes back an earlier entry.
    pub quantity: i64,
    /// A stable word for what it was, such as `contribution`.
    pub kind: String,
    /// In words.
    pub note: String,
    /// What it follows from, so that one cause makes one entry.
    pub source_id: Option<uuid::Uuid>,
}

/// Whether the member gave or gained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The member gave.
    Gave,
    /// The member gained.
    Gained,
}

impl Direction {
    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gave => "gave",
            Self::Gained => "gained",
        }
    }
}

/// What a ledger entry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Hundredths of a day.
    Days,
    /// Places at an event.
    Places,
    /// Pence.
    Pence,
}

impl Unit {
    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Places => "places",
            Self::Pence => "pence",
        }
    }
}

/// The entry for money that a member's invoice received, or lost again by a reversal.
pub(crate) fn contribution(
    app: &App,
    (invoice, allocation): (&Invoice, AllocationId),
    amount: Pence,
    received_on: NaiveDate,
) -> LedgerEntry {
    LedgerEntry {
        id: LedgerEntryId::new(app),
        member_id: invoice.member_id,
        occurred_on: received_on,
        direction: Direction::Gave,
        unit: Unit::Pence,
        quantity: amount.0,
        kind: "contribution".into(),
        note: format!("paid on invoice {}", invoice.number),
        source_id: Some(allocation.0),
    }
}

/// A member's latest entries, the newest first, and how many it has in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerHead {
    /// The latest.
    pub latest: Vec<LedgerEntry>,
    /// How many there are.
    pub count: i64,
}

/// The heads of these members' ledgers within reach, with `latest` entries at the most: one statement, whatever their
/// number.
pub async fn ledger_heads(
    reading: &Reading,
    members: &[MemberId],
    latest: u16,
) -> Result<HashMap<MemberId, LedgerHead>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::heads(&mut tx, &reach, members, latest.into()).await?)
}

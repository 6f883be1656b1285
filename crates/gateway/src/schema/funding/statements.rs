//! Statements of account.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, Result, SimpleObject};
use domain::{
    error::ReadError,
    funding::statements::{self, LineKind, StatementLine},
    ids::{AllianceId, PayerId},
};

use crate::schema::{
    batches::Batch,
    context::Inside,
    ids::{self, Kind},
    scalars::{Date, Pence},
};

/// A payer's account: what was billed, credited, received and sent back, by date.
#[derive(SimpleObject)]
#[graphql(name = "Statement")]
pub(crate) struct StatementObject {
    /// From the first on.
    lines: Vec<StatementLineObject>,
    /// What the payer owes in all; below nought what the alliance holds for it.
    balance: Pence,
}

/// A line of a statement.
#[derive(SimpleObject)]
#[graphql(name = "StatementLine")]
pub(crate) struct StatementLineObject {
    /// Its date.
    date: Date,
    /// What it tells of.
    kind: LineKindEnum,
    /// The invoice, of a line that tells of one.
    invoice_id: Option<ID>,
    /// The number of an invoice or a credit note, or what a payment quoted.
    reference: String,
    /// The member of an invoice, or the reason of a credit note or a refund.
    note: String,
    /// What it adds to the account; below nought what it takes off.
    amount: Pence,
    /// What the payer owes after it.
    balance: Pence,
}

/// What a line of a statement tells of.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "StatementLineKind", remote = "LineKind")]
pub(crate) enum LineKindEnum {
    /// An invoice: the payer owes more.
    Invoice,
    /// A credit note: it owes less.
    CreditNote,
    /// Money that came, as far as it is this payer's.
    Payment,
    /// Money that was sent back.
    Refund,
}

impl StatementLineObject {
    fn of(alliance_id: AllianceId, line: StatementLine) -> Self {
        Self {
            invoice_id: line.invoice_id.map(|id| ids::encode(Kind::Invoice, alliance_id, id.0)),
            date: line.date.into(),
            kind: line.kind.into(),
            reference: line.reference,
            note: line.note,
            amount: line.amount.into(),
            balance: line.balance.into(),
        }
    }
}

struct StatementOfPayer;

impl Batch for StatementOfPayer {
    type Key = PayerId;
    type Value = Vec<StatementLine>;

    async fn read(inside: &Inside, keys: &[PayerId]) -> Result<HashMap<PayerId, Self::Value>, ReadError> {
        statements::statements(&inside.reading, keys).await
    }
}

impl Inside {
    pub(crate) async fn statement(self: &Arc<Self>, id: PayerId) -> Result<StatementObject> {
        let lines = self.load::<StatementOfPayer>(id).await?.unwrap_or_default();
        let balance = lines.last().map_or(domain::money::Pence::ZERO, |line| line.balance).into();
        Ok(StatementObject {
            lines: lines.into_iter().map(|line| StatementLineObject::of(self.id(), line)).collect(),
            balance,
        })
    }
}

//! A payer's statement of account: what was billed, credited, received and sent back, by date, and what is left.

mod repo;

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::{
    error::{Internal, ReadError},
    ids::{InvoiceId, PayerId},
    money::Pence,
    viewer::{Permission, Reading},
};

/// What a line of a statement tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// An invoice: the payer owes more.
    Invoice,
    /// A credit note: it owes less.
    CreditNote,
    /// Money that came, as far as it is this payer's.
    Payment,
    /// Money that was sent back.
    Refund,
}

impl LineKind {
    const ALL: [Self; 4] = [Self::Invoice, Self::CreditNote, Self::Payment, Self::Refund];

    fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
            Self::Payment => "payment",
            Self::Refund => "refund",
        }
    }

    fn parse(name: &str) -> Result<Self, Internal> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        found.ok_or_else(|| Internal::new(format!("no line of a statement is of the kind {name}")))
    }
}

/// A line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// Its date.
    pub date: NaiveDate,
    /// What it tells of.
    pub kind: LineKind,
    /// The invoice, of a line that tells of one.
    pub invoice_id: Option<InvoiceId>,
    /// The number of an invoice or a credit note, or what a payment quoted.
    pub reference: String,
    /// The member of an invoice, or the reason of a credit note or a refund.
    pub note: String,
    /// What it adds to the account; below zero what it takes off.
    pub amount: Pence,
    /// What the payer owes after it; below zero what the alliance holds for it.
    pub balance: Pence,
}

/// The statements of these payers as far as they are within reach, each from its first line on. What a payment was set
/// against tells whose it is; what of it is free or was sent back is on the account of the payer that it names. So the
/// last balance is what the payer's invoices still need, less what is free of its payments.
pub async fn statements(
    reading: &Reading,
    ids: &[PayerId],
) -> Result<HashMap<PayerId, Vec<StatementLine>>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    let rows = repo::lines(&mut tx, &reach, ids).await?;
    drop(tx);
    let mut statements: HashMap<_, Vec<StatementLine>> = HashMap::new();
    for (payer_id, mut line) in rows {
        let statement = statements.entry(payer_id).or_default();
        let before = statement.last().map_or(Pence::ZERO, |line| line.balance);
        let balance = before.checked_add(line.amount);
        line.balance = balance.ok_or_else(|| Internal::new("the balance of a statement does not fit"))?;
        statement.push(line);
    }
    Ok(statements)
}

//! The statement of account.

use chrono::NaiveDate;
use serde::Serialize;

use crate::{Payer, RenderError, Supplier, format};

/// What one payer owes on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementDocument {
    /// Who is owed.
    pub supplier: Supplier,
    /// Who owes.
    pub payer: Payer,
    /// The day.
    #[serde(serialize_with = "format::serialize_date")]
    pub as_at: NaiveDate,
    /// The payer's open invoices, in order.
    pub invoices: Vec<OpenInvoice>,
    /// What is owed by age, disputed invoices left out, from the youngest age to the oldest.
    pub aged: Vec<AgedAmount>,
    /// Payments received that are not yet set against an invoice, in pence; they reduce what is owed.
    #[serde(serialize_with = "format::serialize_money")]
    pub on_account: i64,
}

/// An invoice with something left to pay. Amounts are in pence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenInvoice {
    /// Its number.
    pub number: String,
    /// The school it is for.
    pub school_name: String,
    /// Its date.
    #[serde(serialize_with = "format::serialize_date")]
    pub issued_on: NaiveDate,
    /// The day by which to pay.
    #[serde(serialize_with = "format::serialize_date")]
    pub due_on: NaiveDate,
    /// What it asked for.
    #[serde(serialize_with = "format::serialize_money")]
    pub gross: i64,
    /// What was received and credited since.
    #[serde(serialize_with = "format::serialize_money")]
    pub settled: i64,
    /// What is left to pay.
    #[serde(serialize_with = "format::serialize_money")]
    pub outstanding: i64,
    /// Whether it is asked for.
    pub standing: Standing,
}

/// Whether an invoice on a statement is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// To be paid.
    Owed,
    /// Questioned by the payer: listed, but not part of what is to be paid.
    Disputed,
}

/// What is owed of one age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgedAmount {
    /// The age, such as `1 to 30 days`.
    pub label: String,
    /// How much, in pence.
    #[serde(serialize_with = "format::serialize_money")]
    pub amount: i64,
}

#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    statement: &'a StatementDocument,
    title: &'static str,
    #[serde(serialize_with = "format::serialize_money")]
    owed: i64,
    #[serde(serialize_with = "format::serialize_money")]
    disputed: i64,
    has_disputed: bool,
    has_on_account: bool,
    #[serde(serialize_with = "format::serialize_money")]
    payable: i64,
    is_payable: bool,
}

impl StatementDocument {
    /// What the template shows.
    pub(crate) fn printed(&self) -> Result<impl Serialize, RenderError> {
        let sum = |standing| {
            let mut alike = self.invoices.iter().filter(|invoice| invoice.standing == standing);
            alike
                .try_fold(0_i64, |sum, invoice| sum.checked_add(invoice.outstanding))
                .ok_or(RenderError::SumTooLarge)
        };
        let (owed, disputed) = (sum(Standing::Owed)?, sum(Standing::Disputed)?);
        let payable = owed.checked_sub(self.on_account).ok_or(RenderError::SumTooLarge)?;
        Ok(Printed {
            statement: self,
            title: "Statement of account",
            owed,
            disputed,
            has_disputed: disputed != 0,
            has_on_account: self.on_account != 0,
            payable,
            is_payable: payable > 0,
        })
    }
}

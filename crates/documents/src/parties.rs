//! Who sends a document, who pays, and for which school.

use serde::Serialize;

/// Who issues the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Supplier {
    /// The legal entity.
    pub legal_name: String,
    /// Its postal address, a line each.
    pub address: String,
    /// Where a payer's office may write to.
    pub contact_email: String,
    /// The VAT registration number, if registered.
    pub vat_number: Option<String>,
    /// The account to pay into.
    pub bank: BankAccount,
}

/// A bank account as a payer needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BankAccount {
    /// The name on the account.
    pub name: String,
    /// Six digits as `12-34-56`.
    pub sort_code: String,
    /// Eight digits.
    pub number: String,
}

/// Who settles the invoice: a school, its trust or its local authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payer {
    /// The legal entity.
    pub legal_name: String,
    /// Its postal address, a line each.
    pub address: String,
}

/// The member for which the payer settles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct School {
    /// Its name.
    pub name: String,
    /// Its number in the national register, if it has one.
    pub urn: Option<i32>,
}

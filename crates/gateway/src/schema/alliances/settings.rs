//! What an alliance is called, who issues its invoices, and how it raises contributions.

use async_graphql::{Enum, SimpleObject};
use domain::alliances;

/// Who issues invoices.
#[derive(SimpleObject)]
#[graphql(name = "Letterhead")]
pub(crate) struct LetterheadObject {
    /// The legal entity.
    pub(crate) legal_name: String,
    /// The postal address, a line each.
    pub(crate) address: String,
    /// Where payers write to.
    pub(crate) contact_email: String,
    /// The VAT registration number, if registered.
    pub(crate) vat_number: Option<String>,
    /// The name on the account to pay into.
    pub(crate) bank_account_name: String,
    /// As 12-34-56.
    pub(crate) sort_code: String,
    /// Eight digits.
    pub(crate) account_number: String,
}

impl From<alliances::Letterhead> for LetterheadObject {
    fn from(letterhead: alliances::Letterhead) -> Self {
        Self {
            legal_name: letterhead.legal_name,
            address: letterhead.address,
            contact_email: letterhead.contact_email,
            vat_number: letterhead.vat_number,
            bank_account_name: letterhead.bank.name,
            sort_code: letterhead.bank.sort_code,
            account_number: letterhead.bank.number,
        }
    }
}

/// How an alliance raises contributions.
#[derive(SimpleObject)]
#[graphql(name = "Terms")]
pub(crate) struct TermsObject {
    /// What kind of body supplies.
    pub(super) supplier_kind: SupplierKindEnum,
    /// Where its people plan their days, as in the time zone database.
    pub(super) timezone: String,
    /// The month, 1 to 12, in which its year begins.
    pub(super) year_start_month: i32,
    /// Days from issue to due date.
    pub(super) payment_terms_days: i32,
    /// What invoice numbers begin with.
    pub(super) invoice_prefix: String,
    /// What credit note numbers begin with.
    pub(super) credit_prefix: String,
}

/// What an alliance calls itself and its parts.
#[derive(SimpleObject)]
#[graphql(name = "Wording")]
pub(crate) struct WordingObject {
    /// "alliance", "partnership", "hub".
    pub(super) alliance: String,
    /// "member", "partner school".
    pub(super) member: String,
    /// "strand", "programme".
    pub(super) strand: String,
}

/// What kind of body the alliance's legal entity is.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "SupplierKind", remote = "alliances::SupplierKind")]
pub(crate) enum SupplierKindEnum {
    /// A school, academy trust or local authority. Education it supplies is exempt from VAT.
    EducationBody,
    /// A trading company: charges VAT on everything.
    TradingCompany,
    /// Anybody who is not registered for VAT: charges none.
    NotRegistered,
}

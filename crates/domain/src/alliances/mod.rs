//! The tenants: each alliance's name, letterhead, calendar and local words.

mod add_closure;
mod add_strand;
mod change_closure;
mod change_settings;
mod confirm_alliance;
pub mod deletions;
mod demo;
pub mod exports;
mod found_alliance;
mod found_own_alliance;
mod remove_closure;
mod remove_strand;
mod rename_strand;
pub(crate) mod repo;
pub mod set_up;
pub mod terms;

pub use add_closure::{AddClosureError, ClosureInput, ClosureInputError, add_closure};
pub use add_strand::{AddStrandError, add_strand};
pub use change_closure::{ChangeClosure, ChangeClosureError, change_closure};
pub use change_settings::{ChangeSettings, ChangeSettingsError, GeneralSettings, change_settings};
pub use confirm_alliance::{ConfirmAllianceError, Listed, confirm_alliance, every_alliance};
pub use demo::{DemoState, begin_demo, clear_half_made_demo, demo_state, finish_demo, leave_demo};
pub use found_alliance::{FoundAlliance, FoundAllianceError, FoundingPerson, found_alliance};
pub use found_own_alliance::{FoundOwnAlliance, FoundOwnAllianceError, found_own_alliance};
pub use remove_closure::{RemoveClosureError, remove_closure};
pub use remove_strand::{RemoveStrandError, remove_strand};
pub use rename_strand::{RenameStrand, RenameStrandError, rename_strand};

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::{
    app::Timestamp,
    db::Tx,
    error::{Internal, ReadError},
    funding::vat::Supplier,
    ids::{AllianceId, ClosureId, StrandId},
    viewer::{Permission, Reading},
};

/// An alliance and how it works.
#[derive(Debug, Clone, PartialEq)]
pub struct Alliance {
    /// The tenant.
    pub id: AllianceId,
    /// Its part of the address: lower-case letters, digits and hyphens.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Who issues invoices.
    pub letterhead: Letterhead,
    /// How it raises contributions.
    pub terms: Terms,
    /// Its local words.
    pub wording: Wording,
    /// Whether whoever runs the deployment knows it. Until then it is on trial, and its mail goes to its own team only.
    pub is_confirmed: bool,
    /// Whether whoever has no second step at sign-in may not enter.
    pub requires_second_step: bool,
}

/// Who issues invoices, as printed on them and frozen with each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letterhead {
    /// The legal entity.
    pub legal_name: String,
    /// Its postal address, a line each.
    pub address: String,
    /// Where payers write to.
    pub contact_email: String,
    /// The VAT registration number, if registered.
    pub vat_number: Option<String>,
    /// The account to pay into.
    pub bank: BankAccount,
}

/// A bank account as a payer needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankAccount {
    /// The name on the account.
    pub name: String,
    /// Six digits as `12-34-56`.
    pub sort_code: String,
    /// Eight digits.
    pub number: String,
}

/// How an alliance raises contributions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What kind of body supplies: it decides the usual VAT treatment.
    pub supplier_kind: SupplierKind,
    /// Where its people plan their days.
    pub timezone: Tz,
    /// The month, 1 to 12, in which its year begins.
    pub year_start_month: u32,
    /// Days from issue to due date.
    pub payment_terms_days: u16,
    /// What invoice numbers begin with.
    pub invoice_prefix: String,
    /// What credit note numbers begin with.
    pub credit_prefix: String,
}

/// What kind of body the alliance's legal entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupplierKind {
    /// An eligible body: a school, academy trust or local authority. Education it supplies is exempt.
    EducationBody,
    /// A trading company: charges VAT on everything.
    TradingCompany,
    /// Anybody who is not registered for VAT: charges none.
    NotRegistered,
}

impl SupplierKind {
    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EducationBody => "education_body",
            Self::TradingCompany => "trading_company",
            Self::NotRegistered => "not_registered",
        }
    }

    /// What it is for VAT.
    #[must_use]
    pub fn supplier(self) -> Supplier {
        match self {
            Self::EducationBody => Supplier::EligibleBody,
            Self::TradingCompany => Supplier::TradingCompany,
            Self::NotRegistered => Supplier::NotRegistered,
        }
    }

    pub(crate) fn stored(text: &str) -> Self {
        match text {
            "trading_company" => Self::TradingCompany,
            "not_registered" => Self::NotRegistered,
            _ => Self::EducationBody,
        }
    }
}

/// What an alliance calls itself and its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wording {
    /// "alliance", "partnership", "hub".
    pub alliance: String,
    /// "member", "partner school".
    pub member: String,
    /// "strand", "programme".
    pub strand: String,
}

impl Default for Wording {
    fn default() -> Self {
        Self { alliance: "alliance".into(), member: "member".into(), strand: "strand".into() }
    }
}

impl Wording {
    /// Several of its kind: "alliances", "partnerships".
    #[must_use]
    pub fn alliances(&self) -> String {
        plural(&self.alliance)
    }

    /// Several members: "members", "partner schools", "academies".
    #[must_use]
    pub fn members(&self) -> String {
        plural(&self.member)
    }

    /// Several strands: "strands", "programmes".
    #[must_use]
    pub fn strands(&self) -> String {
        plural(&self.strand)
    }
}

/// The plural by the rule of English, which the words of alliances follow.
fn plural(word: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    if ends(&["s", "x", "z", "ch", "sh"]) {
        format!("{word}es")
    } else if let Some(stem) = word.strip_suffix('y').filter(|_| !ends(&["ay", "ey", "oy", "uy"])) {
        format!("{stem}ies")
    } else {
        format!("{word}s")
    }
}

/// A ready-made set of strands and words to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// The Teaching School Alliance and its six strands.
    TeachingSchoolAlliance,
    /// The Teaching School Hub of 2021 and after.
    TeachingSchoolHub,
    /// A county partnership.
    CountyPartnership,
}

impl Template {
    /// Every template.
    pub const ALL: [Self; 3] =
        [Self::TeachingSchoolAlliance, Self::TeachingSchoolHub, Self::CountyPartnership];

    /// The strands it begins with.
    #[must_use]
    pub fn strands(self) -> &'static [&'static str] {
        match self {
            Self::TeachingSchoolAlliance => &[
                "Initial teacher training",
                "Professional development",
                "School-to-school support",
                "Leadership and succession",
                "Specialist leaders",
                "Research and joint practice development",
            ],
            Self::TeachingSchoolHub => &[
                "Initial teacher training",
                "Early career teachers",
                "National professional qualifications",
                "Appropriate body",
                "Professional development",
            ],
            Self::CountyPartnership => &[
                "School improvement",
                "Professional development",
                "Leadership and governance",
                "Peer review",
            ],
        }
    }

    /// The words it begins with.
    #[must_use]
    pub fn wording(self) -> Wording {
        let (alliance, strand) = match self {
            Self::TeachingSchoolAlliance => ("alliance", "strand"),
            Self::TeachingSchoolHub => ("hub", "programme"),
            Self::CountyPartnership => ("partnership", "programme"),
        };
        Wording { alliance: alliance.into(), strand: strand.into(), ..Wording::default() }
    }
}

/// A part of the alliance's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strand {
    /// The strand.
    pub id: StrandId,
    /// Its name in this alliance.
    pub name: String,
}

/// Days on which schools are closed, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// The closure.
    pub id: ClosureId,
    /// "Autumn half term".
    pub name: String,
    /// The first day.
    pub starts_on: NaiveDate,
    /// The last day.
    pub ends_on: NaiveDate,
}

/// Days on which schools are closed, both ends included, whoever said so: a closure, or two terms with days between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedDays {
    /// "Autumn half term", "school holiday".
    pub name: String,
    /// The first day.
    pub starts_on: NaiveDate,
    /// The last day.
    pub ends_on: NaiveDate,
}

impl Alliance {
    /// The local date at `now`.
    #[must_use]
    pub fn date(&self, now: Timestamp) -> NaiveDate {
        now.with_timezone(&self.terms.timezone).date_naive()
    }
}

/// The alliance that `reading` is in.
pub async fn alliance(reading: &Reading) -> Result<Alliance, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    Ok(repo::alliance(&mut tx).await?)
}

/// The alliance's strands, in its order.
pub async fn strands(reading: &Reading) -> Result<Vec<Strand>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    Ok(repo::strands(&mut tx).await?)
}

/// The closures that end on or after `from`, by date.
pub async fn closures(reading: &Reading, from: NaiveDate) -> Result<Vec<Closure>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    Ok(repo::closures(&mut tx, from).await?)
}

/// The days on which its schools are closed that end on or after `from`, by date.
pub async fn closed_days(reading: &Reading, from: NaiveDate) -> Result<Vec<ClosedDays>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    Ok(days_closed(&mut tx, from).await?)
}

/// The same for what plans by them.
pub(crate) async fn days_closed(tx: &mut Tx, from: NaiveDate) -> Result<Vec<ClosedDays>, Internal> {
    terms::repo::closed_days(tx, from).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_plural() {
        let many =
            ["member", "partner school", "academy", "key partner", "day", "branch", "class"].map(plural);
        assert_eq!(
            many,
            ["members", "partner schools", "academies", "key partners", "days", "branches", "classes"]
        );
    }
}

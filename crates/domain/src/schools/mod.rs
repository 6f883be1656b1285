//! Schools: the national register and its links, and the members that alliances make of them.
//!
//! The register is the same for every alliance. Its files are imported by whoever runs the deployment; everybody who
//! belongs to an alliance may read it.

mod csv_file;
mod import;
mod import_links;
mod import_register;
mod import_term_dates;
mod links_file;
pub mod members;
mod register;
mod register_file;
pub(crate) mod repo;
mod search_words;
mod succession;
mod term_dates_file;

pub use csv_file::{CsvFile, FileError, Reject};
pub use import::{ImportError, ImportRun, Imported, Written};
pub use import_links::import_links;
pub use import_register::import_register;
pub use import_term_dates::import_term_dates;
pub use links_file::{Relation, SchoolLink};
pub use register::{
    LocalAuthority, SchoolCursor, SchoolFilter, count_schools_to_choose, local_authorities, schools_by_urn,
    schools_to_choose, todays_schools_of,
};
pub use register_file::RegisterSchool;
pub use succession::{LinkedSchool, Step};
pub use term_dates_file::AuthorityTerm;

use chrono::NaiveDate;

use crate::{
    error::ReadError,
    page::MAX_PAGE,
    schools::members::Phase,
    viewer::{Permission, Reading},
};

/// Whether a school teaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It does.
    Open,
    /// It does not any more.
    Closed,
    /// It does; the closing date is a plan, and plans slip.
    ProposedToClose,
    /// Not yet.
    ProposedToOpen,
    /// A status that the register had not when this was written.
    Unknown,
}

impl Status {
    /// As a person reads it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::ProposedToClose => "open, but proposed to close",
            Self::ProposedToOpen => "proposed to open",
            Self::Unknown => "of unknown status",
        }
    }

    /// Of the register's code.
    #[must_use]
    pub(crate) fn of(code: i32) -> Self {
        match code {
            1 => Self::Open,
            2 => Self::Closed,
            3 => Self::ProposedToClose,
            4 => Self::ProposedToOpen,
            _ => Self::Unknown,
        }
    }
}

impl RegisterSchool {
    /// Whether it teaches.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::of(self.status_code)
    }

    /// The ages it teaches: from the register's phase, which calls infant and junior schools primary and has none for
    /// special and independent schools, and from the ages it may admit.
    #[must_use]
    pub fn phase(&self) -> Phase {
        const SPECIAL: [&str; 3] = ["special", "referral", "alternative provision"];
        let type_name = self.type_name.as_deref().unwrap_or_default().to_lowercase();
        if SPECIAL.iter().any(|word| type_name.contains(word)) {
            return Phase::Special;
        }
        match (self.phase_code, self.lowest_age.zip(self.highest_age)) {
            (Some(1), _) => Phase::Nursery,
            (Some(2), Some((..=5, ..=8))) => Phase::Infant,
            (Some(2), Some((7.., ..=11))) => Phase::Junior,
            (Some(2 | 3), _) => Phase::Primary,
            (Some(4 | 5), _) => Phase::Secondary,
            (Some(6), _) | (_, Some((16.., _))) => Phase::SixteenPlus,
            (Some(7), _) => Phase::AllThrough,
            (_, Some((_, ..=5))) => Phase::Nursery,
            (_, Some((_, ..=13))) => Phase::Primary,
            (_, Some((11.., _))) => Phase::Secondary,
            (_, Some(_)) => Phase::AllThrough,
            (_, None) => Phase::Other,
        }
    }

    /// The postal address, a line each, without the name.
    #[must_use]
    pub fn address(&self) -> String {
        let lines = [&self.street, &self.locality, &self.address3, &self.town, &self.county, &self.postcode];
        lines.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// The schools with these numbers in the register, in any order; unknown ones are left out.
pub async fn schools_by_urns(reading: &Reading, urns: &[i32]) -> Result<Vec<RegisterSchool>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    Ok(repo::schools(tx.conn(), urns).await?)
}

/// At most `limit` (100) schools of which every word of `text` begins a word of the name, town, postcode or local
/// authority, or is the URN. Closed ones come last; before that those of the local authorities where the alliance has
/// members already, then those whose name begins with `text`, then by name. Case, accents, apostrophes and "Saint" for
/// "St" make no difference. None for a text without letters and digits.
pub async fn search_schools(
    reading: &Reading,
    text: &str,
    limit: u16,
) -> Result<Vec<RegisterSchool>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    let words = search_words::of_query(text);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    Ok(repo::search(&mut tx, &words, limit.min(MAX_PAGE)).await?)
}

/// Whether the national register is here. A deployment begins without it.
pub async fn register_is_loaded(reading: &Reading) -> Result<bool, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    Ok(repo::has_schools(&mut tx).await?)
}

/// What has become of each school by the day `on`: itself as long as none came after it, else whatever came last along
/// the register's links, with the steps that lead there. Several where it was split, or where the register
/// contradicts itself. A number that neither register nor links know is left out.
pub async fn todays_schools(
    reading: &Reading,
    urns: &[i32],
    on: NaiveDate,
) -> Result<Vec<(i32, Vec<LinkedSchool>)>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    let known = repo::succession(tx.conn(), urns, Relation::Successor).await?;
    let today = urns.iter().map(|urn| (*urn, succession::todays_school(&known, *urn, on)));
    Ok(today.filter(|(_, schools)| !schools.is_empty()).collect())
}

/// The schools that each of these has come from, the nearest first, each with the steps from it to here.
pub async fn former_schools(
    reading: &Reading,
    urns: &[i32],
) -> Result<Vec<(i32, Vec<LinkedSchool>)>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    let known = repo::succession(tx.conn(), urns, Relation::Predecessor).await?;
    Ok(urns.iter().map(|urn| (*urn, succession::former_schools(&known, *urn))).collect())
}

//! When schools are open: an alliance's own list of terms, which begins with what the authority of its lead school
//! publishes, or with a usual year.

pub(super) mod repo;
mod set_term_dates;
mod usual;

pub use set_term_dates::{SetTermDates, SetTermDatesError, set_term_dates};
pub use usual::usual_terms;

use chrono::{Datelike, NaiveDate};

use crate::{
    db::Tx,
    error::{Internal, ReadError},
    viewer::{Permission, Reading},
};

/// A part of a school year in which schools are open, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// "Autumn term, first half".
    pub name: String,
    /// The first day.
    pub starts_on: NaiveDate,
    /// The last day.
    pub ends_on: NaiveDate,
}

/// A year from 1 August to 31 July, by the year in which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchoolYear(pub i32);

impl SchoolYear {
    /// The one that this day lies in.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self(if day.month() >= 8 { day.year() } else { day.year() - 1 })
    }

    /// `2026-27`.
    #[must_use]
    pub fn label(self) -> String {
        format!("{}-{:02}", self.0, (self.0 + 1).rem_euclid(100))
    }

    /// The year of such a label; a slash will do.
    #[must_use]
    pub fn parse(label: &str) -> Option<Self> {
        let (first, second) = label.trim().split_once(['-', '/'])?;
        let year = Self(first.parse().ok().filter(|year| (2000..=2098).contains(year))?);
        // The second year is written with two digits or with four.
        [format!("{:02}", (year.0 + 1) % 100), (year.0 + 1).to_string()]
            .contains(&second.to_owned())
            .then_some(year)
    }

    /// 1 August. Years that nobody asks about begin with the calendar's last.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.0, 8, 1).unwrap_or(NaiveDate::MAX)
    }

    /// Whether the day lies in it.
    #[must_use]
    pub fn has(self, day: NaiveDate) -> bool {
        Self::of(day) == self
    }
}

/// Where the terms that an alliance may begin with come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermSource {
    /// Published by the local authority of this name.
    Authority(String),
    /// A usual year.
    Usual,
}

/// Terms for a school year, for a person to look at and save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedTerms {
    /// Where they come from.
    pub source: TermSource,
    /// By date.
    pub terms: Vec<Term>,
}

/// The alliance's terms that end on or after `from`, by date.
pub async fn term_dates(reading: &Reading, from: NaiveDate) -> Result<Vec<Term>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    Ok(repo::term_dates(&mut tx, from).await?)
}

/// What the authority of the school that leads on `on` publishes for a school year, else a usual one.
pub async fn proposed_terms(
    reading: &Reading,
    year: SchoolYear,
    on: NaiveDate,
) -> Result<ProposedTerms, ReadError> {
    let mut tx = reading.require(Permission::ManageAlliance).await?;
    Ok(propose(&mut tx, year, on).await?)
}

async fn propose(tx: &mut Tx, year: SchoolYear, on: NaiveDate) -> Result<ProposedTerms, Internal> {
    let (authority, published) = repo::published_terms(tx, year, on).await?;
    Ok(match authority {
        Some(name) if set_term_dates::checked(year, published.clone()).is_ok() => {
            ProposedTerms { source: TermSource::Authority(name), terms: published }
        }
        _ => ProposedTerms { source: TermSource::Usual, terms: usual_terms(year) },
    })
}

/// Gives a new alliance the terms of the school year that is not over yet.
pub(super) async fn begin_with(tx: &mut Tx, today: NaiveDate) -> Result<(), Internal> {
    let year = SchoolYear::of(today);
    for year in [year, SchoolYear(year.0 + 1)] {
        let terms = propose(tx, year, today).await?.terms;
        if terms.last().is_some_and(|last| last.ends_on >= today) {
            return repo::insert_terms(tx, year, &terms).await;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn school_years_begin_in_august() {
        let year = |text: &str| SchoolYear::of(text.parse().unwrap()).0;
        assert_eq!([year("2026-07-31"), year("2026-08-01"), year("2027-01-01")], [2025, 2026, 2026]);
        assert_eq!(SchoolYear(2026).label(), "2026-27");
        assert_eq!(SchoolYear(2099).label(), "2099-00");
        for label in ["2026-27", "2026/27", " 2026/2027 "] {
            assert_eq!(SchoolYear::parse(label), Some(SchoolYear(2026)), "{label}");
        }
        for label in ["2026", "2026-28", "26-27", "2026-7", "x-y", "2099-00", ""] {
            assert_eq!(SchoolYear::parse(label), None, "{label}");
        }
    }
}

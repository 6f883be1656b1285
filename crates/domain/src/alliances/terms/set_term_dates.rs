//! The terms of a school year are written down.

use super::{SchoolYear, Term, repo};
use crate::{
    alliances,
    app::App,
    error::{Forbidden, Internal},
    people,
    problem::failure,
    text::one_line,
    viewer::{Permission, Viewer},
};

/// The most parts that a school year has.
const MOST_TERMS: usize = 8;

/// The terms of one school year, instead of those that were there.
#[derive(Debug, Clone)]
pub struct SetTermDates {
    /// Which school year.
    pub year: SchoolYear,
    /// Its terms, or halves of terms; none when they are not known.
    pub terms: Vec<Term>,
}

/// Why the terms stay as they were. Lines are counted from one.
#[derive(Debug, thiserror::Error)]
pub enum SetTermDatesError {
    /// Not permitted.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// More than two years from today.
    #[error("Term dates are kept from two years ago to two years from now.")]
    InvalidYear,
    /// More than eight.
    #[error("A school year has eight parts at most.")]
    TooMany,
    /// Empty, or longer than 100 characters.
    #[error("Line {line}: please say what it is in at most 100 characters, such as Autumn term, first half.")]
    InvalidName {
        /// Which.
        line: usize,
    },
    /// Over before it begins.
    #[error("Line {line}: the last day cannot be before the first day.")]
    EndsBeforeStart {
        /// Which.
        line: usize,
    },
    /// Outside the school year.
    #[error(
        "Line {line}: the school year {year} goes from August to July. Please look at the years of these dates."
    )]
    OutsideYear {
        /// Which.
        line: usize,
        /// As `2026-27`.
        year: String,
    },
    /// Not after the one above.
    #[error("Line {line}: it begins before the line above it is over.")]
    Overlap {
        /// Which.
        line: usize,
    },
    /// A fault on our side.
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// The terms as they are kept, if they can be those of the year.
pub(super) fn checked(year: SchoolYear, terms: Vec<Term>) -> Result<Vec<Term>, SetTermDatesError> {
    use SetTermDatesError as E;
    if terms.len() > MOST_TERMS {
        return Err(E::TooMany);
    }
    let mut kept: Vec<Term> = Vec::with_capacity(terms.len());
    for (line, term) in (1..).zip(terms) {
        let name = one_line(&term.name, 100).ok_or(E::InvalidName { line })?;
        if term.ends_on < term.starts_on {
            return Err(E::EndsBeforeStart { line });
        }
        if !year.has(term.starts_on) || !year.has(term.ends_on) {
            return Err(E::OutsideYear { line, year: year.label() });
        }
        if kept.last().is_some_and(|before| term.starts_on <= before.ends_on) {
            return Err(E::Overlap { line });
        }
        kept.push(Term { name, ..term });
    }
    Ok(kept)
}

/// Writes the terms of a school year down. From now on no invoice falls due between two of them, and no reminder goes
/// then; due dates of invoices already issued stay.
pub async fn set_term_dates(
    app: &App,
    viewer: &Viewer,
    input: SetTermDates,
) -> Result<Vec<Term>, SetTermDatesError> {
    let scope = viewer.require(Permission::ManageAlliance)?;
    let terms = checked(input.year, input.terms)?;

    let mut tx = app.db.begin(scope).await?;
    // Of two at once, the second sees what the first has written.
    people::repo::hold_alliance(&mut tx).await?;
    let today = alliances::repo::alliance(&mut tx).await?.date(app.clock.now());
    if (input.year.0 - SchoolYear::of(today).0).abs() > 2 {
        return Err(SetTermDatesError::InvalidYear);
    }
    repo::delete_terms(&mut tx, input.year).await?;
    repo::insert_terms(&mut tx, input.year, &terms).await?;
    tx.commit().await?;
    Ok(terms)
}

failure!(SetTermDatesError {
    InvalidYear => "schoolYear",
    TooMany => "terms",
    InvalidName => "terms",
    EndsBeforeStart => "terms",
    OutsideYear => "terms",
    Overlap => "terms",
} nested { Forbidden, Internal });

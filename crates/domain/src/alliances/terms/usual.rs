//! A usual year of three terms with half-terms, to begin with where nobody has published one.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::{SchoolYear, Term};
use crate::funding::bank_holidays::{easter_sunday, next, previous};

/// The six halves of a usual year in England: half-terms in the weeks of the last Monday of October, the third of February
/// and the last of May; two weeks at Christmas, and two at Easter, which begin on the Friday before it.
#[must_use]
pub fn usual_terms(year: SchoolYear) -> Vec<Term> {
    halves(year.0).map(Vec::from).unwrap_or_default()
}

fn halves(year: i32) -> Option<[Term; 6]> {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day);
    let october = previous(day(year, 10, 31)?, Weekday::Mon);
    let february = next(day(year + 1, 2, 15)?, Weekday::Mon);
    let may = previous(day(year + 1, 5, 31)?, Weekday::Mon);
    let easter = easter_sunday(year + 1)?;
    let friday_before = |monday: NaiveDate| monday - Days::new(3);
    let week_after = |monday: NaiveDate| monday + Days::new(7);
    let half = |name: &str, starts_on, ends_on| Term { name: name.to_owned(), starts_on, ends_on };
    Some([
        half("Autumn term, first half", on_or_after(day(year, 9, 1)?), friday_before(october)),
        half("Autumn term, second half", week_after(october), previous(day(year, 12, 21)?, Weekday::Fri)),
        half("Spring term, first half", on_or_after(day(year + 1, 1, 4)?), friday_before(february)),
        half("Spring term, second half", week_after(february), easter - Days::new(3)),
        half("Summer term, first half", easter + Days::new(15), friday_before(may)),
        half("Summer term, second half", week_after(may), on_or_before(day(year + 1, 7, 21)?)),
    ])
}

/// The day itself, or the Monday after a weekend.
fn on_or_after(day: NaiveDate) -> NaiveDate {
    match day.weekday() {
        Weekday::Sat | Weekday::Sun => next(day, Weekday::Mon),
        _ => day,
    }
}

/// The day itself, or the Friday before a weekend.
fn on_or_before(day: NaiveDate) -> NaiveDate {
    match day.weekday() {
        Weekday::Sat | Weekday::Sun => previous(day, Weekday::Fri),
        _ => day,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::set_term_dates::checked, *};

    #[test]
    fn a_usual_year_is_as_most_authorities_publish_it() {
        let dates: Vec<_> = usual_terms(SchoolYear(2026))
            .iter()
            .map(|term| {
                format!("{} to {}", term.starts_on.format("%a %-d %b"), term.ends_on.format("%a %-d %b"))
            })
            .collect();
        assert_eq!(
            dates,
            [
                "Tue 1 Sep to Fri 23 Oct",
                "Mon 2 Nov to Fri 18 Dec",
                "Mon 4 Jan to Fri 12 Feb",
                "Mon 22 Feb to Thu 25 Mar",
                "Mon 12 Apr to Fri 28 May",
                "Mon 7 Jun to Wed 21 Jul",
            ]
        );
    }

    #[test]
    fn every_usual_year_could_be_saved() {
        for year in 2000..=2098 {
            let terms = usual_terms(SchoolYear(year));
            assert_eq!(terms.len(), 6);
            assert_eq!(checked(SchoolYear(year), terms.clone()).ok(), Some(terms), "{year}");
        }
    }
}

//! Dates as people and banks write them: one rule for forms, files and programs.

use std::ops::RangeInclusive;

use chrono::{Datelike, Month, NaiveDate};

/// The years in which anything that an alliance records can lie.
const YEARS: RangeInclusive<i32> = 2000..=2099;

/// Why there is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not a day of the calendar.
    #[error("“{0}” could not be read as a date: it should be like 23/11/2026.")]
    Unreadable(String),
    /// Before 2000 or after 2099.
    #[error("“{0}” is not between 2000 and 2099: please look at the year.")]
    OutOfRange(String),
}

/// Reads a date, the day before the month unless the year comes first in four digits; a month may be a number or an
/// English name. A year of two digits, or one that a date field filled up with noughts, is of this century: `26` and
/// `0026` are 2026.
pub fn read_date(typed: &str) -> Result<NaiveDate, DateError> {
    let is_between = |c: char| c.is_whitespace() || "/-.,".contains(c);
    let parts: Vec<_> = typed.split(is_between).filter(|part| !part.is_empty()).collect();
    let date = match parts[..] {
        [year, month, day] if year.len() == 4 => date(year, month, day),
        [day, month, year] => date(year, month, day),
        _ => None,
    };
    within_reach(date.ok_or_else(|| DateError::Unreadable(typed.to_owned()))?)
}

/// The date, if it lies in a year in which anything can be recorded.
pub fn within_reach(date: NaiveDate) -> Result<NaiveDate, DateError> {
    if YEARS.contains(&date.year()) { Ok(date) } else { Err(DateError::OutOfRange(shown(date))) }
}

fn shown(date: NaiveDate) -> String {
    date.format("%d/%m/%Y").to_string()
}

fn date(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    let year = match (year.len(), number(year)?) {
        (2 | 4, of_century @ 0..100) => 2000 + of_century,
        (4, year) => year,
        _ => return None,
    };
    let month = match number(month) {
        Some(number) if month.len() <= 2 => number,
        _ => month.parse::<Month>().ok()?.number_from_month(),
    };
    let day = number(day).filter(|_| day.len() <= 2)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// Digits only: no sign.
fn number(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 9).unwrap()
    }

    #[test]
    fn the_ways_of_writing_one_day_are_one_day() {
        for typed in [
            "09/11/2026",
            "9/11/26",
            "09/11/0026",
            "09-11-26",
            "9.11.2026",
            "2026-11-09",
            "0026-11-09",
            "9 Nov 2026",
            "09-NOV-26",
            " 9  November, 2026 ",
        ] {
            assert_eq!(read_date(typed), Ok(day()), "{typed}");
        }
        assert_eq!(read_date("09/11/00").unwrap().year(), 2000);
        assert_eq!(read_date("09/11/99").unwrap().year(), 2099, "never the last century");
    }

    #[test]
    fn what_is_no_date_is_refused_in_words() {
        for typed in [
            "",
            "soon",
            "31/02/2026",
            "11/2026",
            "9/11/6",
            "9/11/026",
            "9/11/12026",
            "1/2/3/4",
            "9/+1/26",
            "009/11/26",
        ] {
            assert_eq!(read_date(typed), Err(DateError::Unreadable(typed.to_owned())));
        }
        for (typed, shown) in
            [("31/12/1999", "31/12/1999"), ("2100-01-01", "01/01/2100"), ("9/11/1026", "09/11/1026")]
        {
            assert_eq!(read_date(typed), Err(DateError::OutOfRange(shown.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn every_date_is_read_as_it_was_written(days in 0..36_524_u64) {
            let date = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + chrono::Days::new(days);
            for form in ["%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d", "%-d %b %Y", "%d-%b-%y", "%-d %B %Y"] {
                prop_assert_eq!(read_date(&date.format(form).to_string()), Ok(date), "{}", form);
            }
        }

        #[test]
        fn any_text_is_answered(text in ".{0,20}") {
            let _ = read_date(&text);
        }
    }
}

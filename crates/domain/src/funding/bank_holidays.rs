//! The bank holidays of England and Wales, by the rules of the Banking and Financial Dealings Act 1971 and the
//! yearly proclamations. A holiday proclaimed for one year alone, such as a coronation, is not in here: alliances
//! enter it as a closure.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// The bank holidays from `first_year` to `last_year`, both included.
#[must_use]
pub fn bank_holidays(first_year: i32, last_year: i32) -> BTreeSet<NaiveDate> {
    (first_year..=last_year).flat_map(of_year).flatten().collect()
}

fn of_year(year: i32) -> [Option<NaiveDate>; 8] {
    let easter = easter_sunday(year);
    let day = |month, day| NaiveDate::from_ymd_opt(year, month, day);
    let first_monday = |month| day(month, 1).map(|first| next(first, Weekday::Mon));
    let last_monday = |month| day(month, 31).map(|last| previous(last, Weekday::Mon));
    let christmas = day(12, 25).map(substitute);
    // Boxing Day's substitute is the next working day after Christmas Day's.
    let boxing = day(12, 26).map(|boxing| match boxing.weekday() {
        Weekday::Sat | Weekday::Sun => boxing + Days::new(2),
        Weekday::Mon => boxing + Days::new(1),
        _ => boxing,
    });
    [
        day(1, 1).map(substitute),
        easter.map(|sunday| sunday - Days::new(2)),
        easter.map(|sunday| sunday + Days::new(1)),
        first_monday(5),
        last_monday(5),
        last_monday(8),
        christmas,
        boxing,
    ]
}

/// The day itself, or the Monday after when it falls on a weekend.
fn substitute(day: NaiveDate) -> NaiveDate {
    match day.weekday() {
        Weekday::Sat | Weekday::Sun => next(day, Weekday::Mon),
        _ => day,
    }
}

/// The first such weekday on or after a day.
pub(crate) fn next(day: NaiveDate, weekday: Weekday) -> NaiveDate {
    day + Days::new(u64::from(weekday.days_since(day.weekday())))
}

/// The last such weekday on or before a day.
pub(crate) fn previous(day: NaiveDate, weekday: Weekday) -> NaiveDate {
    day - Days::new(u64::from(day.weekday().days_since(weekday)))
}

/// Easter Sunday of the Gregorian calendar, by the anonymous algorithm (Meeus, Jones and Butcher).
#[expect(clippy::many_single_char_names, reason = "the letters of the published algorithm")]
pub(crate) fn easter_sunday(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(n / 31).ok()?, u32::try_from(n % 31 + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(year: i32) -> Vec<String> {
        bank_holidays(year, year).iter().map(|date| date.format("%d %b").to_string()).collect()
    }

    #[test]
    fn published_years_are_met() {
        // As published by gov.uk for England and Wales.
        assert_eq!(
            dates(2026),
            ["01 Jan", "03 Apr", "06 Apr", "04 May", "25 May", "31 Aug", "25 Dec", "28 Dec"]
        );
        assert_eq!(
            dates(2027),
            ["01 Jan", "26 Mar", "29 Mar", "03 May", "31 May", "30 Aug", "27 Dec", "28 Dec"]
        );
        // New Year's Day 2028 is a Saturday.
        assert_eq!(dates(2028)[0], "03 Jan");
    }

    #[test]
    fn every_year_has_eight() {
        for year in 1980..2200 {
            assert_eq!(of_year(year).into_iter().flatten().count(), 8);
            assert_eq!(bank_holidays(year, year).len(), 8, "{year}");
        }
    }
}

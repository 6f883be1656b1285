//! The part of a year for which a member belongs to the alliance, as an exact fraction.

use std::fmt;

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::money::Pence;

/// The year of a budget, both days counted. Usually twelve months; some alliances commit for two years at a
/// time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Year {
    first_day: NaiveDate,
    last_day: NaiveDate,
}

/// The dates are no year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum YearError {
    /// It ends before it begins.
    #[error("the year must end after it begins")]
    Backwards,
    /// It is longer than two years.
    #[error("the year must not be longer than two years")]
    TooLong,
}

const MOST_MONTHS: u32 = 24;

impl Year {
    /// The year from one day to another, both counted.
    pub fn new(first_day: NaiveDate, last_day: NaiveDate) -> Result<Self, YearError> {
        if last_day < first_day {
            return Err(YearError::Backwards);
        }
        match first_day.checked_add_months(Months::new(MOST_MONTHS)) {
            Some(next) if last_day < next => Ok(Self { first_day, last_day }),
            _ => Err(YearError::TooLong),
        }
    }

    /// The first day that counts.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        self.first_day
    }

    /// The last day that counts.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        self.last_day
    }

    /// The last day of each of the year's months, which run from its first day, not from the calendar's.
    fn month_ends(self) -> impl Iterator<Item = NaiveDate> {
        (0..MOST_MONTHS).map_while(move |month| {
            let begins = self.first_day.checked_add_months(Months::new(month))?;
            let next = self.first_day.checked_add_months(Months::new(month + 1))?;
            (begins <= self.last_day).then(|| (next - Days::new(1)).min(self.last_day))
        })
    }
}

impl fmt::Display for Year {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole_months =
            self.first_day.day() == 1 && self.last_day.succ_opt().is_none_or(|next| next.day() == 1);
        let format = if whole_months { "%B %Y" } else { "%-d %B %Y" };
        write!(f, "{} to {}", self.first_day.format(format), self.last_day.format(format))
    }
}

/// How a member that joins or leaves within the year is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proration {
    /// The whole year, however short the membership.
    None,
    /// Every day of membership.
    ByDay,
    /// Every month at whose end the school is a member: a joiner pays for the month in which it joins, a
    /// leaver not for the month in which it leaves. So what a school and its successor pay is one whole year.
    ByMonth,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// The year as one.
    Year,
    /// Days.
    Day,
    /// Months from the year's first day.
    Month,
}

/// A part of a year, `counted` of `of` units, with the dates that made it less than the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartOfYear {
    /// Units of membership, at most `of`.
    pub counted: u32,
    /// Units in the whole year.
    pub of: u32,
    /// What the two count.
    pub unit: Unit,
    /// The day of joining, where it lies within the year after its first day.
    pub joined: Option<NaiveDate>,
    /// The last day of membership, where it lies within the year before its last day.
    pub left: Option<NaiveDate>,
}

impl PartOfYear {
    /// The part of `year` for which a membership from `joined` to `left` (both counted) is charged.
    #[must_use]
    pub fn of_membership(rule: Proration, year: Year, joined: NaiveDate, left: Option<NaiveDate>) -> Self {
        let from = joined.max(year.first_day);
        let to = left.map_or(year.last_day, |left| left.min(year.last_day));
        let (counted, of, unit) = match rule {
            Proration::None => (u32::from(from <= to), 1, Unit::Year),
            Proration::ByDay => (days(from, to), days(year.first_day, year.last_day), Unit::Day),
            Proration::ByMonth => year.month_ends().fold((0, 0, Unit::Month), |(counted, of, unit), end| {
                (counted + u32::from((from..=to).contains(&end)), of + 1, unit)
            }),
        };
        let within = |day: &NaiveDate| (year.first_day..=year.last_day).contains(day);
        Self {
            counted,
            of,
            unit,
            joined: Some(joined).filter(within).filter(|day| *day > year.first_day),
            left: left.filter(within).filter(|day| *day < year.last_day),
        }
    }

    /// Whether nothing is taken off.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.counted == self.of
    }

    /// This part of a yearly amount, rounded to the penny, half away from zero.
    #[must_use]
    pub fn of_amount(self, amount: Pence) -> Option<Pence> {
        amount.fraction(self.counted, self.of)
    }
}

impl fmt::Display for PartOfYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Year => {
                return f.write_str(if self.is_whole() { "the whole year" } else { "none of the year" });
            }
            Unit::Day => "days",
            Unit::Month => "months",
        };
        write!(f, "{} of {} {unit}", self.counted, self.of)
    }
}

fn days(from: NaiveDate, to: NaiveDate) -> u32 {
    u32::try_from((to - from).num_days() + 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn academic() -> Year {
        Year::new(day("2026-09-01"), day("2027-08-31")).unwrap()
    }

    fn part(rule: Proration, joined: &str, left: Option<&str>) -> (u32, u32) {
        let part = PartOfYear::of_membership(rule, academic(), day(joined), left.map(day));
        (part.counted, part.of)
    }

    #[test]
    fn a_year_is_at_most_two_years_and_is_named_by_its_months() {
        assert_eq!(academic().to_string(), "September 2026 to August 2027");
        let odd = Year::new(day("2026-09-15"), day("2027-09-14")).unwrap();
        assert_eq!(odd.to_string(), "15 September 2026 to 14 September 2027");
        assert_eq!(Year::new(day("2026-09-01"), day("2028-09-01")), Err(YearError::TooLong));
        assert_eq!(Year::new(day("2026-09-01"), day("2028-08-31")).map(|y| y.month_ends().count()), Ok(24));
        assert_eq!(Year::new(day("2026-09-02"), day("2026-09-01")), Err(YearError::Backwards));
        assert_eq!(Year::new(day("2024-02-29"), day("2025-02-27")).map(|y| y.month_ends().count()), Ok(12));
    }

    #[test]
    fn joiners_and_leavers_are_counted_by_the_rule() {
        use Proration::{ByDay, ByMonth, None as Whole};
        assert_eq!(part(ByDay, "2020-01-01", None), (365, 365));
        assert_eq!(part(ByDay, "2027-08-31", None), (1, 365));
        assert_eq!(part(ByDay, "2020-01-01", Some("2026-09-01")), (1, 365));
        assert_eq!(part(ByDay, "2027-09-01", None), (0, 365));
        assert_eq!(part(ByDay, "2020-01-01", Some("2026-08-31")), (0, 365));
        assert_eq!(part(ByMonth, "2027-01-10", None), (8, 12));
        assert_eq!(part(ByMonth, "2027-01-31", None), (8, 12));
        assert_eq!(part(ByMonth, "2020-01-01", Some("2026-12-31")), (4, 12));
        assert_eq!(part(ByMonth, "2020-01-01", Some("2026-12-30")), (3, 12));
        assert_eq!(part(ByMonth, "2026-09-02", Some("2026-09-29")), (0, 12));
        assert_eq!(part(Whole, "2027-08-31", None), (1, 1));
        assert_eq!(part(Whole, "2027-09-01", None), (0, 1));
    }

    #[test]
    fn only_dates_within_the_year_are_named() {
        let part = |joined, left| {
            let part = PartOfYear::of_membership(Proration::ByDay, academic(), day(joined), Some(day(left)));
            (part.joined, part.left)
        };
        assert_eq!(part("2026-09-01", "2027-08-31"), (None, None));
        assert_eq!(part("2026-09-02", "2027-08-30"), (Some(day("2026-09-02")), Some(day("2027-08-30"))));
    }

    proptest! {
        #[test]
        fn a_school_and_its_successor_pay_one_whole_year(
            start in 0_u64..4_000, length in 0_u64..730, change in 0_u64..730, pence in 0_i64..1_000_000,
        ) {
            let first = day("2020-01-01") + Days::new(start);
            let year = Year::new(first, first + Days::new(length)).unwrap();
            let last = first + Days::new(change.min(length));
            for rule in [Proration::ByDay, Proration::ByMonth] {
                let whole = PartOfYear::of_membership(rule, year, first, None);
                let old = PartOfYear::of_membership(rule, year, first, Some(last));
                let new = PartOfYear::of_membership(rule, year, last + Days::new(1), None);
                prop_assert!(whole.is_whole() && whole.of > 0);
                prop_assert_eq!(old.counted + new.counted, whole.of);
                let paid = Pence::try_sum([old, new].map(|p| p.of_amount(Pence(pence)).unwrap())).unwrap();
                prop_assert!((paid.0 - pence).abs() <= 1);
            }
        }
    }
}

//! When an invoice is due: terms in days, moved past days on which no school office pays.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::alliances::ClosedDays;

/// When offices are closed.
#[derive(Debug, Clone, Copy)]
pub struct Calendar<'a> {
    /// The bank holidays of England and Wales.
    pub bank_holidays: &'a BTreeSet<NaiveDate>,
    /// The days on which the alliance's schools are closed.
    pub closures: &'a [ClosedDays],
}

/// A date with how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDate {
    /// The day by which to pay.
    pub date: NaiveDate,
    /// One sentence for a person.
    pub reason: String,
}

/// Why there is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DueDateError {
    /// The closures leave nothing open for a year.
    #[error("there is no working day within a year of the terms: look at the closure dates")]
    NoWorkingDay,
    /// Beyond what a calendar holds.
    #[error("the due date is too far away")]
    TooFar,
}

const LONGEST_SEARCH_DAYS: usize = 366;

/// The first working day on or after `issued` plus `terms_days`. The day of issue itself is not counted:
/// 30 days from 1 December is 31 December.
pub fn due_date(
    issued: NaiveDate,
    terms_days: u16,
    calendar: &Calendar<'_>,
) -> Result<DueDate, DueDateError> {
    let by_terms = issued.checked_add_days(Days::new(terms_days.into())).ok_or(DueDateError::TooFar)?;
    let mut causes: Vec<String> = Vec::new();
    for date in by_terms.iter_days().take(LONGEST_SEARCH_DAYS) {
        let Some(cause) = calendar.closed(date) else {
            let reason = reason(issued, terms_days, by_terms, date, &causes);
            return Ok(DueDate { date, reason });
        };
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    Err(DueDateError::NoWorkingDay)
}

impl Calendar<'_> {
    /// Why offices are closed on a day; none on a working day. The alliance's own word comes first, as it
    /// explains most.
    fn closed(&self, date: NaiveDate) -> Option<String> {
        let in_closure = |closure: &&ClosedDays| (closure.starts_on..=closure.ends_on).contains(&date);
        if let Some(closure) = self.closures.iter().find(in_closure) {
            Some(format!("the {}", closure.name.trim()))
        } else if self.bank_holidays.contains(&date) {
            Some("a bank holiday".to_owned())
        } else if matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
            Some("a weekend".to_owned())
        } else {
            None
        }
    }
}

fn reason(issued: NaiveDate, terms: u16, by_terms: NaiveDate, due: NaiveDate, causes: &[String]) -> String {
    let issued = issued.format("%-d %B %Y");
    let terms = match terms {
        0 => format!("It is due on the day of issue, {issued}"),
        1 => format!("It is due 1 day after its issue on {issued}"),
        terms => format!("It is due {terms} days after its issue on {issued}"),
    };
    let long = "%A %-d %B %Y";
    match causes {
        [] => format!("{terms}: {}.", due.format(long)),
        [first, rest @ ..] => {
            let also = if rest.is_empty() { String::new() } else { format!(" and {}", rest.join(" and ")) };
            format!(
                "{terms}, moved from {} to {} because of {first}{also}.",
                by_terms.format(long),
                due.format(long)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn closure(name: &str, first: &str, last: &str) -> ClosedDays {
        ClosedDays { name: name.to_owned(), starts_on: day(first), ends_on: day(last) }
    }

    fn due(issued: &str, terms: u16, closures: &[ClosedDays]) -> Result<(String, String), DueDateError> {
        let bank_holidays = ["2026-12-25", "2026-12-28", "2027-01-01", "2027-03-26", "2027-03-29"]
            .map(day)
            .into_iter()
            .collect();
        due_date(day(issued), terms, &Calendar { bank_holidays: &bank_holidays, closures })
            .map(|due| (due.date.to_string(), due.reason))
    }

    #[test]
    fn terms_are_counted_from_the_day_after_issue() {
        let (date, reason) = due("2026-12-01", 30, &[]).unwrap();
        assert_eq!(date, "2026-12-31");
        assert_eq!(
            reason,
            "It is due 30 days after its issue on 1 December 2026: Thursday 31 December 2026."
        );
        assert_eq!(due("2026-12-01", 0, &[]).unwrap().0, "2026-12-01");
    }

    #[test]
    fn weekends_and_bank_holidays_move_it_to_the_next_working_day() {
        assert_eq!(due("2026-12-01", 4, &[]).unwrap().0, "2026-12-07");
        let (date, reason) = due("2026-11-25", 30, &[]).unwrap();
        assert_eq!(date, "2026-12-29");
        assert_eq!(
            reason,
            "It is due 30 days after its issue on 25 November 2026, moved from Friday 25 December 2026 to \
             Tuesday 29 December 2026 because of a bank holiday and a weekend."
        );
    }

    #[test]
    fn school_holidays_move_it_and_are_named() {
        let closures = [closure("Christmas holiday", "2026-12-21", "2027-01-01")];
        let (date, reason) = due("2026-12-01", 30, &closures).unwrap();
        assert_eq!(date, "2027-01-04");
        assert!(reason.ends_with("because of the Christmas holiday and a weekend."), "{reason}");
    }

    #[test]
    fn a_calendar_without_a_working_day_is_an_error() {
        let closures = [closure("long closure", "2026-01-01", "2029-01-01")];
        assert_eq!(due("2026-12-01", 30, &closures), Err(DueDateError::NoWorkingDay));
        let empty = BTreeSet::new();
        let calendar = Calendar { bank_holidays: &empty, closures: &[] };
        assert_eq!(due_date(NaiveDate::MAX, 1, &calendar), Err(DueDateError::TooFar));
    }

    proptest! {
        #[test]
        fn it_is_the_first_working_day_on_or_after_the_terms(
            start in 0_u64..2_000, terms: u8, closed_from in 0_u64..2_300, closed_for in 0_u64..60,
            holidays in prop::collection::btree_set(0_u64..2_300, 0..100),
        ) {
            let epoch = day("2026-01-01");
            let bank_holidays: BTreeSet<_> = holidays.into_iter().map(|n| epoch + Days::new(n)).collect();
            let closures = [ClosedDays {
                name: "half term".to_owned(),
                starts_on: epoch + Days::new(closed_from),
                ends_on: epoch + Days::new(closed_from + closed_for),
            }];
            let calendar = Calendar { bank_holidays: &bank_holidays, closures: &closures };
            let issued = epoch + Days::new(start);
            let due = due_date(issued, terms.into(), &calendar).unwrap();
            let by_terms = issued + Days::new(terms.into());
            prop_assert!(due.date >= by_terms && calendar.closed(due.date).is_none());
            let mut skipped = by_terms.iter_days().take_while(|date| *date < due.date);
            prop_assert!(skipped.all(|date| calendar.closed(date).is_some()));
            let named = due.date.format("%-d %B %Y").to_string();
            prop_assert!(due.reason.contains(&named));
        }
    }
}

//! Amounts, dates and counts as a person reads them, for templates.
#![expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass their fields by reference")]

use chrono::{DateTime, NaiveDate, Utc};
use domain::{money::Pence, text};

/// An amount without pence when they are nought, for figures: `£36,155`. Tables show the [`Pence`] itself, in full.
pub(crate) fn pounds(amount: &Pence) -> String {
    let text = amount.to_string();
    text.strip_suffix(".00").map_or_else(|| text.clone(), str::to_owned)
}

/// A change: `+£82.00`, `−£13.00`, `same`.
pub(crate) fn change(amount: &Pence) -> String {
    match amount.0 {
        0 => "same".into(),
        1.. => format!("+{amount}"),
        _ => amount.to_string(),
    }
}

/// `23 Nov 2026`.
pub(crate) fn day(date: &NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

/// `Monday 23 November 2026`.
pub(crate) fn long_day(date: &NaiveDate) -> String {
    date.format("%A %-d %B %Y").to_string()
}

/// `23 Nov 2026, 09:05`, in universal time.
pub(crate) fn moment(at: &DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M").to_string()
}

/// How far a due date is from today: `12 days overdue`, `due today`, `due tomorrow`, `due in 3 days`.
pub(crate) fn due_in(due: &NaiveDate, today: &NaiveDate) -> String {
    match (*due - *today).num_days() {
        0 => "due today".into(),
        1 => "due tomorrow".into(),
        days @ 2.. => format!("due in {}", plural(&days, "day", "days")),
        days => format!("{} overdue", plural(&-days, "day", "days")),
    }
}

/// `1 school`, `27 schools`, `1,184 pupils`.
pub(crate) fn plural(count: &i64, one: &str, many: &str) -> String {
    text::plural(*count, one, many)
}

/// The same with a capital letter in front: `Partner schools`.
pub(crate) fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Words with their article: `a member`, `an academy`.
pub(crate) fn a(words: &str) -> String {
    let is_vowel = words.starts_with(|first: char| "aeiouAEIOU".contains(first));
    format!("{} {words}", if is_vowel { "an" } else { "a" })
}

/// A count with commas between the thousands.
pub(crate) fn number(count: &i64) -> String {
    text::number(*count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn figures_leave_out_pence_that_are_nought() {
        let shown = [3_615_500, 67_450, 0, -130_000, 5].map(|pence| pounds(&Pence(pence)));
        assert_eq!(shown, ["£36,155", "£674.50", "£0", "−£1,300", "£0.05"]);
    }

    #[test]
    fn a_change_has_its_sign() {
        let shown = [8_200, 0, -1_300].map(|pence| change(&Pence(pence)));
        assert_eq!(shown, ["+£82.00", "same", "−£13.00"]);
    }

    #[test]
    fn dates_have_no_leading_nought() {
        assert_eq!(day(&date("2026-11-03")), "3 Nov 2026");
        assert_eq!(long_day(&date("2026-11-23")), "Monday 23 November 2026");
    }

    #[test]
    fn due_dates_are_told_from_today() {
        let today = date("2026-11-24");
        for (due, said) in [
            ("2026-11-24", "due today"),
            ("2026-11-25", "due tomorrow"),
            ("2026-11-27", "due in 3 days"),
            ("2026-11-23", "1 day overdue"),
            ("2026-11-12", "12 days overdue"),
            ("2022-11-24", "1,461 days overdue"),
        ] {
            assert_eq!(due_in(&date(due), &today), said);
        }
    }

    #[test]
    fn a_heading_begins_with_a_capital() {
        assert_eq!(["partner schools", "écoles", ""].map(capitalised), ["Partner schools", "Écoles", ""]);
    }

    #[test]
    fn an_article_goes_by_the_first_letter() {
        assert_eq!(["member", "academy"].map(a), ["a member", "an academy"]);
    }
}

//! Amounts, dates and counts as a person reads them, for templates.
#![expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass their fields by reference")]

use chrono::{DateTime, NaiveDate, Utc};
use domain::money::Pence;

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
        days @ 2.. => format!("due in {} days", number(&days)),
        days => format!("{} overdue", plural(&-days, "day", "days")),
    }
}

/// `1 school`, `27 schools`, `1,184 pupils`.
pub(crate) fn plural(count: &i64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if *count == 1 { one } else { many })
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
    let digits = count.unsigned_abs().to_string();
    let mut text = String::from(if *count < 0 { "−" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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

    #[test]
    fn counts_have_commas_and_the_right_word() {
        assert_eq!(
            [0, 999, 1_000, 27_184_000].map(|count| number(&count)),
            ["0", "999", "1,000", "27,184,000"]
        );
        assert_eq!(number(&i64::MIN), "−9,223,372,036,854,775,808");
        let shown = [0, 1, 2, 1_184].map(|count| plural(&count, "pupil", "pupils"));
        assert_eq!(shown, ["0 pupils", "1 pupil", "2 pupils", "1,184 pupils"]);
    }
}

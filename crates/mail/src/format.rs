//! How money and dates are written. The templates know this module as `filters`.
#![expect(
    clippy::inline_always,
    clippy::unused_self,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    reason = "the shape that askama gives its filters"
)]

use std::borrow::Borrow;

use askama::Values;
use chrono::{NaiveDate, NaiveDateTime};

/// `£1,234.56`. A negative amount bears the minus sign, which screen readers speak, not the hyphen, which they skip.
#[askama::filter_fn]
pub(crate) fn money<T: Borrow<i64>>(pence: T, _: &dyn Values) -> askama::Result<String> {
    Ok(pounds(*pence.borrow()))
}

/// `Monday 23 November 2026`.
#[askama::filter_fn]
pub(crate) fn day(date: &NaiveDate, _: &dyn Values) -> askama::Result<String> {
    Ok(date.format("%A %-d %B %Y").to_string())
}

/// `23 November 2026`, where the weekday says nothing.
#[askama::filter_fn]
pub(crate) fn date(date: &NaiveDate, _: &dyn Values) -> askama::Result<String> {
    Ok(date.format("%-d %B %Y").to_string())
}

/// `23 November 2026 at 10:05`.
#[askama::filter_fn]
pub(crate) fn moment(at: &NaiveDateTime, _: &dyn Values) -> askama::Result<String> {
    Ok(at.format("%-d %B %Y at %H:%M").to_string())
}

fn pounds(pence: i64) -> String {
    let digits = (pence.unsigned_abs() / 100).to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if pence < 0 { "\u{2212}" } else { "" };
    format!("{sign}£{grouped}.{:02}", pence.unsigned_abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::pounds;

    #[test]
    fn money_is_grouped_by_thousands() {
        for (pence, text) in [
            (0, "£0.00"),
            (7, "£0.07"),
            (-5, "−£0.05"),
            (99_999, "£999.99"),
            (100_000, "£1,000.00"),
            (123_456_789, "£1,234,567.89"),
            (i64::MIN, "−£92,233,720,368,547,758.08"),
        ] {
            assert_eq!(pounds(pence), text);
        }
    }
}

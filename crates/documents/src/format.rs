//! How money, dates and rates are written.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

/// `£1,234.56`. A negative amount bears the minus sign, which screen readers speak, not the hyphen, which
/// they skip.
pub(crate) fn money(pence: i64) -> String {
    let pounds = (pence.unsigned_abs() / 100).to_string();
    let mut grouped = String::new();
    for (index, digit) in pounds.chars().enumerate() {
        if index > 0 && (pounds.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if pence < 0 { "\u{2212}" } else { "" };
    format!("{sign}£{grouped}.{:02}", pence.unsigned_abs() % 100)
}

/// `23 November 2026`.
pub(crate) fn date(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
}

/// `20%` or `17.5%`.
pub(crate) fn rate(basis_points: u32) -> String {
    let fraction = format!("{:02}", basis_points % 100);
    match fraction.trim_end_matches('0') {
        "" => format!("{}%", basis_points / 100),
        fraction => format!("{}.{fraction}%", basis_points / 100),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(crate) fn serialize_money<S: Serializer>(pence: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    money(*pence).serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(crate) fn serialize_date<S: Serializer>(day: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    date(*day).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped_by_thousands() {
        for (pence, text) in [
            (0, "£0.00"),
            (7, "£0.07"),
            (-5, "−£0.05"),
            (99_999, "£999.99"),
            (100_000, "£1,000.00"),
            (123_456_789, "£1,234,567.89"),
            (-123_456, "−£1,234.56"),
            (i64::MIN, "−£92,233,720,368,547,758.08"),
        ] {
            assert_eq!(money(pence), text);
        }
    }

    #[test]
    fn dates_are_written_out() {
        assert_eq!(date(NaiveDate::from_ymd_opt(2026, 11, 3).unwrap()), "3 November 2026");
    }

    #[test]
    fn rates_lose_their_trailing_noughts() {
        for (basis_points, text) in
            [(2_000, "20%"), (1_750, "17.5%"), (525, "5.25%"), (5, "0.05%"), (0, "0%")]
        {
            assert_eq!(rate(basis_points), text);
        }
    }
}

//! Money in whole pence, percentages in basis points, prices in hundredths of a penny. No floats, and no
//! arithmetic that can wrap.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in whole pence; negative for a credit. Shown as `£1,234.56` or `−£1,234.56`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Pence(pub i64);

impl Pence {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// The largest amount that is taken in, and the largest share: £100,000,000. Many millions of them still add up in
    /// an `i64`, so no sum of what an alliance enters can fail.
    pub const LARGEST: Self = Self(10_000_000_000);

    /// Whether it is at most [`Self::LARGEST`], either way.
    #[must_use]
    pub fn is_reasonable(self) -> bool {
        self.0.unsigned_abs() <= Self::LARGEST.0.unsigned_abs()
    }

    /// The sum, or `None` where it does not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` where it does not fit.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The opposite amount, as on a credit note, or `None` where it does not fit.
    #[must_use]
    pub fn checked_neg(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }

    /// The sum of all amounts, or `None` where it does not fit.
    pub fn try_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Reads what an office types, at most [`Self::LARGEST`] either way: `1234.5`, `£1,234.50`, ` 1 234 `, `-£20`.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let pence = parse_decimal(text, 2).map(Self)?;
        if pence.is_reasonable() { Ok(pence) } else { Err(NumberError::TooLarge) }
    }

    /// `numerator / denominator` of the amount, rounded to the penny, half away from zero.
    /// `None` where it does not fit or the denominator is zero.
    #[must_use]
    pub fn fraction(self, numerator: u32, denominator: u32) -> Option<Self> {
        div_round(i128::from(self.0) * i128::from(numerator), i128::from(denominator)).map(Self)
    }

    /// The amount rounded to whole pounds, half away from zero.
    #[must_use]
    pub fn to_whole_pounds(self) -> Option<Self> {
        div_round(i128::from(self.0), 100)?.checked_mul(100).map(Self)
    }
}

impl fmt::Display for Pence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "−" } else { "" };
        let pence = self.0.unsigned_abs();
        write!(f, "{sign}£{}.{:02}", thousands(pence / 100), pence % 100)
    }
}

impl std::str::FromStr for Pence {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        Self::parse(text)
    }
}

/// A percentage in hundredths of one per cent: 2000 is 20%.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct BasisPoints(pub i32);

impl BasisPoints {
    /// Nothing of it.
    pub const ZERO: Self = Self(0);
    /// All of it.
    pub const WHOLE: Self = Self(10_000);

    /// This percentage of the amount, rounded to the penny, half away from zero, so that a credit mirrors
    /// its invoice. `None` where it does not fit.
    #[must_use]
    pub fn of(self, amount: Pence) -> Option<Pence> {
        div_round(i128::from(amount.0) * i128::from(self.0), 10_000).map(Pence)
    }

    /// Reads `20`, `17.5%` or ` 0.25 % `.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let text = text.trim();
        let number = parse_decimal(text.strip_suffix('%').unwrap_or(text), 2)?;
        i32::try_from(number).map(Self).map_err(|_| NumberError::TooLarge)
    }
}

impl fmt::Display for BasisPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "−" } else { "" };
        let points = self.0.unsigned_abs();
        let decimals = format!("{:02}", points % 100);
        let decimals = decimals.trim_end_matches('0');
        let point = if decimals.is_empty() { "" } else { "." };
        write!(f, "{sign}{}{point}{decimals}%", points / 100)
    }
}

impl std::str::FromStr for BasisPoints {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        Self::parse(text)
    }
}

/// The price of one of something, in hundredths of a penny: £1.75 is 17,500. Shown with two to four decimals.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct UnitPrice(pub i64);

impl UnitPrice {
    /// The price of `quantity` of them, rounded once, to the penny. `None` where it does not fit.
    #[must_use]
    pub fn times(self, quantity: u32) -> Option<Pence> {
        div_round(i128::from(self.0) * i128::from(quantity), 100).map(Pence)
    }

    /// Reads a price in pounds with up to four decimals: `1.75`, `£0.8725`.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        parse_decimal(text, 4).map(Self)
    }
}

impl fmt::Display for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "−" } else { "" };
        let price = self.0.unsigned_abs();
        let decimals = format!("{:04}", price % 10_000);
        let (pence, finer) = decimals.split_at(2);
        write!(f, "{sign}£{}.{pence}{}", thousands(price / 10_000), finer.trim_end_matches('0'))
    }
}

impl std::str::FromStr for UnitPrice {
    type Err = NumberError;
    fn from_str(text: &str) -> Result<Self, NumberError> {
        Self::parse(text)
    }
}

/// Why a typed number was not taken, in words for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Nothing was typed.
    #[error("type a number")]
    Empty,
    /// Text, two points, or commas in odd places.
    #[error("this is not a number: type it like 1,234.50")]
    NotANumber,
    /// More decimals than the unit has; a dot for thousands ends here too.
    #[error("at most {0} digits may follow the point")]
    TooPrecise(usize),
    /// It does not fit.
    #[error("this number is too large")]
    TooLarge,
}

/// A count with commas between the thousands.
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn div_round(numerator: i128, denominator: i128) -> Option<i64> {
    let rounded = numerator.abs().checked_mul(2)?.checked_add(denominator)?.checked_div(2 * denominator)?;
    i64::try_from(rounded * numerator.signum()).ok()
}

/// The typed number in units of `10^-places`.
fn parse_decimal(text: &str, places: usize) -> Result<i64, NumberError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NumberError::Empty);
    }
    let unsigned = text.strip_prefix(['-', '−']);
    let after_sign = unsigned.unwrap_or(text).trim_start();
    let after_pound = after_sign.strip_prefix('£').unwrap_or(after_sign).trim_start();
    let (whole, decimals) = match after_pound.split_once('.') {
        Some((_, "")) => return Err(NumberError::NotANumber),
        Some(parts) => parts,
        None => (after_pound, ""),
    };
    let groups: Vec<&str> = whole.split([',', ' ', '\u{a0}', '\u{2009}', '\u{202f}']).collect();
    let well_grouped = match groups.as_slice() {
        [""] => !decimals.is_empty(),
        [_] => true,
        [first, rest @ ..] => (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3),
        [] => false,
    };
    let all_digits = groups.iter().chain([&decimals]).all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if !well_grouped || !all_digits {
        return Err(NumberError::NotANumber);
    }
    if decimals.len() > places {
        return Err(NumberError::TooPrecise(places));
    }
    let padding = std::iter::repeat_n('0', places - decimals.len());
    let digits: String = groups.concat().chars().chain(decimals.chars()).chain(padding).collect();
    let size: i128 = digits.parse().map_err(|_| NumberError::TooLarge)?;
    let number = if unsigned.is_some() { -size } else { size };
    i64::try_from(number).map_err(|_| NumberError::TooLarge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_shown_as_an_invoice_shows_them() {
        let shown = [0, 5, 123_456, -123_456, 100_000_000, -7, i64::MIN].map(|p| Pence(p).to_string());
        assert_eq!(
            shown,
            [
                "£0.00",
                "£0.05",
                "£1,234.56",
                "−£1,234.56",
                "£1,000,000.00",
                "−£0.07",
                "−£92,233,720,368,547,758.08"
            ]
        );
    }

    #[test]
    fn what_an_office_types_is_read() {
        for (typed, pence) in [
            ("£1,234.50", 123_450),
            ("1234.5", 123_450),
            (" 1 234 ", 123_400),
            ("1\u{a0}234,567.89", 123_456_789),
            (".50", 50),
            ("£ 20", 2_000),
            ("-£20", -2_000),
            ("−20.01", -2_001),
            ("0", 0),
            ("£100,000,000.00", 10_000_000_000),
        ] {
            assert_eq!(Pence::parse(typed), Ok(Pence(pence)), "{typed}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_its_reason() {
        use NumberError::{Empty, NotANumber, TooLarge, TooPrecise};
        for (typed, error) in [
            ("", Empty),
            ("  ", Empty),
            ("..", NotANumber),
            (".", NotANumber),
            ("12.", NotANumber),
            ("1.2.3", NotANumber),
            ("£", NotANumber),
            ("twelve", NotANumber),
            ("1,23", NotANumber),
            (",123", NotANumber),
            ("1234,567", NotANumber),
            ("=1+1", NotANumber),
            ("--5", NotANumber),
            ("£-5", NotANumber),
            ("٣", NotANumber),
            ("1.234", TooPrecise(2)),
            ("92233720368547758.08", TooLarge),
            ("100,000,000.01", TooLarge),
            ("-100,000,000.01", TooLarge),
            ("999999999999999999999999999999999999999999", TooLarge),
        ] {
            assert_eq!(Pence::parse(typed), Err(error), "{typed}");
        }
    }

    #[test]
    fn percentages_and_prices_are_read_and_shown() {
        for (typed, shown) in [("20", "20%"), ("17.5 %", "17.5%"), ("0.05%", "0.05%"), ("-1", "−1%")] {
            assert_eq!(BasisPoints::parse(typed).map(|p| p.to_string()), Ok(shown.to_owned()));
        }
        assert_eq!(BasisPoints::parse("99999999"), Err(NumberError::TooLarge));
        for (typed, shown) in [("1.75", "£1.75"), ("£0.8725", "£0.8725"), ("1.125", "£1.125"), ("5", "£5.00")]
        {
            assert_eq!(UnitPrice::parse(typed).map(|p| p.to_string()), Ok(shown.to_owned()));
        }
    }

    #[test]
    fn halves_round_away_from_zero() {
        assert_eq!(BasisPoints(2_000).of(Pence(3)), Some(Pence(1)));
        assert_eq!(BasisPoints(5_000).of(Pence(1)), Some(Pence(1)));
        assert_eq!(BasisPoints(5_000).of(Pence(-1)), Some(Pence(-1)));
        assert_eq!(Pence(100).fraction(1, 3), Some(Pence(33)));
        assert_eq!(Pence(100).fraction(1, 0), None);
        assert_eq!(Pence(150).to_whole_pounds(), Some(Pence(200)));
        assert_eq!(Pence(149).to_whole_pounds(), Some(Pence(100)));
        assert_eq!(UnitPrice(17_525).times(2), Some(Pence(351)));
    }

    #[test]
    fn sums_never_wrap() {
        assert_eq!(Pence::try_sum([Pence(1), Pence(2)]), Some(Pence(3)));
        assert_eq!(Pence::try_sum([Pence(i64::MAX), Pence(1)]), None);
        assert_eq!(BasisPoints(20_000).of(Pence(i64::MAX)), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(
            pence in -Pence::LARGEST.0..=Pence::LARGEST.0,
            points: i32,
            price: i64,
        ) {
            prop_assert_eq!(Pence::parse(&Pence(pence).to_string()), Ok(Pence(pence)));
            prop_assert_eq!(BasisPoints::parse(&BasisPoints(points).to_string()), Ok(BasisPoints(points)));
            prop_assert_eq!(UnitPrice::parse(&UnitPrice(price).to_string()), Ok(UnitPrice(price)));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = Pence::parse(&text);
            let _ = BasisPoints::parse(&text);
        }
    }
}

//! The lines of an invoice or credit note, their sums, and the VAT they bear.

use serde::Serialize;

use crate::{RenderError, Supplier, format};

/// One line. Amounts are in pence; on a credit note a positive amount is one taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it is for.
    pub description: String,
    /// How many.
    pub quantity: u32,
    /// The price of one, before VAT.
    #[serde(serialize_with = "format::serialize_money")]
    pub unit: i64,
    /// The price of all, before VAT.
    #[serde(serialize_with = "format::serialize_money")]
    pub net: i64,
    /// How VAT treats it.
    #[serde(skip)]
    pub vat: Vat,
    /// Why it is treated so, in a sentence.
    #[serde(skip)]
    pub vat_reason: String,
    /// The VAT charged, as rounded for this line.
    #[serde(serialize_with = "format::serialize_money")]
    pub vat_amount: i64,
}

/// How VAT treats a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vat {
    /// Exempt by law, such as education by an eligible body.
    Exempt,
    /// No supply, or a supplier who is not registered.
    OutsideScope,
    /// Taxable at 0%.
    Zero,
    /// Taxable at this rate.
    Standard {
        /// 2000 is 20%.
        rate_basis_points: u32,
    },
}

impl Vat {
    fn letter(self) -> char {
        match self {
            Self::Exempt => 'E',
            Self::OutsideScope => 'O',
            Self::Zero => 'Z',
            Self::Standard { .. } => 'S',
        }
    }

    fn rate(self) -> String {
        match self {
            Self::Exempt => "Exempt".to_owned(),
            Self::OutsideScope => "Outside scope".to_owned(),
            Self::Zero => format::rate(0),
            Self::Standard { rate_basis_points } => format::rate(rate_basis_points),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Exempt => "Exempt from VAT".to_owned(),
            Self::OutsideScope => "Outside the scope of VAT".to_owned(),
            Self::Zero => "Zero rate, 0%".to_owned(),
            Self::Standard { rate_basis_points } => {
                format!("Standard rate, {}", format::rate(rate_basis_points))
            }
        }
    }
}

/// Lines with all that their tables show.
#[derive(Debug, Serialize)]
pub(crate) struct Account<'a> {
    lines: Vec<AccountLine<'a>>,
    vat_groups: Vec<VatGroup<'a>>,
    pub(crate) sums: Sums,
}

#[derive(Debug, Serialize)]
struct AccountLine<'a> {
    #[serde(flatten)]
    line: &'a Line,
    rate: String,
    code: Option<String>,
    #[serde(serialize_with = "format::serialize_money")]
    gross: i64,
}

/// The lines that VAT treats alike and for the same reason.
#[derive(Debug, Serialize)]
struct VatGroup<'a> {
    /// A letter, with a number where several groups share it: `E`, or `E1` and `E2`.
    code: String,
    treatment: String,
    reason: &'a str,
    #[serde(flatten)]
    sums: Sums,
}

/// Amounts in pence.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Sums {
    #[serde(serialize_with = "format::serialize_money")]
    net: i64,
    #[serde(serialize_with = "format::serialize_money")]
    vat: i64,
    #[serde(serialize_with = "format::serialize_money")]
    pub(crate) gross: i64,
}

impl Sums {
    fn of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Result<Self, RenderError> {
        lines
            .into_iter()
            .try_fold(Self::default(), |sums, line| {
                let (net, vat) = (sums.net.checked_add(line.net)?, sums.vat.checked_add(line.vat_amount)?);
                Some(Self { net, vat, gross: net.checked_add(vat)? })
            })
            .ok_or(RenderError::SumTooLarge)
    }
}

impl<'a> Account<'a> {
    /// Adds up `lines`. Fails where a sum does not fit, and where VAT is charged without a VAT number.
    pub(crate) fn of(lines: &'a [Line], supplier: &Supplier) -> Result<Self, RenderError> {
        if is_vat_charged(lines)
            && supplier.vat_number.as_deref().is_none_or(|number| number.trim().is_empty())
        {
            return Err(RenderError::NoVatNumber);
        }
        let mut kinds = Vec::new();
        for kind in lines.iter().map(kind) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let mut account =
            Self { lines: Vec::with_capacity(lines.len()), vat_groups: Vec::new(), sums: Sums::of(lines)? };
        for (index, &(vat, reason)) in kinds.iter().enumerate() {
            let sums = Sums::of(lines.iter().filter(|line| kind(line) == (vat, reason)))?;
            account.vat_groups.push(VatGroup {
                code: code(&kinds, index),
                treatment: vat.name(),
                reason,
                sums,
            });
        }
        for line in lines {
            let code = kinds.iter().position(|&other| other == kind(line)).map(|index| code(&kinds, index));
            let gross = Sums::of([line])?.gross;
            account.lines.push(AccountLine { line, rate: line.vat.rate(), code, gross });
        }
        Ok(account)
    }
}

/// Whether the document must be one for VAT.
pub(crate) fn is_vat_charged(lines: &[Line]) -> bool {
    lines.iter().any(|line| matches!(line.vat, Vat::Standard { .. }))
}

fn kind(line: &Line) -> (Vat, &str) {
    (line.vat, &line.vat_reason)
}

/// The code of one of `kinds`: its letter, numbered where several kinds share it.
fn code(kinds: &[(Vat, &str)], index: usize) -> String {
    let letter = kinds[index].0.letter();
    let sharing = |kinds: &[(Vat, &str)]| kinds.iter().filter(|(vat, _)| vat.letter() == letter).count();
    if sharing(kinds) == 1 { letter.to_string() } else { format!("{letter}{}", sharing(&kinds[..=index])) }
}

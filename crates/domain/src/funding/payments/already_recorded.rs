//! Whether a line of a bank's statement is a payment that is recorded already, in other words.

use chrono::{Days, NaiveDate};

use super::{
    Payment, Receipt,
    repo::OnRecord,
    suggest::{plain, quotes},
};
use crate::ids::PayerId;

/// How far the day of a payment that a person recorded may be from the bank's: a cheque is recorded when it comes, and
/// is on the statement once it has cleared. Two statements agree on the day.
const DAYS_APART: u64 = 7;

/// The days of the payments that these receipts may be.
pub(super) fn days(receipts: &[Receipt]) -> Option<(NaiveDate, NaiveDate)> {
    let days = || receipts.iter().map(|receipt| receipt.payment.received_on);
    Some((days().min()? - Days::new(DAYS_APART), days().max()? + Days::new(DAYS_APART)))
}

/// The payments that are recorded already. Each is one line of a statement at the most.
pub(super) struct Others<'a> {
    left: Vec<OnRecord>,
    numbers: &'a [(String, PayerId)],
}

impl<'a> Others<'a> {
    pub(super) fn of(recorded: Vec<OnRecord>, numbers: &'a [(String, PayerId)]) -> Self {
        Self { left: recorded, numbers }
    }

    /// The one that the receipt looks like, the nearest in days; it is not there for another receipt then.
    pub(super) fn like(&mut self, receipt: &Receipt) -> Option<OnRecord> {
        let line = &receipt.payment;
        let words = plain(&format!("{} {}", line.reference, line.payer_text));
        let is_quoted = |number: &str| quotes(&words, number);
        let quotes_any = self.numbers.iter().any(|(number, _)| is_quoted(number));
        let apart =
            |other: &OnRecord| (other.payment.received_on - line.received_on).num_days().unsigned_abs();
        let is_like = |other: &OnRecord| {
            let most = if other.import_id.is_none() { DAYS_APART } else { 0 };
            let is_for_quoted = other.numbers.iter().any(|number| is_quoted(number));
            let is_for_others = quotes_any && !other.numbers.is_empty() && !is_for_quoted;
            other.payment.amount == line.amount
                && apart(other) <= most
                && !is_for_others
                && (is_for_quoted || is_of_payer(&other.payment, line))
        };
        let near = self.left.iter().enumerate().filter(|(_, other)| is_like(other));
        let (at, _) = near.min_by_key(|(_, other)| apart(other))?;
        Some(self.left.remove(at))
    }
}

/// Whether both are of one payer; where one's payer is not known, whether they say the same in words.
fn is_of_payer(one: &Payment, other: &Payment) -> bool {
    let is_same = |one: &str, other: &str| !plain(one).is_empty() && plain(one) == plain(other);
    match one.payer_id.zip(other.payer_id) {
        Some((one, other)) => one == other,
        None => is_same(&one.reference, &other.reference) || is_same(&one.payer_text, &other.payer_text),
    }
}

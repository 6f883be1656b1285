//! Who a payment is probably from, and which invoices it is probably for.

use super::{Part, Payment};
use crate::{funding::invoices::InvoiceRecord, ids::PayerId, money::Pence, schools::members::Payer};

/// A proposal for one payment, with its reason. A person decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What would be set against what.
    pub parts: Vec<Part>,
    /// Why.
    pub reason: String,
}

/// How much of a payer's name a bank must leave for it to be known by: banks cut names short.
const SHORTEST_NAME: usize = 8;

/// The payer that a receipt tells of: by the invoice numbers that it quotes, when all of them are one payer's, or else
/// by the legal name, whole in its words or cut short by the bank, when no other payer's fits.
pub(super) fn payer<'a>(
    payment: &Payment,
    numbers: &[(String, PayerId)],
    payers: &'a [Payer],
) -> Option<&'a Payer> {
    let quoted = plain(&format!("{} {}", payment.reference, payment.payer_text));
    let mut ids = numbers.iter().filter(|(number, _)| quotes(&quoted, number)).map(|(_, id)| *id);
    if let Some(id) = ids.next() {
        return payers.iter().find(|payer| payer.id == id).filter(|_| ids.all(|other| other == id));
    }
    let words = plain(&payment.payer_text);
    let is_named = |payer: &&Payer| {
        let name = plain(&payer.legal_name);
        name.len() >= SHORTEST_NAME
            && (quoted.contains(&name) || (words.len() >= SHORTEST_NAME && name.starts_with(&words)))
    };
    let mut named = payers.iter().filter(is_named);
    named.next().filter(|_| named.next().is_none())
}

/// Proposals for a payment among the open invoices, the surest first: the invoice whose number is quoted; then one
/// payer's invoices that together come to exactly the sum; then a single invoice of exactly the sum; and when none of
/// these is there and the payer is known, what it owes, the longest due first.
#[must_use]
pub fn suggestions(payment: &Payment, open: &[InvoiceRecord]) -> Vec<Suggestion> {
    let free = payment.free();
    if free <= Pence::ZERO {
        return Vec::new();
    }
    let mut found = Vec::new();
    let quoted = plain(&format!("{} {}", payment.reference, payment.payer_text));
    let numbered: Vec<_> = open.iter().filter(|record| quotes(&quoted, &record.invoice.number)).collect();
    if !numbered.is_empty() {
        let numbers: Vec<_> = numbered.iter().map(|record| record.invoice.number.as_str()).collect();
        found.push(Suggestion {
            reason: format!("It quotes {}.", numbers.join(", ")),
            parts: fill(free, &numbered),
        });
    }
    let is_possible =
        |record: &&InvoiceRecord| payment.payer_id.is_none_or(|id| id == record.invoice.payer_id);
    let open: Vec<_> = open.iter().filter(is_possible).collect();
    let mut payers: Vec<_> = open.iter().map(|record| record.invoice.payer_id).collect();
    payers.sort_unstable();
    payers.dedup();
    for payer in payers {
        let theirs: Vec<_> = open.iter().copied().filter(|record| record.invoice.payer_id == payer).collect();
        let sum: i64 = theirs.iter().map(|record| record.balance.outstanding.0).sum();
        if sum == free.0 && theirs.len() > 1 {
            let name = &theirs[0].invoice.bill_to_name;
            let reason = format!("It is exactly what {name} owes for {} invoices.", theirs.len());
            found.push(Suggestion { reason, parts: fill(free, &theirs) });
        }
    }
    let same: Vec<_> = open.iter().copied().filter(|record| record.balance.outstanding == free).collect();
    // Several of one sum tell nothing.
    if let [only] = same[..]
        && !numbered.iter().any(|record| record.invoice.id == only.invoice.id)
    {
        let reason =
            format!("Only {} for {} needs exactly this sum.", only.invoice.number, only.invoice.member_name);
        found.push(Suggestion { reason, parts: fill(free, &[only]) });
    }
    if let (true, Some(_), [first, ..]) = (found.is_empty(), payment.payer_id, &open[..]) {
        let reason = format!("It is from {}: what is due first is paid first.", first.invoice.bill_to_name);
        found.push(Suggestion { reason, parts: fill(free, &open) });
    }
    found
}

/// As much of `free` as each invoice needs, in order.
fn fill(free: Pence, records: &[&InvoiceRecord]) -> Vec<Part> {
    let mut left = free.0;
    let mut parts = Vec::new();
    for record in records {
        let amount = record.balance.outstanding.0.min(left);
        if amount > 0 {
            parts.push(Part { invoice_id: record.invoice.id, amount: Pence(amount) });
            left -= amount;
        }
    }
    parts
}

/// Letters and digits in upper case: banks drop hyphens and add spaces.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether a number stands in the text and is not the beginning of a longer one.
pub(super) fn quotes(text: &str, number: &str) -> bool {
    let number = plain(number);
    !number.is_empty()
        && text
            .match_indices(&number)
            .any(|(at, found)| !text[at + found.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_as_banks_write_it() {
        assert!(quotes(&plain("FENSIDE INF WEA 0042"), "WEA-0042"));
        assert!(quotes(&plain("wea0042/wea0043"), "WEA-0043"));
        assert!(!quotes(&plain("WEA-00421"), "WEA-0042"));
        assert!(!quotes(&plain("thank you"), "WEA-0042"));
    }
}

//! Reading a bank's statement file: CSV in the shapes that UK banks export.

use chrono::NaiveDate;
use encoding_rs::{Encoding, WINDOWS_1252};

use crate::{dates::read_date, money::Pence};

/// The largest file that is read: a year of a busy account is well below it.
pub(super) const LARGEST_BANK_FILE: usize = 5 * 1024 * 1024;

/// The most lines that bring money in: each is shown, and looked up among the payers and the invoices.
const MOST_LINES: usize = 2_000;

/// A line that brought money in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankLine {
    /// Its line in the file, counted from 1 with the heading.
    pub line: u64,
    /// The day.
    pub received_on: NaiveDate,
    /// How much.
    pub amount: Pence,
    /// What the bank says of it.
    pub description: String,
    /// The payer's reference, where the bank has a column for it.
    pub reference: String,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLine {
    /// Its line in the file, counted from 1 with the heading.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Why a file is no bank statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BankFileError {
    /// Nothing in it.
    #[error("This file is empty.")]
    Empty,
    /// More than 5 MB.
    #[error("This file is larger than 5 MB. Export a shorter period from the bank.")]
    TooLarge,
    /// More than 2,000 lines that bring money in.
    #[error("This file has more than 2,000 payments. Export a shorter period from the bank.")]
    TooMany,
    /// A spreadsheet or another binary file.
    #[error(
        "This is not a CSV file. In the bank's website, choose CSV when you export; a spreadsheet must be saved as CSV first."
    )]
    NotText,
    /// A column is missing.
    #[error("This file has no column for {0}. Its heading was read as: {1}")]
    MissingColumn(&'static str, String),
}

/// Columns by the names that banks give them, in lower case.
struct Columns {
    date: usize,
    amount: Option<usize>,
    credit: Option<usize>,
    description: usize,
    debit: Option<usize>,
    reference: Option<usize>,
}

/// What stands in a statement's file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BankFile {
    /// The lines that brought money in.
    pub lines: Vec<BankLine>,
    /// How many lines took money out: they are passed over.
    pub money_out: usize,
    /// The lines that could not be read.
    pub rejected: Vec<RejectedLine>,
}

/// Reads the lines that brought money in. Lines that took money out are counted; lines that cannot be read are
/// reported and lose nothing else.
pub fn read_bank_file(bytes: &[u8]) -> Result<BankFile, BankFileError> {
    if bytes.len() > LARGEST_BANK_FILE {
        return Err(BankFileError::TooLarge);
    }
    let text = bank_text(bytes);
    if text.contains('\0') || bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"%PDF") {
        return Err(BankFileError::NotText);
    }
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let heading = reader.headers().map_err(|_| BankFileError::NotText)?.clone();
    if heading.iter().all(str::is_empty) {
        return Err(BankFileError::Empty);
    }
    let columns = Columns::of(&heading)?;
    let mut file = BankFile::default();
    for record in reader.records() {
        let Ok(record) = record else {
            file.rejected.push(RejectedLine { line: 0, reason: "This line is not CSV.".into() });
            continue;
        };
        let line = record.position().map_or(0, csv::Position::line);
        match columns.read(&record, line) {
            Ok(Some(_)) if file.lines.len() == MOST_LINES => return Err(BankFileError::TooMany),
            Ok(Some(read)) => file.lines.push(read),
            Ok(None) => file.money_out += usize::from(columns.is_money_out(&record)),
            Err(reason) => file.rejected.push(RejectedLine { line, reason }),
        }
    }
    Ok(file)
}

/// A file's text, in one of the encodings that banks and spreadsheets use: what its first bytes say, else UTF-8, else
/// Windows-1252.
#[must_use]
pub fn bank_text(bytes: &[u8]) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0.into_owned();
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode(bytes).0.into_owned(),
    }
}

impl Columns {
    fn of(heading: &csv::StringRecord) -> Result<Self, BankFileError> {
        let names: Vec<_> = heading.iter().map(str::to_lowercase).collect();
        let find =
            |wanted: &[&str]| wanted.iter().find_map(|name| names.iter().position(|have| have == name));
        let missing =
            |what| BankFileError::MissingColumn(what, heading.iter().collect::<Vec<_>>().join(", "));
        let amount = find(&["amount", "amount (gbp)", "value", "transaction amount"]);
        let credit = find(&["credit", "credit amount", "paid in", "money in", "credits"]);
        if amount.is_none() && credit.is_none() {
            return Err(missing("the amount"));
        }
        Ok(Self {
            date: find(&["date", "transaction date", "posting date", "value date"])
                .ok_or_else(|| missing("the date"))?,
            amount,
            credit,
            description: find(&[
                "description",
                "transaction description",
                "details",
                "narrative",
                "memo",
                "name",
                "counter party",
            ])
            .ok_or_else(|| missing("the description"))?,
            debit: find(&["debit", "debit amount", "paid out", "money out", "debits"]),
            reference: find(&["reference", "payment reference", "customer reference"]),
        })
    }

    /// Whether a line that brought nothing in took something out.
    fn is_money_out(&self, record: &csv::StringRecord) -> bool {
        let amount = |at: Option<usize>| {
            at.and_then(|at| Pence::parse(record.get(at)?).ok()).map_or(0, |pence| pence.0)
        };
        amount(self.debit) != 0 || amount(self.credit) < 0 || amount(self.amount) < 0
    }

    /// `None` when the line brought nothing in.
    fn read(&self, record: &csv::StringRecord, line: u64) -> Result<Option<BankLine>, String> {
        let cell = |at: usize| record.get(at).unwrap_or("");
        if record.iter().all(str::is_empty) {
            return Ok(None);
        }
        let typed = match (self.credit, self.amount) {
            (Some(credit), _) => cell(credit),
            (None, Some(amount)) => cell(amount),
            (None, None) => "",
        };
        if typed.is_empty() {
            return Ok(None);
        }
        let amount = Pence::parse(typed)
            .map_err(|error| format!("The amount “{typed}” could not be read: {error}."))?;
        if amount <= Pence::ZERO {
            return Ok(None);
        }
        let received_on = read_date(cell(self.date)).map_err(|error| format!("The date {error}"))?;
        let reference = self.reference.map(cell).unwrap_or_default().to_owned();
        Ok(Some(BankLine {
            line,
            received_on,
            amount,
            description: one_line(cell(self.description)),
            reference: one_line(&reference),
        }))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_banks_shapes_are_read() {
        let one = b"Date,Description,Amount,Balance\r\n04/10/2026,BEACON HILL ACADEMY,\"2,372.00\",9000.00\r\n05/10/2026,Card,-12.50,8987.50\r\n";
        let BankFile { lines, money_out, rejected } = read_bank_file(one).unwrap();
        assert_eq!((lines.len(), money_out, rejected.len()), (1, 1, 0));
        assert_eq!(lines[0].amount, Pence(237_200));
        let two = "\u{feff}Transaction Date,Reference,Details,Paid out,Paid in\n2026-10-04,WEA-0001,\"HARBOUR\nVIEW\",,500\n2026-10-05,,Hall,60.00,\n".as_bytes();
        let BankFile { lines, money_out, .. } = read_bank_file(two).unwrap();
        assert_eq!(money_out, 1);
        assert_eq!(
            (lines[0].description.as_str(), lines[0].reference.as_str()),
            ("HARBOUR VIEW", "WEA-0001")
        );
    }

    #[test]
    fn what_a_spreadsheet_saves_as_unicode_is_read() {
        let file = "Date,Description,Amount\n04/10/2026,St Ébba’s,5.00\n";
        let wide = std::iter::once('\u{feff}').chain(file.chars()).collect::<String>();
        let little: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = wide.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [&little, &big, &wide.clone().into_bytes()] {
            assert_eq!(read_bank_file(bytes).unwrap().lines[0].description, "St Ébba’s");
        }
    }

    #[test]
    fn a_file_of_very_many_payments_is_refused() {
        let file = |lines: usize| {
            format!("Date,Description,Amount\n{}", "01/02/2026,A,1.00\n01/02/2026,B,-1.00\n".repeat(lines))
        };
        assert_eq!(read_bank_file(file(MOST_LINES).as_bytes()).unwrap().lines.len(), MOST_LINES);
        assert_eq!(read_bank_file(file(MOST_LINES + 1).as_bytes()), Err(BankFileError::TooMany));
    }

    #[test]
    fn a_bad_line_is_reported_and_the_rest_is_read() {
        let file = b"Date,Description,Amount\n31/02/2026,A,1.00\n01/02/2026,B,..\n01/02/2026,=cmd(),3.00\n\
            01/02/2026,C,100000000.01\n";
        let BankFile { lines, rejected, .. } = read_bank_file(file).unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(rejected.iter().map(|line| line.line).collect::<Vec<_>>(), [2, 3, 5]);
    }

    #[test]
    fn a_year_of_two_digits_is_of_this_century() {
        let file = b"Date,Description,Amount\n20/11/26,A,1.00\n20-Nov-26,B,1.00\n20/11/1926,C,1.00\n";
        let BankFile { lines, rejected, .. } = read_bank_file(file).unwrap();
        assert_eq!(
            lines.iter().map(|line| line.received_on.to_string()).collect::<Vec<_>>(),
            ["2026-11-20"; 2]
        );
        let reason =
            "The date “20/11/1926” is not between 2000 and 2099: please look at the year.".to_owned();
        assert_eq!(rejected, [RejectedLine { line: 4, reason }]);
    }

    #[test]
    fn other_files_are_refused_in_words() {
        assert_eq!(read_bank_file(b""), Err(BankFileError::Empty));
        assert_eq!(read_bank_file(b"PK\x03\x04rest"), Err(BankFileError::NotText));
        assert_eq!(read_bank_file(b"a\0b"), Err(BankFileError::NotText));
        assert!(matches!(read_bank_file(b"URN,Name\n1,x\n"), Err(BankFileError::MissingColumn(..))));
        assert_eq!(read_bank_file(&vec![b'x'; LARGEST_BANK_FILE + 1]), Err(BankFileError::TooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read_bank_file(&bytes);
            let mut file = b"Date,Description,Amount\n".to_vec();
            file.extend(&bytes);
            let _ = read_bank_file(&file);
        }
    }
}

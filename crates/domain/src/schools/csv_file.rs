//! Reading the register's files: CSV of any length in constant memory, by the names in the heading.
//!
//! The files are Windows-1252, until somebody saves one as UTF-8: a cell whose bytes are UTF-8 is read as that, since no
//! name in the other encoding looks so. A file that is something else altogether is one [`FileError`]; a row that cannot
//! be used is a [`Reject`] and loses nothing else.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt::Display,
    hash::Hash,
    io::{self, Chain, Cursor, Read},
    ops::RangeInclusive,
    str::FromStr,
};

use chrono::NaiveDate;
use csv::{ByteRecord, StringRecord};
use encoding_rs::WINDOWS_1252;

use crate::text::plural;

/// How much of a file is looked at to tell what it is.
const HEAD: u64 = 8 * 1024;
/// The longest row, in bytes. The register's are below 3 kB; a quotation mark that is never closed makes one row of
/// everything behind it.
const LONGEST_ROW: usize = 1024 * 1024;
/// The longest text in a cell, in characters.
const LONGEST_TEXT: usize = 500;

/// What one kind of file holds, a row each.
pub trait Record: Sized {
    /// The file as a person knows it, to go behind "this is not".
    const FILE: &'static str;
    /// The column by which people find a row that was left out.
    const NAMED_BY: &'static str;
    /// Columns without which it is another file.
    const REQUIRED: &'static [&'static str];
    /// What no two rows of one file share.
    type Key: Eq + Hash;

    /// Reads one row, or says why it cannot be used.
    fn read(row: &Row<'_>) -> Result<Self, String>;
    /// Its key.
    fn key(&self) -> Self::Key;
}

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The line on which the row begins, counted from 1 with the heading.
    pub line: u64,
    /// The cell of the column that names its row, such as the URN, as it stands in the file.
    pub named: String,
    /// Why, as a sentence.
    pub reason: String,
}

/// Why a file cannot be read at all, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing in it.
    #[error("This file is empty.")]
    Empty,
    /// A zip archive; new spreadsheets are zip archives too.
    #[error("This is a zip archive or a spreadsheet. Unpack it, and give the CSV file that is inside.")]
    Archive,
    /// UTF-16.
    #[error(
        "This file is saved as Unicode (UTF-16). Save it as CSV again, or give the file as it was downloaded."
    )]
    Utf16,
    /// Any other file that is no text.
    #[error(
        "This is not a CSV file. Give the file as it was downloaded, the register's from Get Information About Schools."
    )]
    NotText,
    /// Another file, or another shape of it.
    #[error("This is not {file}: its first line has no column {}.", quoted(.missing))]
    OtherShape {
        /// What was expected.
        file: &'static str,
        /// The required columns that it lacks.
        missing: Vec<&'static str>,
    },
    /// A row that does not end.
    #[error(
        "The row after line {line} goes on for more than a million letters. Most likely a quotation mark is never \
         closed, or the file is damaged: download it again."
    )]
    EndlessRow {
        /// The line on which the last good row begins.
        line: u64,
    },
    /// The system.
    #[error("The file could not be read to its end: {0}.")]
    Io(#[from] io::Error),
}

fn quoted(columns: &[&str]) -> String {
    const SHOWN: usize = 4;
    let mut text = columns.iter().take(SHOWN).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
    if columns.len() > SHOWN {
        text.push_str(" and others");
    }
    text
}

/// The text of a cell, in whichever of the two encodings it is.
fn decoded(cell: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(cell).map_or_else(|_| WINDOWS_1252.decode_without_bom_handling(cell).0, Cow::Borrowed)
}

/// A file of `T`, read row by row.
pub struct CsvFile<T: Record, R> {
    rows: csv::Reader<Limited<Chain<Cursor<Vec<u8>>, R>>>,
    columns: HashMap<String, usize>,
    width: usize,
    seen: HashSet<T::Key>,
    bytes: ByteRecord,
    record: StringRecord,
    line: u64,
    /// Where lines end with CR and LF, the CSV reader takes each row to begin at the LF of the line above.
    behind: u64,
}

impl<T: Record, R: Read> CsvFile<T, R> {
    /// Looks at the beginning and reads the heading.
    pub fn open(mut file: R) -> Result<Self, FileError> {
        let mut head = Vec::new();
        file.by_ref().take(HEAD).read_to_end(&mut head)?;
        refuse_other_formats(&head)?;
        let heading_end = head.iter().position(|byte| *byte == b'\n').unwrap_or_default();
        let behind = u64::from(heading_end > 0 && head[heading_end - 1] == b'\r');
        let mut rows = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(Limited { inner: Cursor::new(head).chain(file), left: LONGEST_ROW });
        let heading = rows.byte_headers().map_err(|error| failed(error, 1))?.clone();
        let mut columns = HashMap::new();
        for (at, name) in heading.iter().enumerate() {
            columns.entry(decoded(name).trim().to_owned()).or_insert(at);
        }
        let missing: Vec<_> =
            T::REQUIRED.iter().copied().filter(|name| !columns.contains_key(*name)).collect();
        if !missing.is_empty() {
            return Err(FileError::OtherShape { file: T::FILE, missing });
        }
        Ok(Self {
            rows,
            columns,
            width: heading.len(),
            seen: HashSet::new(),
            bytes: ByteRecord::new(),
            record: StringRecord::new(),
            line: 1,
            behind,
        })
    }

    /// Whether the heading has this column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    fn read(&mut self) -> Result<T, Reject> {
        let row = Row { columns: &self.columns, cells: &self.record };
        let width = self.record.len();
        let read = if width == self.width {
            T::read(&row)
        } else {
            Err(format!(
                "This row has {} where the first line has {}.",
                plural(width, "column", "columns"),
                self.width
            ))
        };
        let read = read.and_then(|record| {
            if self.seen.insert(record.key()) {
                Ok(record)
            } else {
                Err("This row repeats an earlier one.".to_owned())
            }
        });
        read.map_err(|reason| Reject { line: self.line, named: shortened(row.cell(T::NAMED_BY)), reason })
    }
}

/// A file error is the last item.
impl<T: Record, R: Read> Iterator for CsvFile<T, R> {
    type Item = Result<Result<T, Reject>, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.get_mut().left = LONGEST_ROW;
        match self.rows.read_byte_record(&mut self.bytes) {
            Ok(true) => {
                self.record = self.bytes.iter().map(decoded).collect();
                self.line = self.bytes.position().map_or(self.line, |at| at.line() + self.behind);
                Some(Ok(self.read()))
            }
            Ok(false) => None,
            // The reader is at its end after an error of the file below it.
            Err(error) => Some(Err(failed(error, self.line))),
        }
    }
}

fn refuse_other_formats(head: &[u8]) -> Result<(), FileError> {
    const ZIP: &[u8] = b"PK\x03\x04";
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(FileError::Empty);
    }
    if head.starts_with(ZIP) {
        return Err(FileError::Archive);
    }
    let has_mark = head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF");
    let is_nought = |at| head.get(at) == Some(&0);
    let every_other =
        is_nought(0) != is_nought(1) && is_nought(0) == is_nought(2) && is_nought(1) == is_nought(3);
    if has_mark || every_other {
        return Err(FileError::Utf16);
    }
    if head.contains(&0) { Err(FileError::NotText) } else { Ok(()) }
}

fn failed(error: csv::Error, line: u64) -> FileError {
    match error.into_kind() {
        csv::ErrorKind::Io(error)
            if error.get_ref().is_some_and(|inner| inner.downcast_ref::<RowTooLong>().is_some()) =>
        {
            FileError::EndlessRow { line }
        }
        csv::ErrorKind::Io(error) => FileError::Io(error),
        // Rows of any width and any bytes are taken.
        _ => FileError::NotText,
    }
}

/// Ends a row that is too long, since the CSV reader would keep all of it in memory.
struct Limited<R> {
    inner: R,
    left: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("the row is too long")]
struct RowTooLong;

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read).ok_or_else(|| io::Error::other(RowTooLong))?;
        Ok(read)
    }
}

/// The cells of one row, by the names in the heading.
pub struct Row<'a> {
    columns: &'a HashMap<String, usize>,
    cells: &'a StringRecord,
}

impl Row<'_> {
    /// Empty when there is no such column.
    fn cell(&self, column: &str) -> &str {
        self.columns.get(column).and_then(|at| self.cells.get(*at)).unwrap_or_default().trim()
    }

    /// Text in one line: a line break inside a cell is folded into a space. `None` when blank.
    pub fn text(&self, column: &str) -> Result<Option<String>, String> {
        let cell = self.cell(column);
        if cell.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            return Err(format!("The cell {column} has characters that cannot be read."));
        }
        let words = cell.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let text = words.collect::<Vec<_>>().join(" ");
        if text.chars().count() > LONGEST_TEXT {
            return Err(format!("The cell {column} is longer than {LONGEST_TEXT} letters."));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// A whole number, which is also how the register writes codes: `02` and `2` are the same. `None` when it is not
    /// known: blank or `..`.
    pub fn number<N>(&self, column: &str, range: RangeInclusive<N>) -> Result<Option<N>, String>
    where
        N: FromStr + PartialOrd + Display,
    {
        let cell = self.cell(column);
        if is_unknown(cell) {
            return Ok(None);
        }
        let digits = cell.strip_prefix('-').unwrap_or(cell).bytes().all(|byte| byte.is_ascii_digit());
        match cell.parse() {
            Ok(number) if digits && range.contains(&number) => Ok(Some(number)),
            _ => Err(format!(
                "“{}” in the cell {column} is not a whole number from {} to {}.",
                shortened(cell),
                range.start(),
                range.end()
            )),
        }
    }

    /// Any other cell that `parse` understands. `None` when it is not known: blank or `..`.
    pub fn parsed<V>(
        &self,
        column: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<V>,
    ) -> Result<Option<V>, String> {
        let cell = self.cell(column);
        if is_unknown(cell) {
            return Ok(None);
        }
        parse(cell)
            .map(Some)
            .ok_or_else(|| format!("“{}” in the cell {column} is not {expected}.", shortened(cell)))
    }

    /// A date as `31-08-2024`. `None` when blank.
    pub fn date(&self, column: &str) -> Result<Option<NaiveDate>, String> {
        self.parsed(column, "a date like 31-08-2024", |cell| {
            // The library would take signs and years of any length too.
            let is_shaped = cell.len() == 10
                && cell.bytes().enumerate().all(|(at, byte)| match at {
                    2 | 5 => byte == b'-',
                    _ => byte.is_ascii_digit(),
                });
            NaiveDate::parse_from_str(cell, "%d-%m-%Y").ok().filter(|_| is_shaped)
        })
    }

    /// The number of a school: six digits.
    pub fn urn(&self, column: &str) -> Result<i32, String> {
        self.number(column, 100_000..=999_999)?.ok_or_else(|| format!("The cell {column} is empty."))
    }
}

fn is_unknown(cell: &str) -> bool {
    matches!(cell, "" | "..")
}

fn shortened(cell: &str) -> String {
    const SHOWN: usize = 40;
    let mut text: String = cell.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    if cell.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schools::{RegisterSchool, SchoolLink};

    /// Endless text in one row, without ever being in memory.
    struct Endless(Cursor<&'static [u8]>);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => {
                    buffer.fill(b'x');
                    Ok(buffer.len())
                }
                read => Ok(read),
            }
        }
    }

    const HEADING: &str = "URN,LinkURN,LinkName,LinkType,LinkEstablishedDate\n";

    fn refusal(bytes: &[u8]) -> FileError {
        CsvFile::<SchoolLink, _>::open(bytes).err().unwrap()
    }

    #[test]
    fn a_file_of_another_kind_is_one_clear_error() {
        assert!(matches!(refusal(b""), FileError::Empty));
        assert!(matches!(refusal(b"\xEF\xBB\xBF\r\n"), FileError::Empty));
        assert!(matches!(refusal(b"PK\x03\x04\x14\0"), FileError::Archive));
        assert!(matches!(refusal(b"\xFF\xFEU\0R\0"), FileError::Utf16));
        assert!(matches!(refusal(b"U\0R\0N\0"), FileError::Utf16));
        assert!(matches!(refusal(b"\0U\0R\0N"), FileError::Utf16));
        assert!(matches!(refusal(b"\x7FELF\x02\x01\x01\0\0\0"), FileError::NotText));
        assert_eq!(
            refusal(b"Date,Amount\n01/02/2026,3.00\n").to_string(),
            "This is not the register's file of links: its first line has no column “URN”, “LinkURN”, “LinkType”, \
             “LinkEstablishedDate”."
        );
        let semicolons = CsvFile::<RegisterSchool, _>::open(&b"URN;EstablishmentName\n"[..]).err().unwrap();
        assert!(semicolons.to_string().ends_with(" and others."), "{semicolons}");
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_ends_the_reading_in_constant_memory() {
        let start: &[u8] = b"URN,LinkURN,LinkName,LinkType,LinkEstablishedDate\n120694,137551,A,Successor,\n120695,137552,\"";
        let mut file = CsvFile::<SchoolLink, _>::open(Endless(Cursor::new(start))).unwrap();
        assert!(file.next().unwrap().unwrap().is_ok());
        assert!(matches!(file.next(), Some(Err(FileError::EndlessRow { line: 2 }))));
        assert!(file.next().is_none());
    }

    #[test]
    fn a_long_heading_is_refused() {
        let error = CsvFile::<SchoolLink, _>::open(Endless(Cursor::new(b"URN"))).err().unwrap();
        assert!(matches!(error, FileError::EndlessRow { .. }));
    }

    #[test]
    fn both_encodings_are_read() {
        let row = "120694,137551,St Thomas à Becket 82°,Successor,31-10-2012\n";
        let (windows, ..) = WINDOWS_1252.encode(row);
        let utf8 = [HEADING, row].concat();
        let marked = ["\u{feff}", &utf8].concat();
        for bytes in [[HEADING.as_bytes(), &windows].concat(), utf8.into_bytes(), marked.into_bytes()] {
            let mut file = CsvFile::<SchoolLink, _>::open(&*bytes).unwrap();
            let link = file.next().unwrap().unwrap().unwrap();
            assert_eq!(link.link_name.as_deref(), Some("St Thomas à Becket 82°"));
        }
    }

    #[test]
    fn a_reject_names_the_line_that_an_editor_shows() {
        let rows = "x,137551,A,Successor,\n120695,137552,\"A\nB\",Successor,\ny,137551,A,Successor,\nz,1,A,Successor,\n";
        for line_end in ["\n", "\r\n"] {
            let bytes = [HEADING, rows].concat().replace('\n', line_end).into_bytes();
            let file = CsvFile::<SchoolLink, _>::open(&*bytes).unwrap();
            let lines: Vec<_> = file.filter_map(|row| Some(row.unwrap().err()?.line)).collect();
            assert_eq!(lines, [2, 5, 6], "{line_end:?}");
        }
    }

    #[test]
    fn a_fault_of_the_disk_is_no_end_of_the_file() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let rows = [HEADING.as_bytes(), &b"120694,137551,A,Successor,\n".repeat(500)].concat();
        let mut file = CsvFile::<SchoolLink, _>::open(rows.chain(Broken)).unwrap();
        assert!(matches!(file.find_map(Result::err), Some(FileError::Io(_))));
        assert!(file.next().is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            for start in ["", HEADING, "\u{feff}URN,LinkURN,LinkName,LinkType,LinkEstablishedDate\n"] {
                let bytes = [start.as_bytes(), &bytes].concat();
                if let Ok(file) = CsvFile::<SchoolLink, _>::open(&*bytes) {
                    prop_assert!(file.count() <= bytes.len());
                }
            }
        }

        #[test]
        fn any_cells_are_read_or_left_out(cells in proptest::collection::vec("[0-9,\"\n=.-]{0,12}|\\PC{0,8}", 0..40)) {
            let mut bytes = HEADING.as_bytes().to_vec();
            bytes.extend(cells.join(",").as_bytes());
            let file = CsvFile::<SchoolLink, _>::open(&*bytes).unwrap();
            prop_assert!(file.count() <= bytes.len());
        }
    }
}

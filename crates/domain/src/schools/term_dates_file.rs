//! A row of a file of term dates, one for each part of a school year of a local authority:
//! `Authority,School year,Name,From,To`, such as `925,2026-27,"Autumn term, first half",02-09-2026,23-10-2026`.

use chrono::NaiveDate;

use super::csv_file::{Record, Row};
use crate::alliances::terms::SchoolYear;

/// A part of a school year, as a local authority publishes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityTerm {
    /// The register's code of the authority.
    pub authority_code: i32,
    /// Which school year.
    pub year: SchoolYear,
    /// "Autumn term, first half".
    pub name: String,
    /// The first day on which schools are open.
    pub starts_on: NaiveDate,
    /// The last.
    pub ends_on: NaiveDate,
}

impl Record for AuthorityTerm {
    const FILE: &'static str = "a file of term dates";
    const REQUIRED: &'static [&'static str] = &["Authority", "School year", "Name", "From", "To"];
    const NAMED_BY: &'static str = "Authority";
    type Key = (i32, i32, String);

    fn read(row: &Row<'_>) -> Result<Self, String> {
        let empty = |column: &str| format!("The cell {column} is empty.");
        let authority_code = row.number("Authority", 100..=999)?.ok_or_else(|| empty("Authority"))?;
        let year = row.parsed("School year", "a school year like 2026-27", SchoolYear::parse)?;
        let year = year.ok_or_else(|| empty("School year"))?;
        let name = row.text("Name")?.ok_or_else(|| empty("Name"))?;
        if name.chars().count() > 100 {
            return Err("The cell Name is longer than 100 letters.".to_owned());
        }
        let day = |column| -> Result<NaiveDate, String> {
            let day = row.date(column)?.ok_or_else(|| empty(column))?;
            if year.has(day) {
                return Ok(day);
            }
            Err(format!(
                "The day {} in the cell {column} is not between August {} and July {}.",
                day.format("%d-%m-%Y"),
                year.0,
                year.0 + 1
            ))
        };
        let (starts_on, ends_on) = (day("From")?, day("To")?);
        if ends_on < starts_on {
            return Err("It ends before it begins.".to_owned());
        }
        Ok(Self { authority_code, year, name, starts_on, ends_on })
    }

    fn key(&self) -> Self::Key {
        (self.authority_code, self.year.0, self.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use crate::schools::{AuthorityTerm, CsvFile};

    #[test]
    fn rows_that_cannot_be_used_are_left_out_with_their_line_and_reason() {
        let text = "Authority,School year,Name,From,To\n\
                    925,2026-27,Autumn,02-09-2026,23-10-2026\n\
                    925,2026/27,Spring,04-01-2027,12-02-2027\n\
                    92,2026-27,Autumn,02-09-2026,23-10-2026\n\
                    925,2026-28,Autumn,02-09-2026,23-10-2026\n\
                    925,2026-27,,02-09-2026,23-10-2026\n\
                    925,2026-27,Summer,2027-04-12,28-05-2027\n\
                    925,2026-27,Summer,12-04-2026,28-05-2027\n\
                    925,2026-27,Summer,12-04-2027,11-04-2027\n\
                    925,2026-27,Summer,12-04-2027,\n\
                    925,2026-27,Autumn,02-09-2026,23-10-2026\n\
                    ,2026-27,Autumn,02-09-2026,23-10-2026\n";
        let file = CsvFile::<AuthorityTerm, _>::open(text.as_bytes()).unwrap();
        let (good, rejected): (Vec<_>, Vec<_>) = file.map(Result::unwrap).partition(Result::is_ok);
        assert_eq!(good.len(), 2);
        let rejected: Vec<_> =
            rejected.into_iter().filter_map(Result::err).map(|r| (r.line, r.reason)).collect();
        let said: Vec<_> = rejected.iter().map(|(line, reason)| (*line, reason.as_str())).collect();
        assert_eq!(
            said,
            [
                (4, "“92” in the cell Authority is not a whole number from 100 to 999."),
                (5, "“2026-28” in the cell School year is not a school year like 2026-27."),
                (6, "The cell Name is empty."),
                (7, "“2027-04-12” in the cell From is not a date like 31-08-2024."),
                (8, "The day 12-04-2026 in the cell From is not between August 2026 and July 2027."),
                (9, "It ends before it begins."),
                (10, "The cell To is empty."),
                (11, "This row repeats an earlier one."),
                (12, "The cell Authority is empty."),
            ]
        );
    }
}

//! A row of the register's file of schools (`edubasealldata`).
//!
//! Its width changes: 120 columns in 2017, 140 in 2024, 135 since early 2025. Columns are found by name, and a file
//! may lack those that only make a school's entry richer.

use std::io::Read;

use chrono::NaiveDate;

use super::csv_file::{CsvFile, Record, Row};
use crate::money::BasisPoints;

/// A school as the register has it. `None` is what the register leaves blank. Its fields are the columns of the
/// table, but for the words to search by.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RegisterSchool {
    /// Its unique reference number, six digits.
    pub urn: i32,
    /// Its name.
    pub name: String,
    /// Three digits; 0 where no authority is concerned.
    pub local_authority_code: Option<i32>,
    /// The authority's name.
    pub local_authority_name: Option<String>,
    /// Four digits, unique within the authority.
    pub establishment_number: Option<i32>,
    /// What kind of establishment, by the register's code.
    pub type_code: i32,
    /// What kind of establishment.
    pub type_name: Option<String>,
    /// Kinds taken together, by the register's code.
    pub type_group_code: Option<i32>,
    /// Kinds taken together.
    pub type_group_name: Option<String>,
    /// See [`RegisterSchool::status`].
    pub status_code: i32,
    /// In the register's words.
    pub status_name: Option<String>,
    /// The first day.
    pub opened_on: Option<NaiveDate>,
    /// The last day; only a plan unless the status is closed.
    pub closed_on: Option<NaiveDate>,
    /// See [`RegisterSchool::phase`].
    pub phase_code: Option<i32>,
    /// In the register's words.
    pub phase_name: Option<String>,
    /// The age from which pupils may come, in years.
    pub lowest_age: Option<i32>,
    /// The age until which they may stay.
    pub highest_age: Option<i32>,
    /// Places.
    pub capacity: Option<i32>,
    /// When pupils were counted.
    pub census_date: Option<NaiveDate>,
    /// On that date. The register rounds boys and girls apart, so they need not add up to it.
    pub number_of_pupils: Option<i32>,
    /// Of these, those eligible for free school meals.
    pub free_meals_basis_points: Option<BasisPoints>,
    /// 0 none, 1 supported by a foundation trust, 3 by a multi-academy trust, 5 by a single-academy trust.
    pub trust_flag_code: Option<i32>,
    /// The trust in the register of groups.
    pub trust_uid: Option<String>,
    /// Its name. May be a foundation trust, which pays nobody's invoices.
    pub trust_name: Option<String>,
    /// The federation in the register of groups.
    pub federation_uid: Option<String>,
    /// Its name.
    pub federation_name: Option<String>,
    /// The number as a provider of learning, eight digits.
    pub ukprn: Option<i32>,
    /// Address.
    pub street: Option<String>,
    /// Address.
    pub locality: Option<String>,
    /// Address.
    pub address3: Option<String>,
    /// Address.
    pub town: Option<String>,
    /// Address.
    pub county: Option<String>,
    /// Address.
    pub postcode: Option<String>,
    /// With or without a scheme, as the school gave it.
    pub website: Option<String>,
    /// As in the register, which drops the leading nought.
    pub telephone: Option<String>,
    /// The region of England.
    pub region: Option<String>,
    /// Metres on the British national grid (EPSG:27700).
    pub easting: Option<i32>,
    /// Metres on the British national grid (EPSG:27700).
    pub northing: Option<i32>,
    /// Of an academy's company.
    pub companies_house_number: Option<String>,
    /// When the register last changed this entry.
    pub last_changed_on: Option<NaiveDate>,
}

/// Columns that a file may lack, and the field that is then left as it is.
const OPTIONAL: [(&str, &str); 26] = [
    ("EstablishmentNumber", "establishment_number"),
    ("TypeOfEstablishment (name)", "type_name"),
    ("EstablishmentTypeGroup (code)", "type_group_code"),
    ("EstablishmentTypeGroup (name)", "type_group_name"),
    ("EstablishmentStatus (name)", "status_name"),
    ("PhaseOfEducation (name)", "phase_name"),
    ("SchoolCapacity", "capacity"),
    ("PercentageFSM", "free_meals_basis_points"),
    ("TrustSchoolFlag (code)", "trust_flag_code"),
    ("Trusts (code)", "trust_uid"),
    ("Trusts (name)", "trust_name"),
    ("Federations (code)", "federation_uid"),
    ("Federations (name)", "federation_name"),
    ("UKPRN", "ukprn"),
    ("Street", "street"),
    ("Locality", "locality"),
    ("Address3", "address3"),
    ("County (name)", "county"),
    ("SchoolWebsite", "website"),
    ("TelephoneNum", "telephone"),
    ("GOR (name)", "region"),
    ("Easting", "easting"),
    ("Northing", "northing"),
    ("CHNumber", "companies_house_number"),
    ("StatutoryLowAge", "lowest_age"),
    ("StatutoryHighAge", "highest_age"),
];

impl<R: Read> CsvFile<RegisterSchool, R> {
    /// The fields about which this file says nothing, since it has no such column.
    pub(super) fn absent_fields(&self) -> Vec<String> {
        OPTIONAL
            .iter()
            .filter(|(column, _)| !self.has(column))
            .map(|(_, field)| (*field).to_owned())
            .collect()
    }
}

impl Record for RegisterSchool {
    const FILE: &'static str = "the register's file of schools";
    const NAMED_BY: &'static str = "URN";
    const REQUIRED: &'static [&'static str] = &[
        "URN",
        "EstablishmentName",
        "LA (code)",
        "LA (name)",
        "TypeOfEstablishment (code)",
        "EstablishmentStatus (code)",
        "OpenDate",
        "CloseDate",
        "PhaseOfEducation (code)",
        "CensusDate",
        "NumberOfPupils",
        "Town",
        "Postcode",
        "LastChangedDate",
    ];
    type Key = i32;

    fn read(row: &Row<'_>) -> Result<Self, String> {
        let code = |column| row.number(column, 0..=9_999);
        let code_that_must_be = |column: &str| {
            row.number(column, 0..=9_999)?.ok_or_else(|| format!("The cell {column} is empty."))
        };
        let grid = |column| row.number(column, 0..=1_300_000);
        let name = row.text("EstablishmentName")?.ok_or("The cell EstablishmentName is empty.")?;
        if name.chars().count() > 300 {
            return Err("The name is longer than 300 letters.".to_owned());
        }
        Ok(Self {
            urn: row.urn("URN")?,
            name,
            local_authority_code: code("LA (code)")?,
            local_authority_name: row.text("LA (name)")?,
            establishment_number: code("EstablishmentNumber")?,
            type_code: code_that_must_be("TypeOfEstablishment (code)")?,
            type_name: row.text("TypeOfEstablishment (name)")?,
            type_group_code: code("EstablishmentTypeGroup (code)")?,
            type_group_name: row.text("EstablishmentTypeGroup (name)")?,
            status_code: code_that_must_be("EstablishmentStatus (code)")?,
            status_name: row.text("EstablishmentStatus (name)")?,
            opened_on: row.date("OpenDate")?,
            closed_on: row.date("CloseDate")?,
            phase_code: code("PhaseOfEducation (code)")?,
            phase_name: row.text("PhaseOfEducation (name)")?,
            lowest_age: row.number("StatutoryLowAge", 0..=99)?,
            highest_age: row.number("StatutoryHighAge", 0..=99)?,
            capacity: row.number("SchoolCapacity", 0..=100_000)?,
            census_date: row.date("CensusDate")?,
            number_of_pupils: row.number("NumberOfPupils", 0..=100_000)?,
            free_meals_basis_points: row.parsed("PercentageFSM", "a percentage from 0 to 100", |cell| {
                BasisPoints::parse(cell)
                    .ok()
                    .filter(|share| (BasisPoints::ZERO..=BasisPoints::WHOLE).contains(share))
            })?,
            trust_flag_code: code("TrustSchoolFlag (code)")?,
            trust_uid: row.text("Trusts (code)")?,
            trust_name: row.text("Trusts (name)")?,
            federation_uid: row.text("Federations (code)")?,
            federation_name: row.text("Federations (name)")?,
            ukprn: row.number("UKPRN", 0..=99_999_999)?,
            street: row.text("Street")?,
            locality: row.text("Locality")?,
            address3: row.text("Address3")?,
            town: row.text("Town")?,
            county: row.text("County (name)")?,
            postcode: row.text("Postcode")?,
            website: row.text("SchoolWebsite")?,
            telephone: row.text("TelephoneNum")?,
            region: row.text("GOR (name)")?,
            easting: grid("Easting")?,
            northing: grid("Northing")?,
            companies_house_number: row.text("CHNumber")?,
            last_changed_on: row.date("LastChangedDate")?,
        })
    }

    fn key(&self) -> i32 {
        self.urn
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::schools::{Reject, Status, members::Phase};

    const OF_2017: &[u8] = include_bytes!("../../../../tests/fixtures/register/schools_120_columns.csv");
    const OF_2024: &[u8] = include_bytes!("../../../../tests/fixtures/register/schools_140_columns.csv");
    const OF_2025: &[u8] = include_bytes!("../../../../tests/fixtures/register/schools_135_columns.csv");

    fn rows(bytes: &[u8]) -> Vec<Result<RegisterSchool, Reject>> {
        CsvFile::open(bytes).unwrap().map(Result::unwrap).collect()
    }

    fn find(bytes: &[u8], urn: i32) -> RegisterSchool {
        rows(bytes).into_iter().map(Result::unwrap).find(|school| school.urn == urn).unwrap()
    }

    /// The required columns alone.
    fn narrow(rows: &str) -> Vec<u8> {
        let heading = RegisterSchool::REQUIRED.join(",");
        format!("{heading}\n{rows}").into_bytes()
    }

    #[test]
    fn every_width_is_read() {
        for (bytes, width, count) in [(OF_2017, 120, 3), (OF_2024, 140, 10), (OF_2025, 135, 4)] {
            let heading = bytes.split(|byte| *byte == b'\n').next().unwrap();
            assert_eq!(heading.split(|byte| *byte == b',').count(), width);
            assert_eq!(rows(bytes).iter().filter(|row| row.is_ok()).count(), count);
        }
        let absent = |bytes| CsvFile::<RegisterSchool, _>::open(bytes).unwrap().absent_fields();
        assert_eq!(absent(OF_2017), ["companies_house_number"]);
        assert_eq!(absent(OF_2024), [""; 0]);
    }

    #[test]
    fn a_school_is_read_whole() {
        let school = find(OF_2024, 137_666);
        assert_eq!(school.name, "Chudleigh Knighton Church of England Primary School");
        assert_eq!((school.local_authority_code, school.establishment_number), (Some(878), Some(3106)));
        assert_eq!((school.trust_uid.as_deref(), school.trust_flag_code), (Some("3104"), Some(3)));
        assert_eq!((school.number_of_pupils, school.capacity), (Some(100), Some(105)));
        assert_eq!(school.free_meals_basis_points, Some(BasisPoints(1_900)));
        assert_eq!(school.census_date, NaiveDate::from_ymd_opt(2023, 1, 19));
        assert_eq!(school.address(), "Chudleigh Knighton\nNewton Abbot\nDevon\nTQ13 0EU");
        assert_eq!((school.status(), school.phase()), (Status::Open, Phase::Primary));
    }

    #[test]
    fn codes_have_noughts_or_not_and_what_is_not_known_is_not_nought() {
        let mount_street = find(OF_2017, 120_694);
        assert_eq!((mount_street.type_code, mount_street.phase_code), (5, Some(2)));
        assert_eq!((mount_street.number_of_pupils, mount_street.free_meals_basis_points), (None, None));
        assert_eq!((mount_street.status(), mount_street.phase()), (Status::Closed, Phase::Infant));
        assert_eq!(find(OF_2025, 150_893).number_of_pupils, None, "a new URN has no census yet");
        assert_eq!(find(OF_2025, 149_557).name, "St Thomas à Becket Church of England Aided Primary School");
    }

    #[test]
    fn phases_come_from_ages_where_the_register_has_none() {
        let school = find(OF_2024, 100_000);
        let phase = |type_name: &str, phase_code, ages: (i32, i32)| {
            let (lowest_age, highest_age) = (Some(ages.0), Some(ages.1));
            let type_name = Some(type_name.to_owned());
            RegisterSchool {
                type_name,
                phase_code: Some(phase_code),
                lowest_age,
                highest_age,
                ..school.clone()
            }
            .phase()
        };
        assert_eq!(phase("Other independent special school", 0, (5, 16)), Phase::Special);
        assert_eq!(phase("Pupil referral unit", 0, (11, 16)), Phase::Special);
        assert_eq!(phase("Community school", 2, (7, 11)), Phase::Junior);
        assert_eq!(phase("Community school", 5, (9, 13)), Phase::Secondary);
        assert_eq!(phase("Other independent school", 0, (2, 18)), Phase::AllThrough);
        assert_eq!(phase("Other independent school", 0, (3, 13)), Phase::Primary);
        assert_eq!(phase("Further education", 6, (16, 99)), Phase::SixteenPlus);
    }

    #[test]
    fn rows_that_cannot_be_used_are_left_out_with_their_line_and_reason() {
        let rows = rows(&narrow(
            "100001,\"=St\r\nMary's\",201,City,2,1,,,2,..,..,Town,AA1 1AA,01-01-2024\n\
             100002,A,201,City,2,1,31-02-2020,,2,,,Town,,\n\
             100003,A,201,City,2,1,,,2,,1e3,Town,,\n\
             100004,,201,City,2,1,,,2,,,Town,,\n\
             100005,A,201,City,2,,,,2,,,Town,,\n\
             100005,A,201,City,2,1,,,2,,,Town\n\
             =1+1,A,201,City,2,1,,,2,,,Town,,\n\
             100001,A,201,City,2,1,,,2,,,Town,,\n\
             100007,A,201,City,2,1,1-1-2020,,2,,,Town,,\n\
             100008,A,201,City,02,1,,,02,,0,Town,,\n",
        ));
        let rejected: Vec<_> = rows
            .iter()
            .filter_map(|row| row.as_ref().err())
            .map(|r| (r.line, &*r.named, &*r.reason))
            .collect();
        assert_eq!(
            rejected,
            [
                (4, "100002", "“31-02-2020” in the cell OpenDate is not a date like 31-08-2024."),
                (5, "100003", "“1e3” in the cell NumberOfPupils is not a whole number from 0 to 100000."),
                (6, "100004", "The cell EstablishmentName is empty."),
                (7, "100005", "The cell EstablishmentStatus (code) is empty."),
                (8, "100005", "This row has 12 columns where the first line has 14."),
                (9, "=1+1", "“=1+1” in the cell URN is not a whole number from 100000 to 999999."),
                (10, "100001", "This row repeats an earlier one."),
                (11, "100007", "“1-1-2020” in the cell OpenDate is not a date like 31-08-2024."),
            ]
        );
        let first = rows[0].as_ref().unwrap();
        assert_eq!((&*first.name, first.number_of_pupils, first.census_date), ("=St Mary's", None, None));
        assert_eq!(
            rows[9].as_ref().unwrap().number_of_pupils,
            Some(0),
            "nought that was counted stays nought"
        );
    }

    #[test]
    fn damage_far_down_costs_a_row_and_not_the_file() {
        let mut text = String::new();
        for urn in 100_001..100_400 {
            writeln!(text, "{urn},A,201,City,2,1,,,2,,,Town,,").unwrap();
        }
        let rows = rows(&narrow(&(text + "100400,A\0B,201,City,2,1,,,2,,,Town,,\n")));
        let (last, before) = rows.split_last().unwrap();
        assert!(before.iter().all(Result::is_ok));
        let reason = &last.as_ref().unwrap_err().reason;
        assert_eq!(reason, "The cell EstablishmentName has characters that cannot be read.");
    }

    #[test]
    fn the_columns_a_file_may_lack_are_fields_of_a_school() {
        let fields = serde_json::to_value(find(OF_2024, 100_000)).unwrap();
        for (column, field) in OPTIONAL {
            assert!(fields.get(field).is_some(), "{column}: {field}");
            assert!(!RegisterSchool::REQUIRED.contains(&column));
        }
        assert_eq!(fields.as_object().unwrap().len(), OPTIONAL.len() + RegisterSchool::REQUIRED.len());
        let of_2024 = CsvFile::<RegisterSchool, _>::open(OF_2024).unwrap();
        assert!(OPTIONAL.iter().all(|(column, _)| of_2024.has(column)));
    }
}

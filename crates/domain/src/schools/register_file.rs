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
        OPTIONAL.iter().filter(|(column, _)| !self.has(column)).map(|(_, field)| (*field).to_owned()).collect()
    }
}

impl Record for RegisterSchool {
    const FILE: &'static str = "the register's file of schools";
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
                BasisPoints::parse(cell).ok().filter(|share| (BasisPoints::ZERO..=BasisPoints::WHOLE).contains(share))
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

//! A row of the register's file of links (`links_edubasealldata`).

use chrono::NaiveDate;

use super::csv_file::{Record, Row};

/// What the register says of two schools, from the side of `urn`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SchoolLink {
    /// The school that says it.
    pub urn: i32,
    /// The other.
    pub link_urn: i32,
    /// The other's name.
    pub link_name: Option<String>,
    /// The register's own words, such as `Successor - merged`.
    pub link_type: String,
    /// What they mean.
    pub relation: Relation,
    /// As a rule the old school's last day where the old school says it, the new one's first where the new one does.
    pub established_on: Option<NaiveDate>,
}

/// What a type of link means for the question which school came after which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The linked school came after.
    Successor,
    /// The linked school came before.
    Predecessor,
    /// One went into the other; the words do not say which into which.
    Merger,
    /// Neither, as a shared sixth form.
    Other,
}

impl Relation {
    /// The meaning of the register's words.
    #[must_use]
    pub fn of(link_type: &str) -> Self {
        let is =
            |start: &str| link_type.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start));
        match () {
            () if is("Successor") => Self::Successor,
            () if is("Predecessor") => Self::Predecessor,
            () if is("Result of Amalgamation") || is("Merged") || is("Closure") => Self::Merger,
            () => Self::Other,
        }
    }

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Successor => "successor",
            Self::Predecessor => "predecessor",
            Self::Merger => "merger",
            Self::Other => "other",
        }
    }
}

impl Record for SchoolLink {
    const FILE: &'static str = "the register's file of links";
    const NAMED_BY: &'static str = "URN";
    const REQUIRED: &'static [&'static str] = &["URN", "LinkURN", "LinkType", "LinkEstablishedDate"];
    type Key = (i32, i32, String);

    fn read(row: &Row<'_>) -> Result<Self, String> {
        let (urn, link_urn) = (row.urn("URN")?, row.urn("LinkURN")?);
        if urn == link_urn {
            return Err("This row links a school to itself.".to_owned());
        }
        let link_type = row.text("LinkType")?.ok_or("The cell LinkType is empty.")?;
        Ok(Self {
            urn,
            link_urn,
            link_name: row.text("LinkName")?,
            relation: Relation::of(&link_type),
            link_type,
            established_on: row.date("LinkEstablishedDate")?,
        })
    }

    fn key(&self) -> Self::Key {
        (self.urn, self.link_urn, self.link_type.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schools::{CsvFile, Reject};

    fn rows(text: &str) -> Vec<Result<SchoolLink, Reject>> {
        CsvFile::open(text.as_bytes()).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn the_lead_school_of_the_first_alliance_became_an_academy() {
        let rows = rows(include_str!("../../../../tests/fixtures/register/links.csv"));
        let link = rows[0].as_ref().unwrap();
        assert_eq!((link.urn, link.link_urn, link.relation), (120_694, 137_551, Relation::Successor));
        assert_eq!(link.established_on, NaiveDate::from_ymd_opt(2011, 9, 30));
        assert!(rows.iter().all(Result::is_ok));
    }

    #[test]
    fn rows_that_cannot_be_used_are_left_out_with_their_line_and_reason() {
        let rows = rows(
            "URN,LinkURN,LinkName,LinkType,LinkEstablishedDate\n\
             120694,120694,A,Successor,\n\
             12069,137551,A,Successor,\n\
             120694,137551,\"A\nB\",Successor,31/02/2020\n\
             120694,137551,A,,\n\
             120694,137551,=A,Successor,\n\
             120694,137551,A,Successor,01-09-2020\n\
             120694,137551,A,Successor\n",
        );
        let rejected: Vec<_> =
            rows.iter().filter_map(|row| row.as_ref().err()).map(|r| (r.line, &*r.reason)).collect();
        assert_eq!(
            rejected,
            [
                (2, "This row links a school to itself."),
                (3, "“12069” in the cell URN is not a whole number from 100000 to 999999."),
                (4, "“31/02/2020” in the cell LinkEstablishedDate is not a date like 31-08-2024."),
                (6, "The cell LinkType is empty."),
                (8, "This row repeats an earlier one."),
                (9, "This row has 4 columns where the first line has 5."),
            ]
        );
        assert_eq!(rows[4].as_ref().unwrap().link_name.as_deref(), Some("=A"));
    }

    #[test]
    fn the_registers_words_are_understood() {
        for (words, relation) in [
            ("Successor - Split School", Relation::Successor),
            ("Predecessor - amalgamated", Relation::Predecessor),
            ("Result of Amalgamation", Relation::Merger),
            ("Merged - change in age range", Relation::Merger),
            ("Sixth Form Centre Link", Relation::Other),
            ("Expansion", Relation::Other),
            ("Sû", Relation::Other),
        ] {
            assert_eq!(Relation::of(words), relation, "{words}");
        }
    }
}

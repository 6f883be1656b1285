//! The schema's scalars as pages see them.

pub(crate) type Pence = domain::money::Pence;
pub(crate) type Date = chrono::NaiveDate;
pub(crate) type DateTime = chrono::DateTime<chrono::Utc>;
pub(crate) type Formula = domain::funding::formula::Formula;

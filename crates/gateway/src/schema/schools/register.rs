//! The national register: its schools, and what became of them.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, Result, SimpleObject};
use domain::{
    error::ReadError,
    schools::{self, LinkedSchool, RegisterSchool, Status},
};

use super::PhaseEnum;
use crate::schema::{batches::Batch, context::Inside, errors, scalars::Date};

/// How many schools a search finds at most: whoever sees as many types one more word.
const MOST_FOUND: u16 = 20;

/// A school of the national register.
#[derive(SimpleObject)]
#[graphql(name = "RegisterSchool")]
pub(crate) struct RegisterSchoolObject {
    /// Its unique reference number.
    urn: i32,
    /// Its name.
    name: String,
    /// The ages it teaches.
    phase: PhaseEnum,
    /// Its postal address, a line each.
    address: String,
    /// Its town.
    town: Option<String>,
    /// Its local authority.
    local_authority: Option<String>,
    /// Whether it teaches.
    status: SchoolStatusEnum,
    /// The last day; of a school that is only proposed to close, the plan.
    closed_on: Option<Date>,
}

impl From<RegisterSchool> for RegisterSchoolObject {
    fn from(school: RegisterSchool) -> Self {
        Self {
            phase: school.phase().into(),
            address: school.address(),
            status: school.status().into(),
            urn: school.urn,
            name: school.name,
            town: school.town,
            local_authority: school.local_authority_name,
            closed_on: school.closed_on.map(Into::into),
        }
    }
}

/// A school that another has become, or has come from.
#[derive(SimpleObject)]
#[graphql(name = "LinkedSchool")]
pub(crate) struct LinkedSchoolObject {
    /// Its unique reference number.
    urn: i32,
    /// Its name; null when the register has none.
    name: Option<String>,
    /// Whether it teaches; null when the register does not have it.
    status: Option<SchoolStatusEnum>,
    /// What happened between the two, a sentence each, from the older to the newer; none for the school itself.
    steps: Vec<String>,
}

impl From<LinkedSchool> for LinkedSchoolObject {
    fn from(school: LinkedSchool) -> Self {
        Self {
            urn: school.urn,
            name: school.name,
            status: school.status.map(Into::into),
            steps: school.steps.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Whether a school teaches.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "SchoolStatus", remote = "Status")]
pub(crate) enum SchoolStatusEnum {
    /// It does.
    Open,
    /// It does not any more.
    Closed,
    /// It does; the closing date is a plan, and plans slip.
    ProposedToClose,
    /// Not yet.
    ProposedToOpen,
    /// A status that the register had not when this was written.
    Unknown,
}

pub(crate) async fn register_schools(inside: &Arc<Inside>, text: &str) -> Result<Vec<RegisterSchoolObject>> {
    let found = schools::search_schools(&inside.reading, text, MOST_FOUND).await.map_err(errors::read)?;
    Ok(found.into_iter().map(Into::into).collect())
}

struct SchoolByUrn;

impl Batch for SchoolByUrn {
    type Key = i32;
    type Value = RegisterSchool;

    async fn read(inside: &Inside, keys: &[i32]) -> Result<HashMap<i32, RegisterSchool>, ReadError> {
        let found = schools::schools_by_urns(&inside.reading, keys).await?;
        Ok(found.into_iter().map(|school| (school.urn, school)).collect())
    }
}

struct TodaysSchools;

impl Batch for TodaysSchools {
    type Key = i32;
    type Value = Vec<LinkedSchool>;

    async fn read(inside: &Inside, keys: &[i32]) -> Result<HashMap<i32, Vec<LinkedSchool>>, ReadError> {
        Ok(schools::todays_schools(&inside.reading, keys, inside.today).await?.into_iter().collect())
    }
}

struct FormerSchools;

impl Batch for FormerSchools {
    type Key = i32;
    type Value = Vec<LinkedSchool>;

    async fn read(inside: &Inside, keys: &[i32]) -> Result<HashMap<i32, Vec<LinkedSchool>>, ReadError> {
        Ok(schools::former_schools(&inside.reading, keys).await?.into_iter().collect())
    }
}

impl Inside {
    pub(crate) async fn register_school(self: &Arc<Self>, urn: i32) -> Result<Option<RegisterSchoolObject>> {
        Ok(self.load::<SchoolByUrn>(urn).await?.map(Into::into))
    }

    pub(crate) async fn todays_schools(self: &Arc<Self>, urn: i32) -> Result<Vec<LinkedSchoolObject>> {
        let found = self.load::<TodaysSchools>(urn).await?.unwrap_or_default();
        Ok(found.into_iter().map(Into::into).collect())
    }

    pub(crate) async fn former_schools(self: &Arc<Self>, urn: i32) -> Result<Vec<LinkedSchoolObject>> {
        let found = self.load::<FormerSchools>(urn).await?.unwrap_or_default();
        Ok(found.into_iter().map(Into::into).collect())
    }
}

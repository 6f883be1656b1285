//! The national register: its schools, and what became of them.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use domain::{
    access,
    app::App,
    error::ReadError,
    jobs::DEPLOYMENT,
    schools::{
        self, LinkedSchool, LocalAuthority, RegisterSchool, SchoolCursor, SchoolFilter, Status,
        members::MOST_AT_ONCE,
    },
};

use super::PhaseEnum;
use crate::schema::{
    batches::Batch,
    connection::{self, List, PageInfo},
    context::{Inside, Session},
    errors,
    scalars::Date,
};

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
    /// Its postcode.
    postcode: Option<String>,
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
            postcode: school.postcode,
            local_authority: school.local_authority_name,
            closed_on: school.closed_on.map(Into::into),
        }
    }
}

/// The national register, in an alliance or in none yet: first the local authority, then the name.
pub(crate) struct RegisterObject(pub(crate) access::Session);

#[Object(name = "Register")]
impl RegisterObject {
    /// The local authorities that have schools, by name; none when the register is not on this server.
    async fn local_authorities(&self, ctx: &Context<'_>) -> Result<Vec<LocalAuthorityObject>> {
        let found = schools::local_authorities(Session::of(ctx).app(), &self.0)
            .await
            .map_err(|error| errors::internal(&error))?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// Schools that are not closed, by name. None without a local authority and a text.
    async fn schools(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The register's code of a local authority.")] local_authority: Option<i32>,
        #[graphql(desc = "Every word of it begins a word of the name, town, postcode or local authority, \
                          or is the number.")]
        text: Option<String>,
        #[graphql(desc = "1 to 100; 25 when not given.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<RegisterSchoolConnection> {
        let app = Session::of(ctx).app();
        let filter = SchoolFilter { authority_code: local_authority, text: text.unwrap_or_default() };
        let list = List::new(&app.secret, DEPLOYMENT, "register");
        let page = list.page(first, after.as_deref())?;
        let page = schools::schools_to_choose(app, &self.0, &filter, &page)
            .await
            .map_err(|error| errors::internal(&error))?;
        let position = |last: &RegisterSchool| SchoolCursor { name: last.name.clone(), urn: last.urn };
        Ok(RegisterSchoolConnection {
            page_info: PageInfo {
                has_next_page: page.has_next,
                end_cursor: page.items.last().map(|last| list.cursor(&position(last))),
            },
            nodes: page.items.into_iter().map(Into::into).collect(),
            total: SchoolTotal { app: app.clone(), session: self.0.clone(), filter },
        })
    }

    /// A school by its number, closed or not.
    async fn school(&self, ctx: &Context<'_>, urn: i32) -> Result<Option<RegisterSchoolObject>> {
        let found = schools::schools_by_urn(Session::of(ctx).app(), &self.0, &[urn])
            .await
            .map_err(|error| errors::internal(&error))?;
        Ok(found.into_iter().next().map(Into::into))
    }

    /// Schools by their numbers, 200 at most, closed or not, by name; unknown ones are left out.
    async fn schools_of(&self, ctx: &Context<'_>, mut urns: Vec<i32>) -> Result<Vec<RegisterSchoolObject>> {
        urns.truncate(MOST_AT_ONCE);
        let found = schools::schools_by_urn(Session::of(ctx).app(), &self.0, &urns)
            .await
            .map_err(|error| errors::internal(&error))?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// What has become of the school of a number by today: itself, whatever came after it, or several where it was
    /// split. None when the number is not known.
    async fn todays_schools(&self, ctx: &Context<'_>, urn: i32) -> Result<Vec<LinkedSchoolObject>> {
        let app = Session::of(ctx).app();
        let found =
            schools::todays_schools_of(app, &self.0, urn).await.map_err(|error| errors::internal(&error))?;
        Ok(found.into_iter().map(Into::into).collect())
    }
}

/// A local authority that has schools.
#[derive(SimpleObject)]
#[graphql(name = "LocalAuthority")]
pub(crate) struct LocalAuthorityObject {
    /// The register's code.
    code: i32,
    /// Its name.
    name: String,
}

impl From<LocalAuthority> for LocalAuthorityObject {
    fn from(authority: LocalAuthority) -> Self {
        Self { code: authority.code, name: authority.name }
    }
}

/// Counts schools of the register.
pub(crate) struct SchoolTotal {
    app: App,
    session: access::Session,
    filter: SchoolFilter,
}

impl SchoolTotal {
    async fn count(&self) -> Result<i64> {
        schools::count_schools_to_choose(&self.app, &self.session, &self.filter)
            .await
            .map_err(|error| errors::internal(&error))
    }
}

connection::connection! {
    /// Schools of the register in pages.
    RegisterSchoolConnection of RegisterSchoolObject, total: SchoolTotal
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

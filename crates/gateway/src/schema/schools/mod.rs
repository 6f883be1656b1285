//! Members and payers.

mod add_member;
mod add_members;
mod assign_payer;
mod change_member;
mod change_payer;
mod end_membership;
mod record_roll;
mod register;
mod set_lead_school;

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Enum, ID, MergedObject, Object, Result, SimpleObject};
use domain::{
    error::ReadError,
    ids::{MemberId, PayerId},
    schools::members::{
        self, Lack, Member, MemberCursor, MemberFilter, Payer, PayerCursor, PayerKind, Phase,
        PurchaseOrderRule, Roll,
    },
    viewer::Permission,
};

use super::{
    batches::Batch,
    connection::{self, PageInfo},
    context::Inside,
    errors, funding,
    ids::{self, Kind},
    ledger::LedgerHeadObject,
    people::{PersonObject, PostObject},
    scalars::Date,
};

pub(crate) use register::{LinkedSchoolObject, RegisterObject, RegisterSchoolObject, register_schools};

#[derive(MergedObject, Default)]
pub(crate) struct SchoolsMutation(
    add_member::AddMemberMutation,
    add_members::AddMembersMutation,
    assign_payer::AssignPayerMutation,
    change_member::ChangeMemberMutation,
    change_payer::ChangePayerMutation,
    end_membership::EndMembershipMutation,
    record_roll::RecordRollMutation,
    set_lead_school::SetLeadSchoolMutation,
);

/// A member of the alliance.
pub(crate) struct MemberObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) member: Member,
}

#[Object(name = "Member")]
impl MemberObject {
    /// Opaque, and good for as long as the member is known.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Member, self.inside.id(), self.member.id.0)
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.member.name
    }

    /// Today's unique reference number; null outside the register.
    async fn urn(&self) -> Option<i32> {
        self.member.urn
    }

    /// The ages it teaches.
    async fn phase(&self) -> PhaseEnum {
        self.member.phase.into()
    }

    /// The first day of membership.
    async fn joined_on(&self) -> Date {
        self.member.joined_on.into()
    }

    /// The last day, once known.
    async fn left_on(&self) -> Option<Date> {
        self.member.left_on.map(Into::into)
    }

    /// Its entry in the national register; null outside it.
    async fn register_school(&self) -> Result<Option<RegisterSchoolObject>> {
        match self.member.urn {
            None => Ok(None),
            Some(urn) => self.inside.register_school(urn).await,
        }
    }

    /// What the register says has become of it by today: itself as long as none came after it. Several where it was
    /// split; none outside the register.
    async fn todays_schools(&self) -> Result<Vec<LinkedSchoolObject>> {
        match self.member.urn {
            None => Ok(Vec::new()),
            Some(urn) => self.inside.todays_schools(urn).await,
        }
    }

    /// The schools that it has come from, the nearest first.
    async fn former_schools(&self) -> Result<Vec<LinkedSchoolObject>> {
        match self.member.urn {
            None => Ok(Vec::new()),
            Some(urn) => self.inside.former_schools(urn).await,
        }
    }

    /// The number of pupils that counts today; null when none is known.
    async fn roll(&self) -> Result<Option<RollObject>> {
        Ok(self.inside.load::<RollOfMember>(self.member.id).await?.map(Into::into))
    }

    /// Who settles its invoices; null when that is not yours to see.
    async fn payer(&self) -> Result<Option<PayerObject>> {
        self.inside.payer(self.member.payer_id).await
    }

    /// Posts held there today; null when they are not yours to see.
    async fn posts(&self) -> Result<Option<Vec<PostObject>>> {
        if !self.inside.reaches(Permission::SeePeople, self.member.id) {
            return Ok(None);
        }
        self.inside.posts(self.member.id).await.map(Some)
    }

    /// The latest of what it gave and gained; null when that is not yours to see.
    async fn ledger(&self) -> Result<Option<LedgerHeadObject>> {
        if !self.inside.reaches(Permission::SeeMoney, self.member.id) {
            return Ok(None);
        }
        self.inside.ledger_head(self.member.id).await.map(Some)
    }

    /// Its invoices, the newest first; null when they are not yours to see.
    async fn invoices(
        &self,
        #[graphql(desc = "1 to 100; 25 when not given.")] first: Option<i32>,
        after: Option<String>,
    ) -> Result<Option<funding::InvoiceConnection>> {
        if !self.inside.reaches(Permission::SeeMoney, self.member.id) {
            return Ok(None);
        }
        funding::invoices_of_member(&self.inside, self.member.id, first, after.as_deref()).await.map(Some)
    }
}

/// A number of pupils, and where it comes from.
#[derive(SimpleObject)]
#[graphql(name = "Roll")]
pub(crate) struct RollObject {
    /// Pupils on roll.
    pupils: u32,
    /// The census they were counted in.
    census_date: Date,
    /// "national register", or what the person who entered it said.
    source: String,
    /// Whether it is the national register's own figure.
    is_from_register: bool,
}

impl From<Roll> for RollObject {
    fn from(roll: Roll) -> Self {
        Self {
            pupils: roll.pupils,
            census_date: roll.census_date.into(),
            source: roll.source().to_owned(),
            is_from_register: roll.said.is_none(),
        }
    }
}

/// Whoever settles the invoices of one or several members.
pub(crate) struct PayerObject {
    pub(crate) inside: Arc<Inside>,
    pub(crate) payer: Payer,
}

#[Object(name = "Payer")]
impl PayerObject {
    /// Opaque, and good for as long as the payer is known.
    pub(crate) async fn id(&self) -> ID {
        ids::encode(Kind::Payer, self.inside.id(), self.payer.id.0)
    }

    /// What kind of body.
    async fn kind(&self) -> PayerKindEnum {
        self.payer.kind.into()
    }

    /// The legal name that invoices bear.
    async fn legal_name(&self) -> &str {
        &self.payer.legal_name
    }

    /// The postal address, a line each.
    async fn address(&self) -> &str {
        &self.payer.address
    }

    /// The accounts-payable mailbox.
    async fn accounts_email(&self) -> Option<&str> {
        self.payer.accounts_email.as_ref().map(domain::access::EmailAddress::as_str)
    }

    /// Whether it pays without a purchase order.
    async fn purchase_order(&self) -> PurchaseOrderRuleEnum {
        self.payer.purchase_order.into()
    }

    /// Who is asked about money; null, too, when people are not yours to see.
    async fn finance_contact(&self) -> Result<Option<PersonObject>> {
        let sees_people = self.inside.viewer().reach(Permission::SeePeople).is_ok();
        match self.payer.finance_contact_id.filter(|_| sees_people) {
            None => Ok(None),
            Some(id) => self.inside.person(id).await,
        }
    }

    /// Its account: what was billed, credited, received and sent back, by date.
    async fn statement(&self) -> Result<funding::StatementObject> {
        self.inside.statement(self.payer.id).await
    }

    /// For how many members it pays, those that will join among them.
    async fn member_count(&self) -> Result<i64> {
        Ok(self.inside.load::<MembersOfPayer>(self.payer.id).await?.unwrap_or_default())
    }
}

/// The ages a member teaches.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "Phase", remote = "Phase")]
pub(crate) enum PhaseEnum {
    /// Under five.
    Nursery,
    /// Key stage 1.
    Infant,
    /// Key stage 2.
    Junior,
    /// Both.
    Primary,
    /// 11 to 16 or 18.
    Secondary,
    /// Primary and secondary together.
    AllThrough,
    /// A special school or pupil referral unit.
    Special,
    /// Sixth form.
    SixteenPlus,
    /// No school.
    Other,
}

/// What kind of body a payer is.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "PayerKind", remote = "PayerKind")]
pub(crate) enum PayerKindEnum {
    /// The school itself.
    School,
    /// An academy trust.
    Trust,
    /// A local authority.
    Authority,
    /// Any other body.
    Other,
}

/// Whether a payer pays without a purchase order.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "PurchaseOrderRule", remote = "PurchaseOrderRule")]
pub(crate) enum PurchaseOrderRuleEnum {
    /// No order, no payment: its invoices are held back until there is one.
    Required,
    /// Printed when known, asked for when not.
    Requested,
    /// It uses none.
    None,
}

/// Counts the members of a list.
pub(crate) struct MemberTotal {
    inside: Arc<Inside>,
    filter: MemberFilter,
}

impl MemberTotal {
    async fn count(&self) -> Result<i64> {
        members::count_members(&self.inside.reading, &self.filter).await.map_err(errors::read)
    }
}

connection::connection! {
    /// Members in pages.
    MemberConnection of MemberObject, total: MemberTotal
}

/// What a member lacks for its invoices to go out by themselves.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "Lack", remote = "Lack")]
pub(crate) enum LackEnum {
    /// A number of pupils.
    Roll,
    /// An address for mail about money.
    Address,
}

pub(crate) async fn members(
    inside: &Arc<Inside>,
    filter: MemberFilter,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<MemberConnection> {
    let list = inside.list("members");
    let page = list.page(first, after)?;
    let page = members::members(&inside.reading, &filter, &page).await.map_err(errors::read)?;
    let end_cursor =
        page.items.last().map(|last| list.cursor(&MemberCursor { name: last.name.clone(), id: last.id }));
    let object = |member| MemberObject { inside: Arc::clone(inside), member };
    Ok(MemberConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: page.items.into_iter().map(object).collect(),
        total: MemberTotal { inside: Arc::clone(inside), filter },
    })
}

/// Counts the payers within reach.
pub(crate) struct PayerTotal {
    inside: Arc<Inside>,
}

impl PayerTotal {
    async fn count(&self) -> Result<i64> {
        members::count_payers(&self.inside.reading).await.map_err(errors::read)
    }
}

connection::connection! {
    /// Payers in pages.
    PayerConnection of PayerObject, total: PayerTotal
}

pub(crate) async fn payers(
    inside: &Arc<Inside>,
    first: Option<i32>,
    after: Option<&str>,
) -> Result<PayerConnection> {
    let list = inside.list("payers");
    let page = list.page(first, after)?;
    let page = members::payers(&inside.reading, &page).await.map_err(errors::read)?;
    let cursor = |last: &Payer| PayerCursor { legal_name: last.legal_name.clone(), id: last.id };
    let end_cursor = page.items.last().map(|last| list.cursor(&cursor(last)));
    let object = |payer| PayerObject { inside: Arc::clone(inside), payer };
    Ok(PayerConnection {
        page_info: PageInfo { has_next_page: page.has_next, end_cursor },
        nodes: page.items.into_iter().map(object).collect(),
        total: PayerTotal { inside: Arc::clone(inside) },
    })
}

struct MemberById;

impl Batch for MemberById {
    type Key = MemberId;
    type Value = Member;

    async fn read(inside: &Inside, keys: &[MemberId]) -> Result<HashMap<MemberId, Member>, ReadError> {
        let found = members::members_by_ids(&inside.reading, keys).await?;
        Ok(found.into_iter().map(|member| (member.id, member)).collect())
    }
}

struct PayerById;

impl Batch for PayerById {
    type Key = PayerId;
    type Value = Payer;

    /// Who may see a member but not its money sees no payer: null, not an error, so lists of members stay whole.
    async fn read(inside: &Inside, keys: &[PayerId]) -> Result<HashMap<PayerId, Payer>, ReadError> {
        match members::payers_by_ids(&inside.reading, keys).await {
            Ok(found) => Ok(found.into_iter().map(|payer| (payer.id, payer)).collect()),
            Err(ReadError::Forbidden(_)) => Ok(HashMap::new()),
            Err(error) => Err(error),
        }
    }
}

struct MembersOfPayer;

impl Batch for MembersOfPayer {
    type Key = PayerId;
    type Value = i64;

    async fn read(inside: &Inside, keys: &[PayerId]) -> Result<HashMap<PayerId, i64>, ReadError> {
        let found = members::count_members_of_payers(&inside.reading, keys, inside.today).await?;
        Ok(found.into_iter().collect())
    }
}

struct RollOfMember;

impl Batch for RollOfMember {
    type Key = MemberId;
    type Value = Roll;

    async fn read(inside: &Inside, keys: &[MemberId]) -> Result<HashMap<MemberId, Roll>, ReadError> {
        Ok(members::rolls(&inside.reading, keys, inside.today).await?.into_iter().collect())
    }
}

impl Inside {
    pub(crate) async fn member(self: &Arc<Self>, id: MemberId) -> Result<Option<MemberObject>> {
        let found = self.load::<MemberById>(id).await?;
        Ok(found.map(|member| MemberObject { inside: Arc::clone(self), member }))
    }

    pub(crate) async fn payer(self: &Arc<Self>, id: PayerId) -> Result<Option<PayerObject>> {
        let found = self.load::<PayerById>(id).await?;
        Ok(found.map(|payer| PayerObject { inside: Arc::clone(self), payer }))
    }
}

//! Members of an alliance, dated, each with a payer of its own.

mod add_member;
mod add_members;
mod assign_payer;
mod change_member;
mod change_payer;
mod end_membership;
mod payer_choice;
mod record_roll;
pub(crate) mod repo;
mod set_lead_school;

pub use add_member::{AddMember, AddMemberError, MemberIdentity, add_member};
pub use add_members::{
    AddMembers, AddMembersError, JoinPlan, LeftOutSchool, MOST_AT_ONCE, add_members, plan_members,
};
pub use assign_payer::{AssignPayer, AssignPayerError, assign_payer};
pub use change_member::{ChangeMember, ChangeMemberError, change_member};
pub use change_payer::{ChangePayer, ChangePayerError, PayerDetails, change_payer};
pub use end_membership::{EndMembership, EndMembershipError, end_membership};
pub use payer_choice::{PayerChoice, PayerChoiceError};
pub use record_roll::{RecordRoll, RecordRollError, record_roll};
pub use set_lead_school::{SetLeadSchool, SetLeadSchoolError, set_lead_school};

pub(crate) use add_member::join;

use chrono::{Datelike, NaiveDate};
use tokio::sync::MappedMutexGuard;

use crate::{
    access::EmailAddress,
    db::Tx,
    error::ReadError,
    ids::{MemberId, PayerId, PersonId},
    page::{Page, PageRequest},
    viewer::{Permission, Reading},
};

/// The ages a member teaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
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
    /// A special school or pupil referral unit, of any age.
    Special,
    /// Sixth form.
    SixteenPlus,
    /// A member that is no school.
    Other,
}

impl Phase {
    /// Every phase, by age.
    pub const ALL: [Self; 9] = [
        Self::Nursery,
        Self::Infant,
        Self::Junior,
        Self::Primary,
        Self::Secondary,
        Self::AllThrough,
        Self::Special,
        Self::SixteenPlus,
        Self::Other,
    ];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nursery => "nursery",
            Self::Infant => "infant",
            Self::Junior => "junior",
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::AllThrough => "all_through",
            Self::Special => "special",
            Self::SixteenPlus => "sixteen_plus",
            Self::Other => "other",
        }
    }

    /// The phase as a person reads it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Nursery => "Nursery",
            Self::Infant => "Infant",
            Self::Junior => "Junior",
            Self::Primary => "Primary",
            Self::Secondary => "Secondary",
            Self::AllThrough => "All-through",
            Self::Special => "Special",
            Self::SixteenPlus => "16 plus",
            Self::Other => "Other",
        }
    }

    /// The phase of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }

    pub(crate) fn stored(name: &str) -> Self {
        Self::parse(name).unwrap_or(Self::Other)
    }
}

/// A member of an alliance: one continuing body, whatever its legal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The member.
    pub id: MemberId,
    /// Its name.
    pub name: String,
    /// Today's unique reference number; `None` outside the register.
    pub urn: Option<i32>,
    /// The ages it teaches.
    pub phase: Phase,
    /// Who settles its invoices.
    pub payer_id: PayerId,
    /// The first day of membership.
    pub joined_on: NaiveDate,
    /// The last day, once known.
    pub left_on: Option<NaiveDate>,
}

impl Member {
    /// Whether it is a member on `date`.
    #[must_use]
    pub fn is_member_on(&self, date: NaiveDate) -> bool {
        self.joined_on <= date && self.left_on.is_none_or(|left| date <= left)
    }

    /// Whether it is a member on any day from `from` to `until`.
    #[must_use]
    pub fn is_member_within(&self, from: NaiveDate, until: NaiveDate) -> bool {
        self.joined_on <= until && self.left_on.is_none_or(|left| from <= left)
    }
}

/// Whether a membership can be meant to begin on `date`: from 1990 to two years after `today`. What a slip of the
/// keyboard makes of a year is outside.
fn is_likely_beginning(date: NaiveDate, today: NaiveDate) -> bool {
    (1990..=today.year() + 2).contains(&date.year())
}

/// The number of pupils that counts for a member, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roll {
    /// Pupils on roll.
    pub pupils: u32,
    /// The census they were counted in.
    pub census_date: NaiveDate,
    /// Where the person who entered it has it from; `None` for the national register's own figure.
    pub said: Option<String>,
}

impl Roll {
    /// Where the figure comes from, for a person to read.
    #[must_use]
    pub fn source(&self) -> &str {
        self.said.as_deref().unwrap_or("national register")
    }
}

/// The academy trust of a member, as the register has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegisterTrust {
    /// Its number in the register of groups.
    pub(crate) uid: String,
    /// Its name.
    pub(crate) name: String,
}

/// Whoever settles the invoices of one or several members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    /// The payer.
    pub id: PayerId,
    /// What kind of body.
    pub kind: PayerKind,
    /// The legal name that invoices bear.
    pub legal_name: String,
    /// The postal address, a line each.
    pub address: String,
    /// The accounts-payable mailbox.
    pub accounts_email: Option<EmailAddress>,
    /// Whether it pays without a purchase order.
    pub purchase_order: PurchaseOrderRule,
    /// Who is asked about money.
    pub finance_contact_id: Option<PersonId>,
}

/// What kind of body a payer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayerKind {
    /// The school itself.
    School,
    /// An academy trust.
    Trust,
    /// A local authority.
    Authority,
    /// Any other body.
    Other,
}

impl PayerKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::School, Self::Trust, Self::Authority, Self::Other];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::Trust => "trust",
            Self::Authority => "authority",
            Self::Other => "other",
        }
    }

    /// The kind of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Whether a payer pays without a purchase order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurchaseOrderRule {
    /// No order, no payment: its invoices are held back until there is one.
    Required,
    /// Printed when known, asked for when not.
    Requested,
    /// It uses none.
    None,
}

impl PurchaseOrderRule {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::Required, Self::Requested, Self::None];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Requested => "requested",
            Self::None => "none",
        }
    }

    /// The rule of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }
}

/// What a member lacks for its invoices to go out by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// A number of pupils that counts on the day asked for.
    Roll,
    /// An address for mail about money: the payer's own, or that of the person it names.
    Address,
}

impl Lack {
    /// The name in filters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Roll => "roll",
            Self::Address => "address",
        }
    }

    /// What to see of members to see that they lack it.
    fn permission(self) -> Permission {
        match self {
            Self::Roll => Permission::SeeAlliance,
            Self::Address => Permission::SeeMoney,
        }
    }
}

/// Which members are listed.
#[derive(Debug, Clone, Default)]
pub struct MemberFilter {
    /// Part of the name, in any case.
    pub name: Option<String>,
    /// One phase.
    pub phase: Option<Phase>,
    /// Members on this date; every member there ever was when `None`.
    pub on: Option<NaiveDate>,
    /// Only those who lack this.
    pub without: Option<Lack>,
}

impl MemberFilter {
    async fn begin<'a>(&self, reading: &'a Reading) -> Result<MappedMutexGuard<'a, Tx>, ReadError> {
        match self.without.map(Lack::permission) {
            None | Some(Permission::SeeAlliance) => Ok(reading.reach(Permission::SeeAlliance).await?.0),
            Some(permission) => reading.require(permission).await,
        }
    }
}

/// Where a list of members goes on: after this name and member.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MemberCursor {
    /// The last name shown.
    pub name: String,
    /// And its member.
    pub id: MemberId,
}

/// Members by name. Every role sees who belongs to the alliance; who lacks an address is for those who see its money.
pub async fn members(
    reading: &Reading,
    filter: &MemberFilter,
    page: &PageRequest<MemberCursor>,
) -> Result<Page<Member>, ReadError> {
    let mut tx = filter.begin(reading).await?;
    Ok(repo::members(&mut tx, filter, page).await?)
}

/// How many members the filter finds.
pub async fn count_members(reading: &Reading, filter: &MemberFilter) -> Result<i64, ReadError> {
    let mut tx = filter.begin(reading).await?;
    Ok(repo::count_members(&mut tx, filter).await?)
}

/// These members, in any order; unknown ones are left out.
pub async fn members_by_ids(reading: &Reading, ids: &[MemberId]) -> Result<Vec<Member>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    Ok(repo::members_by_ids(&mut tx, ids).await?)
}

/// The member that leads the alliance on `on`, if one was ever named.
pub async fn lead_school(reading: &Reading, on: NaiveDate) -> Result<Option<MemberId>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    Ok(repo::lead_school(&mut tx, on).await?)
}

/// The rolls of these members that count on `on`: the newest census among the register's and those a person entered.
pub async fn rolls(
    reading: &Reading,
    ids: &[MemberId],
    on: NaiveDate,
) -> Result<Vec<(MemberId, Roll)>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeAlliance).await?;
    Ok(repo::rolls(&mut tx, ids, on).await?)
}

/// What a member takes from its entry in the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchoolToAdd {
    /// Its name.
    pub(crate) name: String,
    /// The ages it teaches.
    pub(crate) phase: Phase,
    /// Its postal address, a line each.
    pub(crate) address: String,
}

/// These payers, as far as the viewer's members are theirs.
pub async fn payers_by_ids(reading: &Reading, ids: &[PayerId]) -> Result<Vec<Payer>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::payers_by_ids(&mut tx, &reach, ids).await?)
}

/// After which payer a page begins.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PayerCursor {
    /// The legal name that the page before ended with.
    pub legal_name: String,
    /// And its payer.
    pub id: PayerId,
}

/// The payers within reach, by name.
pub async fn payers(reading: &Reading, page: &PageRequest<PayerCursor>) -> Result<Page<Payer>, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    Ok(page.cut(repo::payers(&mut tx, &reach, Some(page)).await?))
}

/// How many payers are within reach.
pub async fn count_payers(reading: &Reading) -> Result<i64, ReadError> {
    let (mut tx, reach) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::count_payers(&mut tx, &reach).await?)
}

/// For how many members each of these payers pays, those that will join among them; payers of none are left out.
pub async fn count_members_of_payers(
    reading: &Reading,
    ids: &[PayerId],
    on: NaiveDate,
) -> Result<Vec<(PayerId, i64)>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::count_members_of_payers(&mut tx, ids, on).await?)
}

//! Who asks, and what they may do. [`Viewer::require`] and [`Viewer::reach`] are the only
//! authorisation verbs; each gives the [`Scope`] without which no tenant transaction opens.

use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use crate::{
    db::{Db, Tx},
    error::{Forbidden, Internal, ReadError},
    ids::{AccountId, AllianceId, MemberId, PersonId},
};

/// What a person does in an alliance. Stored as text; the alliance's wording gives it a local name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Answers for the alliance.
    Director,
    /// Runs it from day to day.
    Manager,
    /// Raises and collects contributions.
    FinanceLead,
    /// Leads one member school.
    SchoolHead,
    /// Works at a member school.
    StaffMember,
}

impl Role {
    /// Every role, as the role page lists them.
    pub const ALL: [Self; 5] =
        [Self::Director, Self::Manager, Self::FinanceLead, Self::SchoolHead, Self::StaffMember];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Director => "director",
            Self::Manager => "manager",
            Self::FinanceLead => "finance_lead",
            Self::SchoolHead => "school_head",
            Self::StaffMember => "staff_member",
        }
    }

    /// The role as a person reads it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Director => "director",
            Self::Manager => "manager",
            Self::FinanceLead => "finance lead",
            Self::SchoolHead => "head",
            Self::StaffMember => "staff member",
        }
    }

    /// The role of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// The roles whose holders may give this role to others and end it, by the table of givers.
    #[must_use]
    pub fn givers(self) -> &'static [Self] {
        GIVER_TABLE.iter().find(|(role, _)| *role == self).map_or(&[], |(_, givers)| givers)
    }

    /// Whether a grant of this role names one school and reaches only that school.
    #[must_use]
    pub fn is_of_one_school(self) -> bool {
        matches!(self, Self::SchoolHead | Self::StaffMember)
    }
}

/// Something a viewer may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See the alliance, its members and its strands.
    SeeAlliance,
    /// Change the alliance's settings.
    ManageAlliance,
    /// See people and their posts.
    SeePeople,
    /// Add and change members, payers, people, posts and roles.
    ManageMembers,
    /// See budgets, shares, invoices and payments.
    SeeMoney,
    /// Draft budgets, try formulas, agree a budget.
    ManageBudgets,
    /// Issue invoices and credit notes, hold and dispute.
    IssueInvoices,
    /// Record payments and set them against invoices.
    RecordPayments,
    /// See what was mailed to whom and whether it arrived.
    SeeMessages,
    /// See the work queue, run parked work again.
    ManageJobs,
}

/// Who may do what: the one table of the product. A school role reaches only its own school. Beside the table stands one
/// rule, of [`Viewer::reach`]: whoever is a payer's finance contact sees the money of the members it pays for.
const ROLE_TABLE: [(Permission, &[Role]); 10] = {
    use Role::{Director, FinanceLead, Manager, SchoolHead, StaffMember};
    [
        (Permission::SeeAlliance, &[Director, Manager, FinanceLead, SchoolHead, StaffMember]),
        (Permission::ManageAlliance, &[Director, Manager]),
        (Permission::SeePeople, &[Director, Manager, FinanceLead, SchoolHead]),
        (Permission::ManageMembers, &[Director, Manager]),
        (Permission::SeeMoney, &[Director, Manager, FinanceLead, SchoolHead]),
        (Permission::ManageBudgets, &[Director, FinanceLead]),
        (Permission::IssueInvoices, &[FinanceLead]),
        (Permission::RecordPayments, &[FinanceLead]),
        (Permission::SeeMessages, &[Director, Manager, FinanceLead]),
        (Permission::ManageJobs, &[Director, Manager, FinanceLead]),
    ]
};

/// Who may give and end a role: nobody lifts another above themselves. What giving takes besides is
/// [`Permission::ManageMembers`], and nobody gives a role to themselves.
const GIVER_TABLE: [(Role, &[Role]); 5] = {
    use Role::{Director, FinanceLead, Manager, SchoolHead, StaffMember};
    [
        (Director, &[Director]),
        (Manager, &[Director, Manager]),
        (FinanceLead, &[Director]),
        (SchoolHead, &[Director, Manager]),
        (StaffMember, &[Director, Manager]),
    ]
};

impl Permission {
    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SeeAlliance => "see_alliance",
            Self::ManageAlliance => "manage_alliance",
            Self::SeePeople => "see_people",
            Self::ManageMembers => "manage_members",
            Self::SeeMoney => "see_money",
            Self::ManageBudgets => "manage_budgets",
            Self::IssueInvoices => "issue_invoices",
            Self::RecordPayments => "record_payments",
            Self::SeeMessages => "see_messages",
            Self::ManageJobs => "manage_jobs",
        }
    }

    /// The permission of a stored name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|permission| permission.as_str() == name)
    }

    /// The permission as a person reads it: "see the alliance".
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::SeeAlliance => "see the alliance, its members and its strands",
            Self::ManageAlliance => "change the alliance’s settings",
            Self::SeePeople => "see people, their posts and their roles",
            Self::ManageMembers => "add and change members, payers, people, posts and roles",
            Self::SeeMoney => "see budgets, shares, invoices and payments",
            Self::ManageBudgets => "draft budgets, try formulas and agree a budget",
            Self::IssueInvoices => "issue invoices and credit notes, hold and dispute",
            Self::RecordPayments => "record payments and set them against invoices",
            Self::SeeMessages => "see what was mailed to whom and whether it arrived",
            Self::ManageJobs => "see the work queue and run parked work again",
        }
    }

    /// What one must see to be told what came of it; whoever has the one has the other.
    #[must_use]
    pub fn needs(self) -> Option<Self> {
        match self {
            Self::SeeAlliance => None,
            Self::ManageMembers => Some(Self::SeePeople),
            Self::ManageBudgets | Self::IssueInvoices | Self::RecordPayments => Some(Self::SeeMoney),
            Self::ManageAlliance
            | Self::SeePeople
            | Self::SeeMoney
            | Self::SeeMessages
            | Self::ManageJobs => Some(Self::SeeAlliance),
        }
    }

    /// Whether a school's role has it for every member, and not for its own school alone: all schools of an alliance know
    /// one another.
    #[must_use]
    pub fn reaches_all(self) -> bool {
        self == Self::SeeAlliance
    }

    /// Every permission, in the order of the role table.
    pub fn all() -> impl Iterator<Item = Self> {
        ROLE_TABLE.iter().map(|(permission, _)| *permission)
    }

    /// The roles that have this permission, by the role table.
    #[must_use]
    pub fn roles(self) -> &'static [Role] {
        ROLE_TABLE.iter().find(|(permission, _)| *permission == self).map_or(&[], |(_, roles)| roles)
    }
}

/// A role that a person holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// What they may act as.
    pub role: Role,
    /// The one school it is for; `None` reaches the whole alliance.
    pub member_id: Option<MemberId>,
}

/// Whoever asks, in one alliance.
#[derive(Debug, Clone)]
pub struct Viewer {
    alliance_id: AllianceId,
    actor: Actor,
}

#[derive(Debug, Clone)]
enum Actor {
    Person {
        account_id: AccountId,
        person_id: PersonId,
        grants: Vec<Grant>,
        /// The members whose payer has this person as its finance contact today.
        pays_for: Vec<MemberId>,
        /// What a token leaves of it; `None` for a person who signed in.
        bounds: Option<Vec<Permission>>,
    },
    /// The alliance's own scheduled and queued work, which a permitted person caused earlier.
    Machinery,
}

impl Viewer {
    /// A signed-in person. `grants` are those in force now.
    #[must_use]
    pub(crate) fn person(
        alliance_id: AllianceId,
        account_id: AccountId,
        person_id: PersonId,
        grants: Vec<Grant>,
    ) -> Self {
        let actor = Actor::Person { account_id, person_id, grants, pays_for: Vec::new(), bounds: None };
        Self { alliance_id, actor }
    }

    /// The same as the finance contact of whoever pays for these members.
    #[must_use]
    pub(crate) fn paying_for(mut self, members: Vec<MemberId>) -> Self {
        if let Actor::Person { pays_for, .. } = &mut self.actor {
            *pays_for = members;
        }
        self
    }

    /// A job of `alliance_id`, rebuilt from the job's envelope.
    #[must_use]
    pub fn machinery(alliance_id: AllianceId) -> Self {
        Self { alliance_id, actor: Actor::Machinery }
    }

    /// The same with no more than these permissions.
    #[must_use]
    pub(crate) fn bounded(mut self, permissions: &[Permission]) -> Self {
        if let Actor::Person { bounds, .. } = &mut self.actor {
            *bounds = Some(permissions.to_vec());
        }
        self
    }

    /// The alliance the viewer is in.
    #[must_use]
    pub fn alliance_id(&self) -> AllianceId {
        self.alliance_id
    }

    /// The person, unless this is a job.
    #[must_use]
    pub fn person_id(&self) -> Option<PersonId> {
        match self.actor {
            Actor::Person { person_id, .. } => Some(person_id),
            Actor::Machinery => None,
        }
    }

    /// The account, unless this is a job.
    #[must_use]
    pub fn account_id(&self) -> Option<AccountId> {
        match self.actor {
            Actor::Person { account_id, .. } => Some(account_id),
            Actor::Machinery => None,
        }
    }

    /// The members whose payer has this person as its finance contact: those whose money they see beside what their roles
    /// give.
    #[must_use]
    pub fn pays_for(&self) -> &[MemberId] {
        match &self.actor {
            Actor::Person { pays_for, .. } => pays_for,
            Actor::Machinery => &[],
        }
    }

    /// The roles in force.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        match &self.actor {
            Actor::Person { grants, .. } => grants,
            Actor::Machinery => &[],
        }
    }

    /// Permits `permission` for the whole alliance.
    pub fn require(&self, permission: Permission) -> Result<Scope, Forbidden> {
        match self.reach(permission)? {
            (scope, Reach::Alliance) => Ok(scope),
            (_, Reach::Members(_)) => Err(Forbidden),
        }
    }

    /// Permits `permission` as far as the viewer's roles reach: the alliance, or named schools. A payer's finance contact
    /// is sent the invoices of the members that it pays for, so that person sees their money, whatever the role.
    pub fn reach(&self, permission: Permission) -> Result<(Scope, Reach), Forbidden> {
        let scope = Scope { alliance_id: self.alliance_id };
        let Actor::Person { grants, pays_for, bounds, .. } = &self.actor else {
            return Ok((scope, Reach::Alliance));
        };
        if bounds.as_ref().is_some_and(|bounds| !bounds.contains(&permission)) {
            return Err(Forbidden);
        }
        let mut members = Vec::new();
        for grant in grants.iter().filter(|grant| permission.roles().contains(&grant.role)) {
            match grant.member_id {
                None => return Ok((scope, Reach::Alliance)),
                Some(member_id) => members.push(member_id),
            }
        }
        if permission == Permission::SeeMoney {
            members.extend(pays_for);
        }
        if members.is_empty() { Err(Forbidden) } else { Ok((scope, Reach::Members(members))) }
    }

    /// Whether the viewer may give `role` to others and end it. A check beside [`Viewer::require`], not in its place.
    #[must_use]
    pub fn may_give(&self, role: Role) -> bool {
        match &self.actor {
            Actor::Person { grants, .. } => {
                grants.iter().any(|grant| grant.member_id.is_none() && role.givers().contains(&grant.role))
            }
            Actor::Machinery => true,
        }
    }

    /// Whether [`Viewer::require`] would permit it, for pages that leave out what cannot be done.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.require(permission).is_ok()
    }
}

/// How far a permission reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Every member.
    Alliance,
    /// These members alone.
    Members(Vec<MemberId>),
}

impl Reach {
    /// Whether `member_id` is within reach.
    #[must_use]
    pub fn includes(&self, member_id: MemberId) -> bool {
        match self {
            Self::Alliance => true,
            Self::Members(members) => members.contains(&member_id),
        }
    }

    /// For SQL: `None` is every member. Use as `($n::uuid[] is null or member_id = any($n))`.
    pub(crate) fn as_filter(&self) -> Option<Vec<uuid::Uuid>> {
        match self {
            Self::Alliance => None,
            Self::Members(members) => Some(members.iter().map(|id| id.0).collect()),
        }
    }
}

/// Proof of a passed authorisation check: what [`Db::begin`] opens a transaction with.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    alliance_id: AllianceId,
}

impl Scope {
    pub(crate) fn alliance_id(self) -> AllianceId {
        self.alliance_id
    }
}

/// One consistent, read-only view of an alliance for as long as one request lasts. All reads of the
/// request share it, one after the other, so a page never shows two states of one thing.
pub struct Reading {
    db: Db,
    viewer: Viewer,
    tx: Mutex<Snapshot>,
}

/// The transaction of a request.
enum Snapshot {
    /// Nothing was read yet.
    NotBegun,
    Open(Tx),
    /// It did not open: the same is said to whoever reads later, and not tried for each.
    Failed(String),
}

impl Reading {
    /// Opens nothing yet: the transaction begins with the first permitted read.
    #[must_use]
    pub fn new(db: Db, viewer: Viewer) -> Self {
        Self { db, viewer, tx: Mutex::new(Snapshot::NotBegun) }
    }

    /// Who reads.
    #[must_use]
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Permits a read of the whole alliance.
    pub(crate) async fn require(&self, permission: Permission) -> Result<ReadTx<'_>, ReadError> {
        let scope = self.viewer.require(permission)?;
        Ok(self.tx(scope).await?)
    }

    /// Permits a read as far as the viewer's roles reach.
    pub(crate) async fn reach(&self, permission: Permission) -> Result<(ReadTx<'_>, Reach), ReadError> {
        let (scope, reach) = self.viewer.reach(permission)?;
        Ok((self.tx(scope).await?, reach))
    }

    async fn tx(&self, scope: Scope) -> Result<ReadTx<'_>, Internal> {
        let mut slot = self.tx.lock().await;
        match &*slot {
            Snapshot::Open(_) => {}
            Snapshot::Failed(fault) => return Err(Internal::echo(fault)),
            Snapshot::NotBegun => match self.db.snapshot(scope).await {
                Ok(tx) => *slot = Snapshot::Open(tx),
                Err(error) => {
                    *slot = Snapshot::Failed(error.detail());
                    return Err(error);
                }
            },
        }
        MutexGuard::try_map(slot, |slot| match slot {
            Snapshot::Open(tx) => Some(tx),
            Snapshot::NotBegun | Snapshot::Failed(_) => None,
        })
        .map_err(|_| Internal::new("the snapshot did not open"))
    }
}

/// The request's snapshot, held for one read.
pub(crate) type ReadTx<'a> = MappedMutexGuard<'a, Tx>;

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> MemberId {
        MemberId(uuid::Uuid::from_u128(7))
    }

    fn viewer(role: Role, member_id: Option<MemberId>) -> Viewer {
        let nil = uuid::Uuid::nil();
        Viewer::person(AllianceId(nil), AccountId(nil), PersonId(nil), vec![Grant { role, member_id }])
    }

    #[test]
    fn a_head_reaches_their_own_school_and_no_other() {
        let head = viewer(Role::SchoolHead, Some(member()));
        assert!(head.require(Permission::SeeMoney).is_err());
        let (_, reach) = head.reach(Permission::SeeMoney).unwrap();
        assert!(reach.includes(member()));
        assert!(!reach.includes(MemberId(uuid::Uuid::nil())));
    }

    #[test]
    fn a_finance_contact_sees_the_money_of_whom_they_pay_for_and_nothing_else() {
        let other = MemberId(uuid::Uuid::from_u128(8));
        let contact = viewer(Role::StaffMember, Some(member())).paying_for(vec![other]);
        let (_, reach) = contact.reach(Permission::SeeMoney).unwrap();
        assert_eq!(reach, Reach::Members(vec![other]));
        let plain = viewer(Role::StaffMember, Some(member()));
        for permission in Permission::all().filter(|one| *one != Permission::SeeMoney) {
            assert_eq!(
                contact.reach(permission).ok().map(|(_, reach)| reach),
                plain.reach(permission).ok().map(|(_, reach)| reach),
                "{permission:?}"
            );
        }
        assert!(contact.bounded(&[Permission::SeeAlliance]).reach(Permission::SeeMoney).is_err());
    }

    #[test]
    fn every_permission_is_in_the_table_once() {
        let all: Vec<_> = Permission::all().collect();
        for permission in &all {
            assert_eq!(all.iter().filter(|p| *p == permission).count(), 1);
            assert!(!permission.roles().is_empty());
        }
    }

    #[test]
    fn whoever_changes_something_sees_what_comes_of_it() {
        for permission in Permission::all() {
            let Some(needed) = permission.needs() else { continue };
            assert!(permission.roles().iter().all(|role| needed.roles().contains(role)), "{permission:?}");
            assert!(needed.needs().is_none_or(|seen| seen == Permission::SeeAlliance), "{permission:?}");
        }
    }

    /// Else somebody could give a role and be unable to do what it does, or give one that opens more than their own.
    #[test]
    fn whoever_gives_a_role_may_do_what_giving_takes() {
        for role in Role::ALL {
            let managers = Permission::ManageMembers.roles();
            assert!(!role.givers().is_empty() && role.givers().iter().all(|giver| managers.contains(giver)));
            let viewer = viewer(Role::Manager, None);
            assert_eq!(viewer.may_give(role), role.givers().contains(&Role::Manager));
        }
        assert!(!viewer(Role::SchoolHead, Some(member())).may_give(Role::StaffMember));
    }

    #[test]
    fn nobody_without_a_role_may_do_anything() {
        let mut nobody = viewer(Role::Director, None);
        nobody.actor = match nobody.actor {
            Actor::Person { account_id, person_id, .. } => {
                Actor::Person { account_id, person_id, grants: vec![], pays_for: vec![], bounds: None }
            }
            Actor::Machinery => unreachable!(),
        };
        assert!(Permission::all().all(|permission| nobody.reach(permission).is_err()));
    }
}

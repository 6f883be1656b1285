//! Who asks, and what they may do. [`Viewer::require`] and [`Viewer::reach`] are the only
//! authorisation verbs; each gives the [`Scope`] without which no tenant transaction opens.

use std::net::IpAddr;

use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use crate::{
    db::{Db, Tx},
    error::{Forbidden, Internal, ReadError},
    ids::{AccountId, AllianceId, ApiTokenId, MemberId, PersonId, SessionId, StrandId},
    problem::failure,
};

/// What a person does in an alliance. Stored as text; the alliance's wording gives it a local name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Answers for the alliance.
    Director,
    /// Runs it from day to day.
    Manager,
    /// Leads one strand of its work.
    StrandLead,
    /// Raises and collects contributions.
    FinanceLead,
    /// Governs the alliance: reads what it raises and spends, and runs nothing.
    BoardMember,
    /// Leads one member school.
    SchoolHead,
    /// Runs the office of one member school, and is asked about its money.
    SchoolBusinessManager,
    /// Leads professional development at one member school.
    CpdLeader,
    /// Works at a member school.
    StaffMember,
    /// Supports other schools in a specialism, from a home school or for the alliance.
    SpecialistLeader,
    /// Trains to teach: at a school, or in the alliance before there is a placement.
    Trainee,
    /// Looks after trainees and new teachers at one member school.
    Mentor,
    /// Takes part in reviews among peers, from a school or for the alliance.
    PeerReviewer,
}

impl Role {
    /// Every role, as the role page lists them.
    pub const ALL: [Self; 13] = [
        Self::Director,
        Self::Manager,
        Self::StrandLead,
        Self::FinanceLead,
        Self::BoardMember,
        Self::SchoolHead,
        Self::SchoolBusinessManager,
        Self::CpdLeader,
        Self::StaffMember,
        Self::SpecialistLeader,
        Self::Trainee,
        Self::Mentor,
        Self::PeerReviewer,
    ];

    /// Those who do the alliance's work from day to day: the only ones whom an alliance on trial mails.
    pub(crate) const TEAM: [Self; 4] = [Self::Director, Self::Manager, Self::StrandLead, Self::FinanceLead];

    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Director => "director",
            Self::Manager => "manager",
            Self::StrandLead => "strand_lead",
            Self::FinanceLead => "finance_lead",
            Self::BoardMember => "board_member",
            Self::SchoolHead => "school_head",
            Self::SchoolBusinessManager => "school_business_manager",
            Self::CpdLeader => "cpd_leader",
            Self::StaffMember => "staff_member",
            Self::SpecialistLeader => "specialist_leader",
            Self::Trainee => "trainee",
            Self::Mentor => "mentor",
            Self::PeerReviewer => "peer_reviewer",
        }
    }

    /// The role as a person reads it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Director => "director",
            Self::Manager => "manager",
            Self::StrandLead => "strand lead",
            Self::FinanceLead => "finance lead",
            Self::BoardMember => "board member",
            Self::SchoolHead => "head",
            Self::SchoolBusinessManager => "school business manager",
            Self::CpdLeader => "CPD leader",
            Self::StaffMember => "staff member",
            Self::SpecialistLeader => "specialist leader",
            Self::Trainee => "trainee",
            Self::Mentor => "mentor",
            Self::PeerReviewer => "peer reviewer",
        }
    }

    /// What whoever holds it does, for those who give it: "answers for the alliance".
    #[must_use]
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Director => "answers for the alliance",
            Self::Manager => "runs it from day to day",
            Self::StrandLead => "leads one strand of its work",
            Self::FinanceLead => "raises and collects contributions",
            Self::BoardMember => "governs it: reads its money and runs nothing",
            Self::SchoolHead => "leads a school",
            Self::SchoolBusinessManager => "runs a school’s office and is asked about its money",
            Self::CpdLeader => "leads professional development at a school",
            Self::StaffMember => "works at a school",
            Self::SpecialistLeader => "supports other schools in a specialism",
            Self::Trainee => "trains to teach",
            Self::Mentor => "looks after trainees and new teachers at a school",
            Self::PeerReviewer => "takes part in reviews among peers",
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

    /// What a grant of this role may be for. The database holds the same rule as `role_grants_remit_check`.
    #[must_use]
    pub fn remits(self) -> &'static [RemitKind] {
        match self {
            Self::Director | Self::Manager | Self::FinanceLead | Self::BoardMember => &[RemitKind::Alliance],
            Self::StrandLead => &[RemitKind::Strand],
            Self::SchoolHead
            | Self::SchoolBusinessManager
            | Self::CpdLeader
            | Self::StaffMember
            | Self::Mentor => &[RemitKind::School],
            Self::SpecialistLeader | Self::Trainee | Self::PeerReviewer => {
                &[RemitKind::School, RemitKind::Alliance]
            }
        }
    }

    /// What a grant of this role is for, as somebody has chosen it.
    pub fn remit(
        self,
        member_id: Option<MemberId>,
        strand_id: Option<StrandId>,
    ) -> Result<Remit, WrongRemit> {
        let takes = |kind| self.remits().contains(&kind);
        match (member_id, strand_id) {
            (Some(_), _) if !takes(RemitKind::School) => Err(WrongRemit::NotOfOneSchool),
            (_, Some(_)) if !takes(RemitKind::Strand) => Err(WrongRemit::NotOfOneStrand),
            (_, Some(strand_id)) => Ok(Remit::Strand(strand_id)),
            (Some(member_id), None) => Ok(Remit::School(member_id)),
            (None, None) if takes(RemitKind::Alliance) => Ok(Remit::Alliance),
            (None, None) if takes(RemitKind::Strand) => Err(WrongRemit::RoleNeedsStrand),
            (None, None) => Err(WrongRemit::RoleNeedsSchool),
        }
    }
}

/// What a role may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemitKind {
    /// The whole alliance.
    Alliance,
    /// One strand of its work.
    Strand,
    /// One member school.
    School,
}

/// What one grant of a role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remit {
    /// The whole alliance.
    Alliance,
    /// One strand of its work.
    Strand(StrandId),
    /// One member school.
    School(MemberId),
}

impl Remit {
    /// As it is stored: a member, a strand, or neither.
    pub(crate) fn stored(member_id: Option<MemberId>, strand_id: Option<StrandId>) -> Self {
        match (member_id, strand_id) {
            (Some(member_id), _) => Self::School(member_id),
            (None, Some(strand_id)) => Self::Strand(strand_id),
            (None, None) => Self::Alliance,
        }
    }

    /// The school, when it is one.
    #[must_use]
    pub fn member_id(self) -> Option<MemberId> {
        match self {
            Self::School(member_id) => Some(member_id),
            Self::Alliance | Self::Strand(_) => None,
        }
    }

    /// The strand, when it is one.
    #[must_use]
    pub fn strand_id(self) -> Option<StrandId> {
        match self {
            Self::Strand(strand_id) => Some(strand_id),
            Self::Alliance | Self::School(_) => None,
        }
    }
}

/// Why a role cannot be for what was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongRemit {
    /// A role of a school needs one.
    #[error("This role is for one school: please choose the school.")]
    RoleNeedsSchool,
    /// A strand lead leads a strand.
    #[error("This role is for one strand of work: please choose which.")]
    RoleNeedsStrand,
    /// The role is for the whole alliance or for a strand.
    #[error("This role is not for one school: please choose no school.")]
    NotOfOneSchool,
    /// The role is for the whole alliance or for a school.
    #[error("This role is not for one strand of work: please choose none.")]
    NotOfOneStrand,
}

failure!(WrongRemit {
    RoleNeedsSchool => "memberId",
    RoleNeedsStrand => "strandId",
    NotOfOneSchool => "memberId",
    NotOfOneStrand => "strandId",
});

/// Something a viewer may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See the alliance, its members and its strands.
    SeeAlliance,
    /// Change the alliance's settings, closures and list of strands.
    ManageAlliance,
    /// Change a strand of work.
    ManageStrands,
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
    /// See who changed what.
    SeeAudit,
}

/// Who has a permission, and how far.
struct Row {
    permission: Permission,
    /// For the whole alliance, whatever their role is for.
    everywhere: &'static [Role],
    /// For the school or the strand alone that their role is for.
    own: &'static [Role],
}

/// Who may do what: the one table of the product. Beside it stands one rule, of [`Viewer::reach`]: whoever is a payer's
/// finance contact sees the money of the members it pays for.
const ROLE_TABLE: [Row; 12] = {
    use Permission as P;
    use Role::{BoardMember, Director, FinanceLead, Manager, SchoolBusinessManager, SchoolHead, StrandLead};
    const fn row(permission: P, everywhere: &'static [Role], own: &'static [Role]) -> Row {
        Row { permission, everywhere, own }
    }
    [
        row(P::SeeAlliance, &Role::ALL, &[]),
        row(P::ManageAlliance, &[Director, Manager], &[]),
        row(P::ManageStrands, &[Director, Manager], &[StrandLead]),
        row(P::SeePeople, &[Director, Manager, StrandLead, FinanceLead], &[SchoolHead]),
        row(P::ManageMembers, &[Director, Manager], &[]),
        row(
            P::SeeMoney,
            &[Director, Manager, FinanceLead, BoardMember],
            &[SchoolHead, SchoolBusinessManager],
        ),
        row(P::ManageBudgets, &[Director, FinanceLead], &[]),
        row(P::IssueInvoices, &[FinanceLead], &[]),
        row(P::RecordPayments, &[FinanceLead], &[]),
        row(P::SeeMessages, &[Director, Manager, FinanceLead], &[]),
        row(P::ManageJobs, &[Director, Manager, FinanceLead], &[]),
        row(P::SeeAudit, &[Director, Manager], &[]),
    ]
};

/// Who may give and end a role: nobody lifts another above themselves. What giving takes besides is
/// [`Permission::ManageMembers`], and nobody gives a role to themselves.
const GIVER_TABLE: [(Role, &[Role]); Role::ALL.len()] = {
    use Role::{Director, Manager};
    [
        (Director, &[Director]),
        (Manager, &[Director, Manager]),
        (Role::StrandLead, &[Director, Manager]),
        (Role::FinanceLead, &[Director]),
        (Role::BoardMember, &[Director]),
        (Role::SchoolHead, &[Director, Manager]),
        (Role::SchoolBusinessManager, &[Director, Manager]),
        (Role::CpdLeader, &[Director, Manager]),
        (Role::StaffMember, &[Director, Manager]),
        (Role::SpecialistLeader, &[Director, Manager]),
        (Role::Trainee, &[Director, Manager]),
        (Role::Mentor, &[Director, Manager]),
        (Role::PeerReviewer, &[Director, Manager]),
    ]
};

impl Permission {
    /// The stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SeeAlliance => "see_alliance",
            Self::ManageAlliance => "manage_alliance",
            Self::ManageStrands => "manage_strands",
            Self::SeePeople => "see_people",
            Self::ManageMembers => "manage_members",
            Self::SeeMoney => "see_money",
            Self::ManageBudgets => "manage_budgets",
            Self::IssueInvoices => "issue_invoices",
            Self::RecordPayments => "record_payments",
            Self::SeeMessages => "see_messages",
            Self::ManageJobs => "manage_jobs",
            Self::SeeAudit => "see_audit",
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
            Self::ManageAlliance => "change the alliance’s settings, closures and list of strands",
            Self::ManageStrands => "change a strand of work",
            Self::SeePeople => "see people, their posts and their roles",
            Self::ManageMembers => "add and change members, payers, people, posts and roles",
            Self::SeeMoney => "see budgets, shares, invoices and payments",
            Self::ManageBudgets => "draft budgets, try formulas and agree a budget",
            Self::IssueInvoices => "issue invoices and credit notes, hold and dispute",
            Self::RecordPayments => "record payments and set them against invoices",
            Self::SeeMessages => "see what was mailed to whom and whether it arrived",
            Self::ManageJobs => "see the work queue and run parked work again",
            Self::SeeAudit => "see the record of who changed what",
        }
    }

    /// What one must see to be told what came of it; whoever has the one has the other.
    #[must_use]
    pub fn needs(self) -> Option<Self> {
        match self {
            Self::SeeAlliance => None,
            Self::ManageMembers | Self::SeeAudit => Some(Self::SeePeople),
            Self::ManageBudgets | Self::IssueInvoices | Self::RecordPayments => Some(Self::SeeMoney),
            Self::ManageAlliance
            | Self::ManageStrands
            | Self::SeePeople
            | Self::SeeMoney
            | Self::SeeMessages
            | Self::ManageJobs => Some(Self::SeeAlliance),
        }
    }

    /// Every permission, in the order of the role table.
    pub fn all() -> impl Iterator<Item = Self> {
        ROLE_TABLE.iter().map(|row| row.permission)
    }

    /// The roles that have this permission for the whole alliance, by the role table.
    #[must_use]
    pub fn everywhere(self) -> &'static [Role] {
        self.row().map_or(&[], |row| row.everywhere)
    }

    /// The roles that have it for the school or the strand alone that they are for.
    #[must_use]
    pub fn own(self) -> &'static [Role] {
        self.row().map_or(&[], |row| row.own)
    }

    fn row(self) -> Option<&'static Row> {
        ROLE_TABLE.iter().find(|row| row.permission == self)
    }
}

/// A role that a person holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// What they may act as.
    pub role: Role,
    /// What it is for.
    pub remit: Remit,
}

/// What proved who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProvedBy {
    /// A browser that signed in.
    Session(SessionId),
    /// An API token.
    Token(ApiTokenId),
}

/// By what, and from where, somebody asks: what the record of changes says of whoever made one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// What proved who they are.
    pub proved_by: ProvedBy,
    /// The network address that the request came from, where there was one.
    pub address: Option<IpAddr>,
}

/// Whoever asks, in one alliance.
#[derive(Debug, Clone)]
pub struct Viewer {
    alliance_id: AllianceId,
    actor: Actor,
    origin: Option<Origin>,
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
        Self { alliance_id, actor, origin: None }
    }

    /// The same, asking by this proof and from this place.
    #[must_use]
    pub(crate) fn from(self, origin: Origin) -> Self {
        Self { origin: Some(origin), ..self }
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
        Self { alliance_id, actor: Actor::Machinery, origin: None }
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
            (_, Reach::Own { .. }) => Err(Forbidden),
        }
    }

    /// Permits `permission` as far as the viewer's roles reach: the alliance, or their own schools and strands. A payer's
    /// finance contact is sent the invoices of the members that it pays for, so that person sees their money, whatever the
    /// role.
    pub fn reach(&self, permission: Permission) -> Result<(Scope, Reach), Forbidden> {
        let scope = Scope { alliance_id: self.alliance_id, person_id: self.person_id(), origin: self.origin };
        let Actor::Person { grants, pays_for, bounds, .. } = &self.actor else {
            return Ok((scope, Reach::Alliance));
        };
        if bounds.as_ref().is_some_and(|bounds| !bounds.contains(&permission)) {
            return Err(Forbidden);
        }
        if grants.iter().any(|grant| permission.everywhere().contains(&grant.role)) {
            return Ok((scope, Reach::Alliance));
        }
        let own = || grants.iter().filter(|grant| permission.own().contains(&grant.role));
        let mut members: Vec<_> = own().filter_map(|grant| grant.remit.member_id()).collect();
        let strands: Vec<_> = own().filter_map(|grant| grant.remit.strand_id()).collect();
        if permission == Permission::SeeMoney {
            members.extend(pays_for);
        }
        if members.is_empty() && strands.is_empty() {
            return Err(Forbidden);
        }
        Ok((scope, Reach::Own { members, strands }))
    }

    /// Whether the viewer may give `role` to others and end it. A check beside [`Viewer::require`], not in its place.
    #[must_use]
    pub fn may_give(&self, role: Role) -> bool {
        match &self.actor {
            Actor::Person { grants, .. } => grants.iter().any(|grant| role.givers().contains(&grant.role)),
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
    /// These alone.
    Own {
        /// The schools.
        members: Vec<MemberId>,
        /// The strands.
        strands: Vec<StrandId>,
    },
}

impl Reach {
    /// Whether `member_id` is within reach.
    #[must_use]
    pub fn includes(&self, member_id: MemberId) -> bool {
        match self {
            Self::Alliance => true,
            Self::Own { members, .. } => members.contains(&member_id),
        }
    }

    /// Whether `strand_id` is within reach.
    #[must_use]
    pub fn includes_strand(&self, strand_id: StrandId) -> bool {
        match self {
            Self::Alliance => true,
            Self::Own { strands, .. } => strands.contains(&strand_id),
        }
    }

    /// For SQL: `None` is every member. Use as `($n::uuid[] is null or member_id = any($n))`.
    pub(crate) fn as_filter(&self) -> Option<Vec<uuid::Uuid>> {
        match self {
            Self::Alliance => None,
            Self::Own { members, .. } => Some(members.iter().map(|id| id.0).collect()),
        }
    }
}

/// Proof of a passed authorisation check: what [`Db::begin`] opens a transaction with.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    alliance_id: AllianceId,
    person_id: Option<PersonId>,
    origin: Option<Origin>,
}

impl Scope {
    pub(crate) fn alliance_id(self) -> AllianceId {
        self.alliance_id
    }

    /// For `app.actor`, which the record of changes is made from: `person|proof|id of the proof|address`. Numbers and
    /// fixed words only, so that it may stand in the text of a statement.
    pub(crate) fn actor(self) -> String {
        let person = self.person_id.map(|id| id.0.to_string()).unwrap_or_default();
        let Some(origin) = self.origin else { return format!("{person}|work||") };
        let (proof, id) = match origin.proved_by {
            ProvedBy::Session(id) => ("session", id.0),
            ProvedBy::Token(id) => ("token", id.0),
        };
        let address = origin.address.map(|address| address.to_string()).unwrap_or_default();
        format!("{person}|{proof}|{id}|{address}")
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

    fn strand() -> StrandId {
        StrandId(uuid::Uuid::from_u128(9))
    }

    fn viewer(role: Role) -> Viewer {
        let nil = uuid::Uuid::nil();
        let remit = match role.remits() {
            [RemitKind::Alliance] => Remit::Alliance,
            [RemitKind::Strand] => Remit::Strand(strand()),
            _ => Remit::School(member()),
        };
        Viewer::person(AllianceId(nil), AccountId(nil), PersonId(nil), vec![Grant { role, remit }])
    }

    #[test]
    fn each_role_reaches_what_the_table_says() {
        let other = (MemberId(uuid::Uuid::nil()), StrandId(uuid::Uuid::nil()));
        for role in Role::ALL {
            let viewer = viewer(role);
            for permission in Permission::all() {
                let reach = viewer.reach(permission).ok().map(|(_, reach)| reach);
                assert_eq!(viewer.may(permission), permission.everywhere().contains(&role));
                match (permission.everywhere().contains(&role), permission.own().contains(&role)) {
                    (true, _) => assert_eq!(reach, Some(Reach::Alliance), "{role:?}, {permission:?}"),
                    (false, false) => assert_eq!(reach, None, "{role:?}, {permission:?}"),
                    (false, true) => {
                        let reach = reach.unwrap();
                        let reached = (reach.includes(member()), reach.includes_strand(strand()));
                        let remits = role.remits();
                        let of = |kind| remits.contains(&kind);
                        assert_eq!(reached, (of(RemitKind::School), of(RemitKind::Strand)), "{role:?}");
                        assert!(!reach.includes(other.0) && !reach.includes_strand(other.1));
                    }
                }
            }
        }
    }

    #[test]
    fn a_finance_contact_sees_the_money_of_whom_they_pay_for_and_nothing_else() {
        let other = MemberId(uuid::Uuid::from_u128(8));
        let contact = viewer(Role::StaffMember).paying_for(vec![other]);
        let (_, reach) = contact.reach(Permission::SeeMoney).unwrap();
        assert_eq!(reach, Reach::Own { members: vec![other], strands: vec![] });
        let plain = viewer(Role::StaffMember);
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
    fn the_tables_name_everything_once_and_nobody_twice() {
        let all: Vec<_> = Permission::all().collect();
        for permission in &all {
            assert_eq!(all.iter().filter(|p| *p == permission).count(), 1);
            assert!(!permission.everywhere().is_empty());
            for role in permission.own() {
                assert!(!permission.everywhere().contains(role), "{role:?} has {permission:?} twice");
                assert!(
                    !role.remits().contains(&RemitKind::Alliance),
                    "{role:?} may have nothing of its own"
                );
            }
        }
        for role in Role::ALL {
            assert_eq!(GIVER_TABLE.iter().filter(|(given, _)| *given == role).count(), 1);
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }

    #[test]
    fn whoever_changes_something_sees_what_comes_of_it() {
        for permission in Permission::all() {
            let Some(needed) = permission.needs() else { continue };
            for role in permission.everywhere() {
                assert!(needed.everywhere().contains(role), "{role:?}, {permission:?}");
            }
            for role in permission.own() {
                assert!(needed.everywhere().contains(role) || needed.own().contains(role), "{permission:?}");
            }
            assert!(needed.needs().is_none_or(|seen| seen == Permission::SeeAlliance), "{permission:?}");
        }
    }

    /// Else somebody could give a role and be unable to do what it does, or give one that opens more than their own.
    #[test]
    fn whoever_gives_a_role_may_do_what_giving_takes() {
        for role in Role::ALL {
            let managers = Permission::ManageMembers.everywhere();
            assert!(!role.givers().is_empty() && role.givers().iter().all(|giver| managers.contains(giver)));
            for giver in Role::ALL {
                assert_eq!(viewer(giver).may_give(role), role.givers().contains(&giver));
            }
        }
    }

    #[test]
    fn a_role_is_for_what_it_may_be_for() {
        let (school, part) = (Some(member()), Some(strand()));
        let cases = [
            (Role::Director, None, None, Ok(Remit::Alliance)),
            (Role::Director, school, None, Err(WrongRemit::NotOfOneSchool)),
            (Role::Director, None, part, Err(WrongRemit::NotOfOneStrand)),
            (Role::StrandLead, None, part, Ok(Remit::Strand(strand()))),
            (Role::StrandLead, None, None, Err(WrongRemit::RoleNeedsStrand)),
            (Role::StrandLead, school, part, Err(WrongRemit::NotOfOneSchool)),
            (Role::SchoolHead, school, None, Ok(Remit::School(member()))),
            (Role::SchoolHead, None, None, Err(WrongRemit::RoleNeedsSchool)),
            (Role::SchoolHead, school, part, Err(WrongRemit::NotOfOneStrand)),
            (Role::Trainee, school, None, Ok(Remit::School(member()))),
            (Role::Trainee, None, None, Ok(Remit::Alliance)),
        ];
        for (role, member_id, strand_id, expected) in cases {
            assert_eq!(role.remit(member_id, strand_id), expected, "{role:?}, {member_id:?}, {strand_id:?}");
        }
    }

    #[test]
    fn nobody_without_a_role_may_do_anything() {
        let mut nobody = viewer(Role::Director);
        nobody.actor = match nobody.actor {
            Actor::Person { account_id, person_id, .. } => {
                Actor::Person { account_id, person_id, grants: vec![], pays_for: vec![], bounds: None }
            }
            Actor::Machinery => unreachable!(),
        };
        assert!(Permission::all().all(|permission| nobody.reach(permission).is_err()));
    }
}

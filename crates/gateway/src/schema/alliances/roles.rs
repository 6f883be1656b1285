//! What people may act as, and the table of who may do what.

use async_graphql::{Enum, SimpleObject};
use domain::viewer::{Act, Permission, RemitKind, Role};

/// Who may do what, and who gives which role.
#[derive(SimpleObject)]
#[graphql(name = "RoleTable")]
pub(crate) struct RoleTableObject {
    /// Every permission with the roles that have it. Besides, a payer's finance contact sees the money of the members that
    /// it pays for, whatever their role.
    permissions: Vec<RoleTableRow>,
    /// Every role with what it is for and those who give and end it.
    roles: Vec<RoleTableEntry>,
    /// What takes, besides the role, that whoever does it has proved within the hour who they are; in words: "issue
    /// invoices". A program with a token is not asked. An operation that needs it answers `CONFIRM_IT_IS_YOU` else.
    confirmed: Vec<&'static str>,
}

/// A permission and who has it.
#[derive(SimpleObject)]
pub(crate) struct RoleTableRow {
    /// The permission.
    permission: PermissionEnum,
    /// What it permits: "see the alliance".
    words: &'static str,
    /// Who has it for the whole alliance.
    everywhere: Vec<RoleEnum>,
    /// Who has it for the school or the strand alone that their role is for.
    own: Vec<RoleEnum>,
}

/// A role, what it is for, and who gives it.
#[derive(SimpleObject)]
pub(crate) struct RoleTableEntry {
    /// The role.
    role: RoleEnum,
    /// As a person reads it.
    words: &'static str,
    /// What its holder does: "answers for the alliance".
    purpose: &'static str,
    /// What a grant of it may be for.
    remits: Vec<RemitKindEnum>,
    /// Whose holders give it to others and end it.
    givers: Vec<RoleEnum>,
}

/// What a role may be for.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "RemitKind", remote = "RemitKind")]
pub(crate) enum RemitKindEnum {
    /// The whole alliance.
    Alliance,
    /// One strand of its work.
    Strand,
    /// One member school.
    School,
}

/// The role table of the domain.
pub(super) fn role_table() -> RoleTableObject {
    let roles = |roles: &[Role]| roles.iter().map(|role| (*role).into()).collect();
    let row = |permission: Permission| RoleTableRow {
        permission: permission.into(),
        words: permission.label(),
        everywhere: roles(permission.everywhere()),
        own: roles(permission.own()),
    };
    let entry = |role: Role| RoleTableEntry {
        role: role.into(),
        words: role.label(),
        purpose: role.purpose(),
        remits: role.remits().iter().map(|kind| (*kind).into()).collect(),
        givers: roles(role.givers()),
    };
    RoleTableObject {
        permissions: Permission::all().map(row).collect(),
        roles: Role::ALL.map(entry).into(),
        confirmed: Act::all().map(Act::words).collect(),
    }
}

/// What a person may act as.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "Role", remote = "Role")]
pub(crate) enum RoleEnum {
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

/// Something a person may do.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "Permission", remote = "Permission")]
pub(crate) enum PermissionEnum {
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
    /// Take everything away that the alliance holds, and have the alliance deleted.
    ManageData,
}

//! What may be done in an alliance, and by whom.

use super::roles::Role;

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
    /// Take everything away that the alliance holds, and have the alliance deleted.
    ManageData,
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
const ROLE_TABLE: [Row; 13] = {
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
        row(P::ManageData, &[Director], &[]),
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
            Self::ManageData => "manage_data",
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
            Self::ManageData => "export everything that the alliance holds, and have the alliance deleted",
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
            | Self::ManageJobs
            | Self::ManageData => Some(Self::SeeAlliance),
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

#[cfg(test)]
mod tests {
    use super::{super::roles::RemitKind, *};

    #[test]
    fn the_table_names_everything_once_and_nobody_twice() {
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
}

//! What takes a recent proof of who asks, besides a role that permits it.

use chrono::TimeDelta;

use crate::problem::{Failure, Problem};

/// How recent a proof has to be: signing in, or confirming later that it is oneself. An hour is about one sitting at a
/// desk: whoever works on the accounts confirms once, and whoever finds the device open after lunch moves no money.
pub(crate) const RECENT: TimeDelta = TimeDelta::hours(1);
/// The same for what changes how an account is opened: whoever does that has just opened it (OWASP ASVS 5.0, 7.5.1).
pub(crate) const FRESH: TimeDelta = TimeDelta::minutes(15);

/// Something that takes a recent proof of who asks: what moves money, gives people roles, or takes much that is personal
/// out of the alliance at once. Each is named as its operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Agree a budget.
    AgreeBudget,
    /// Work an agreed budget out again.
    ReopenBudget,
    /// Issue the invoices of a run.
    IssueInvoices,
    /// Credit an invoice.
    CreditInvoice,
    /// Record a payment.
    RecordPayment,
    /// Take the payments of a bank's file.
    ImportBankStatement,
    /// Set a payment against invoices.
    AllocatePayment,
    /// Take that back.
    ReverseAllocation,
    /// Take a payment back.
    ReversePayment,
    /// Record that money was sent back.
    RefundPayment,
    /// Take that back.
    ReverseRefund,
    /// Say of a payment whose it is.
    ChangePayerOfPayment,
    /// Change the settings, the bank account and what signing in takes among them.
    ChangeSettings,
    /// Add a person, and a role with them.
    AddPerson,
    /// Change a person, and so the address that they sign in with.
    ChangePerson,
    /// Invite somebody to a role.
    Invite,
    /// Invite several people to a role.
    InviteSeveral,
    /// Give a role.
    GrantRole,
    /// End a role.
    EndRole,
    /// Leave an alliance.
    LeaveAlliance,
    /// Make a token that a program asks with.
    CreateToken,
    /// Sign in with another address from now on.
    ChangeAddress,
    /// Set up a second step of one's own sign-in.
    BeginSecondStep,
    /// Add a passkey.
    BeginPasskey,
    /// Remove a passkey.
    RemovePasskey,
    /// Have everything that the alliance holds put into one file.
    RequestExport,
    /// Download that file.
    DownloadExport,
    /// Ask for the deletion of an alliance.
    RequestDeletion,
    /// Download the list of people.
    DownloadPeople,
    /// Download the list of outgoing mail.
    DownloadMail,
    /// Download the record of changes.
    DownloadChanges,
}

/// The one table: each act with the name of its operation, and in words after "before you".
const ACT_TABLE: [(Act, &str, &str); 31] = [
    (Act::AgreeBudget, "agree_budget", "agree a budget"),
    (Act::ReopenBudget, "reopen_budget", "reopen a budget"),
    (Act::IssueInvoices, "issue_invoices", "issue invoices"),
    (Act::CreditInvoice, "credit_invoice", "credit an invoice"),
    (Act::RecordPayment, "record_payment", "record a payment"),
    (Act::ImportBankStatement, "import_bank_statement", "take the payments of a bank statement"),
    (Act::AllocatePayment, "allocate_payment", "set a payment against invoices"),
    (Act::ReverseAllocation, "reverse_allocation", "take a payment off an invoice"),
    (Act::ReversePayment, "reverse_payment", "take a payment back"),
    (Act::RefundPayment, "refund_payment", "record a refund"),
    (Act::ReverseRefund, "reverse_refund", "take a refund back"),
    (Act::ChangePayerOfPayment, "change_payer_of_payment", "change whose a payment is"),
    (Act::ChangeSettings, "change_settings", "change the settings"),
    (Act::AddPerson, "add_person", "add a person"),
    (Act::ChangePerson, "change_person", "change a person’s name or address"),
    (Act::Invite, "invite", "invite somebody"),
    (Act::InviteSeveral, "invite_several", "invite several people"),
    (Act::GrantRole, "grant_role", "give a role"),
    (Act::EndRole, "end_role", "end a role"),
    (Act::LeaveAlliance, "leave_alliance", "leave"),
    (Act::CreateToken, "create_token", "make an API token"),
    (Act::ChangeAddress, "change_address", "sign in with another address"),
    (Act::BeginSecondStep, "begin_second_step", "set up a second step"),
    (Act::BeginPasskey, "begin_passkey", "add a passkey"),
    (Act::RemovePasskey, "remove_passkey", "remove a passkey"),
    (Act::RequestExport, "request_export", "have an export made"),
    (Act::DownloadExport, "download_export", "download everything that the alliance holds"),
    (Act::RequestDeletion, "request_deletion", "have an alliance deleted"),
    (Act::DownloadPeople, "download_people", "download the list of people"),
    (Act::DownloadMail, "download_mail", "download the list of outgoing mail"),
    (Act::DownloadChanges, "download_changes", "download the record of changes"),
];

impl Act {
    /// Every act, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        ACT_TABLE.iter().map(|(act, ..)| *act)
    }

    /// The name of its operation.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().map_or("", |(_, name, _)| name)
    }

    /// As a person reads it after "before you": "issue invoices".
    #[must_use]
    pub fn words(self) -> &'static str {
        self.row().map_or("", |(.., words)| words)
    }

    /// How old the proof may be.
    pub(crate) fn within(self) -> TimeDelta {
        match self {
            Self::BeginSecondStep | Self::ChangeAddress | Self::BeginPasskey | Self::RemovePasskey => FRESH,
            _ => RECENT,
        }
    }

    fn row(self) -> Option<&'static (Self, &'static str, &'static str)> {
        ACT_TABLE.iter().find(|(act, ..)| *act == self)
    }
}

/// The last proof of who asks is too old: whoever sits there now may be somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("It is a while since you signed in. Before you {}, please confirm that it is you.", .before.words())]
pub struct ConfirmItIsYou {
    /// What was to be done.
    pub before: Act,
}

impl From<ConfirmItIsYou> for Failure {
    fn from(error: ConfirmItIsYou) -> Self {
        Self::Unconfirmed(error)
    }
}

impl From<ConfirmItIsYou> for Problem {
    fn from(error: ConfirmItIsYou) -> Self {
        Self::of(&error, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_act_once() {
        let mut names: Vec<_> = Act::all().map(Act::as_str).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ACT_TABLE.len());
        for act in Act::all() {
            let name: String = format!("{act:?}").to_lowercase();
            assert_eq!(act.as_str().replace('_', ""), name);
            assert_eq!(Problem::from(ConfirmItIsYou { before: act }).code, "CONFIRM_IT_IS_YOU");
        }
    }
}

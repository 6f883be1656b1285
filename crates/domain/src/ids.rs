//! Ids: newtypes over `UUIDv7`, made from the application's clock and randomness.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::app::App;

/// A new `UUIDv7` for something that happens at `now`.
pub(crate) fn new_uuid(now: DateTime<Utc>, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, ordered by the application's clock.
            #[must_use]
            pub fn new(app: &App) -> Self {
                Self(new_uuid(app.clock.now(), app.rng.bytes()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A tenant: one voluntary alliance of schools.
    AllianceId
    /// A sign-in identity, shared by the whole deployment.
    AccountId
    /// A signed-in browser or device.
    SessionId
    /// What a program carries in a person's name.
    ApiTokenId
    /// A key on a person's own device that signs in.
    PasskeyId
    /// A person as one alliance knows them.
    PersonId
    /// A dated post of a person at a member.
    PostId
    /// An invitation to act in a role.
    InvitationId
    /// That a person leaves an alliance.
    DepartureId
    /// A dated role of a person in an alliance.
    RoleGrantId
    /// One change of what is known of a person.
    PersonChangeId
    /// A school or other body that belongs to an alliance.
    MemberId
    /// Whoever settles the invoices of one or several members.
    PayerId
    /// A strand of an alliance's work.
    StrandId
    /// A range of dates in which schools are closed.
    ClosureId
    /// A year's budget, with the formula by which members share it.
    BudgetId
    /// One line of a budget.
    BudgetLineId
    /// What one member contributes to one budget.
    ShareId
    /// An offer of goods or time in place of money.
    InKindOfferId
    /// One issue of invoices for a budget.
    InvoiceRunId
    /// An issued invoice.
    InvoiceId
    /// A credit against an issued invoice.
    CreditNoteId
    /// Money received.
    PaymentId
    /// A part of a payment set against one invoice.
    AllocationId
    /// Money of a payment that was sent back.
    RefundId
    /// One imported bank statement file.
    BankImportId
    /// That an alliance is to be deleted.
    DeletionId
    /// A file with everything that an alliance holds.
    ExportId
    /// A rendered file kept in the object store.
    DocumentId
    /// One mail to one recipient.
    DeliveryId
    /// An entry of the give-and-gain ledger.
    LedgerEntryId
    /// What one transaction changed, as it is recorded.
    AuditRecordId
    /// A queued piece of work.
    JobId
}

//! What was changed, told to those who follow an alliance: a notification in the transaction of the change, so it is
//! heard when that commits, or never. It says which thing, and nothing about it: whoever hears it reads the thing, if
//! they may. Postgres hands it to every process that listens, so nothing else has to.

mod repo;

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgListener;

use crate::{
    app::App,
    db::Tx,
    error::Internal,
    ids::{AllianceId, BudgetId, InvoiceId, MemberId, PayerId, PaymentId, PersonId},
    viewer::{Permission, Reach, Viewer},
};

const CHANNEL: &str = "changes";

/// A thing that is there now, or is no longer as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// An invoice: issued, credited, paid, held or disputed.
    Invoice(InvoiceId, MemberId),
    /// A payment: received, set against invoices or taken back.
    Payment(PaymentId),
    /// A budget: drafted, changed, agreed or reopened.
    Budget(BudgetId),
    /// A member: joined, left, or another roll.
    Member(MemberId),
    /// A payer: another name, address or contact.
    Payer(PayerId),
    /// A person: made known, or another post or role, at this member if at one.
    Person(PersonId, Option<MemberId>),
}

/// A change and where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The alliance.
    pub alliance_id: AllianceId,
    /// What.
    pub change: Change,
}

impl Changed {
    /// Whether the thing is within the viewer's reach: the same rule by which it is read.
    #[must_use]
    pub fn is_for(&self, viewer: &Viewer) -> bool {
        let reach = |permission| viewer.reach(permission).ok().map(|(_, reach)| reach);
        viewer.alliance_id() == self.alliance_id
            && match self.change {
                Change::Invoice(_, member_id) => {
                    reach(Permission::SeeMoney).is_some_and(|reach| reach.includes(member_id))
                }
                Change::Payment(_) | Change::Payer(_) => viewer.may(Permission::SeeMoney),
                Change::Budget(_) => reach(Permission::SeeMoney).is_some(),
                Change::Member(_) => reach(Permission::SeeAlliance).is_some(),
                Change::Person(_, member_id) => reach(Permission::SeePeople).is_some_and(|reach| {
                    reach == Reach::Alliance || member_id.is_some_and(|id| reach.includes(id))
                }),
            }
    }
}

impl Tx {
    /// Tells those who follow the alliance, when this transaction commits.
    pub(crate) async fn announce(&mut self, changes: &[Change]) -> Result<(), Internal> {
        let alliance_id = self.alliance_id();
        let payload = |change: &Change| serde_json::to_string(&Changed { alliance_id, change: *change });
        let payloads = changes.iter().map(payload).collect::<Result<Vec<_>, _>>().map_err(Internal::new)?;
        repo::notify(self, CHANNEL, &payloads).await
    }
}

/// Every alliance's changes as they are committed.
pub struct Changes(PgListener);

impl Changes {
    /// Listens on a connection of its own for as long as it lives.
    pub async fn listen(app: &App) -> Result<Self, Internal> {
        let mut listener = PgListener::connect_with(app.db.machine_pool()).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// Waits for one. An error or `None` means that the connection was lost, and changes with it.
    pub async fn next(&mut self) -> Result<Option<Changed>, Internal> {
        while let Some(heard) = self.0.try_recv().await? {
            match serde_json::from_str(heard.payload()) {
                Ok(changed) => return Ok(Some(changed)),
                // A newer version of this program runs beside us and knows more kinds.
                Err(error) => tracing::debug!(%error, "a change that this version does not know"),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        ids::{AccountId, StrandId},
        viewer::{Grant, Remit, RemitKind, Role},
    };

    const ALLIANCE: AllianceId = AllianceId(Uuid::from_u128(1));
    const OWN: MemberId = MemberId(Uuid::from_u128(2));
    const OTHER: MemberId = MemberId(Uuid::from_u128(3));
    const ID: Uuid = Uuid::from_u128(4);

    fn hears(role: Role, change: Change) -> bool {
        let remit = match role.remits() {
            [RemitKind::Alliance] => Remit::Alliance,
            [RemitKind::Strand] => Remit::Strand(StrandId(ID)),
            _ => Remit::School(OWN),
        };
        let grants = vec![Grant { role, remit }];
        let viewer = Viewer::person(ALLIANCE, AccountId(ID), PersonId(ID), grants);
        let elsewhere = Changed { alliance_id: AllianceId(ID), change };
        assert!(!elsewhere.is_for(&viewer), "{role:?} hears another alliance's {change:?}");
        Changed { alliance_id: ALLIANCE, change }.is_for(&viewer)
    }

    /// Who has a permission everywhere, and with them those who have it for their own school.
    fn reached(permission: Permission) -> (Vec<Role>, Vec<Role>) {
        (permission.everywhere().to_vec(), [permission.everywhere(), permission.own()].concat())
    }

    #[test]
    fn each_hears_of_what_they_may_see() {
        let (all_money, money) = reached(Permission::SeeMoney);
        let (all_people, people) = reached(Permission::SeePeople);
        for (change, who) in [
            (Change::Invoice(InvoiceId(ID), OWN), &money),
            (Change::Invoice(InvoiceId(ID), OTHER), &all_money),
            (Change::Payment(PaymentId(ID)), &all_money),
            (Change::Payer(PayerId(ID)), &all_money),
            (Change::Budget(BudgetId(ID)), &money),
            (Change::Member(OTHER), &Role::ALL.to_vec()),
            (Change::Person(PersonId(ID), Some(OWN)), &people),
            (Change::Person(PersonId(ID), Some(OTHER)), &all_people),
            (Change::Person(PersonId(ID), None), &all_people),
        ] {
            for role in Role::ALL {
                assert_eq!(hears(role, change), who.contains(&role), "{role:?} and {change:?}");
            }
        }
        assert!(!hears(Role::StaffMember, Change::Payment(PaymentId(ID))));
    }
}

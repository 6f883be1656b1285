//! What changes, as it is committed.

use async_graphql::{Context, Enum, ID, Result, SimpleObject, Subscription as SubscriptionRoot};
use domain::{changes::Change, ids::AllianceId};
use futures::{Stream, StreamExt};

use super::{
    context::Session,
    errors::{self, coded},
    ids::{self, Kind},
};
use crate::live::{Ended, Following, Told};

/// What can be followed.
pub struct Subscription;

#[SubscriptionRoot]
impl Subscription {
    /// What changes in an alliance, as it is committed and as far as it is yours to see. The first is the alliance
    /// itself and says that you follow it; it comes again whenever something may have been missed.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its short address.")] alliance: String,
    ) -> Result<impl Stream<Item = Result<ChangeObject>> + use<>> {
        let session = Session::of(ctx);
        let following = ctx.data::<Following>()?;
        let entered = session.follow(&alliance).await?.ok_or_else(|| {
            coded("There is no such alliance, or you hold no role in it.", "UNKNOWN_ALLIANCE")
        })?;
        let alliance_id = entered.viewer.alliance_id();
        let told = following.watch(session.app().clone(), entered);
        Ok(told.map(move |told| match told {
            Ok(told) => Ok(ChangeObject::new(alliance_id, told)),
            Err(Ended::SignedOut) => Err(coded("You are signed out.", "UNAUTHENTICATED")),
            Err(Ended::NoRole) => Err(errors::forbidden()),
            Err(Ended::Internal(error)) => Err(errors::internal(&error)),
        }))
    }
}

/// That something is no longer as it was. Read it again to see how it is.
#[derive(SimpleObject)]
#[graphql(name = "Change")]
pub(crate) struct ChangeObject {
    /// What kind of thing.
    kind: ChangeKindEnum,
    /// Which: an id for `node`.
    id: ID,
}

impl ChangeObject {
    fn new(alliance_id: AllianceId, told: Told) -> Self {
        let (kind, of, id) = match told {
            Told::Everything(id) => (ChangeKindEnum::Alliance, Kind::Alliance, id.0),
            Told::One(Change::Invoice(id, _)) => (ChangeKindEnum::Invoice, Kind::Invoice, id.0),
            Told::One(Change::Payment(id)) => (ChangeKindEnum::Payment, Kind::Payment, id.0),
            Told::One(Change::Budget(id)) => (ChangeKindEnum::Budget, Kind::Budget, id.0),
            Told::One(Change::Member(id)) => (ChangeKindEnum::Member, Kind::Member, id.0),
            Told::One(Change::Payer(id)) => (ChangeKindEnum::Payer, Kind::Payer, id.0),
            Told::One(Change::Person(id, _)) => (ChangeKindEnum::Person, Kind::Person, id.0),
        };
        Self { kind, id: ids::encode(of, alliance_id, id) }
    }
}

/// A kind of thing that changes.
#[derive(Enum, Copy, Clone, Eq, PartialEq)]
#[graphql(name = "ChangeKind")]
pub(crate) enum ChangeKindEnum {
    /// Everything may have changed: read again what you show.
    Alliance,
    /// An invoice was issued, credited, paid, held or disputed.
    Invoice,
    /// A payment was received, set against invoices or taken back.
    Payment,
    /// A budget was drafted, changed, agreed or reopened.
    Budget,
    /// A member joined, left, or has another roll.
    Member,
    /// A payer has another name, address or contact.
    Payer,
    /// A person was made known, or has another post or role.
    Person,
}

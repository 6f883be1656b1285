//! Global ids: opaque to callers, carrying the kind of thing, its alliance and its own id. They are checked again at
//! every use; one that does not fit its place names nothing, exactly as one that never existed.

use async_graphql::ID;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::ids::AllianceId;
use uuid::Uuid;

/// The kind of thing that an id names. The numbers are in ids that callers keep: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// An alliance.
    Alliance = 1,
    /// A member.
    Member = 2,
    /// A payer.
    Payer = 3,
    /// A person.
    Person = 4,
    /// A budget.
    Budget = 5,
    /// An invoice.
    Invoice = 6,
    /// A payment.
    Payment = 7,
    /// A strand.
    Strand = 8,
    /// A post.
    Post = 9,
    /// A share of a budget.
    Share = 10,
    /// A credit note.
    CreditNote = 11,
    /// A part of a payment set against an invoice.
    Allocation = 12,
    /// A mail.
    Delivery = 13,
    /// An entry of the ledger.
    LedgerEntry = 14,
    /// A job of the work queue.
    Job = 15,
    /// Money of a payment that was sent back.
    Refund = 35,
    /// A session, of an account and of no alliance.
    Session = 50,
    /// An API token, of an account and of no alliance.
    ApiToken = 51,
    /// A passkey, of an account and of no alliance.
    Passkey = 52,
    /// A role of a person.
    RoleGrant = 20,
    /// Days on which schools are closed.
    Closure = 21,
    /// An invitation to act in a role.
    Invitation = 22,
    /// A file with everything that an alliance holds.
    Export = 23,
}

impl Kind {
    const ALL: [Self; 23] = [
        Self::Alliance,
        Self::Member,
        Self::Payer,
        Self::Person,
        Self::Budget,
        Self::Invoice,
        Self::Payment,
        Self::Strand,
        Self::Post,
        Self::Share,
        Self::CreditNote,
        Self::Allocation,
        Self::Delivery,
        Self::LedgerEntry,
        Self::Job,
        Self::Refund,
        Self::Session,
        Self::ApiToken,
        Self::Passkey,
        Self::RoleGrant,
        Self::Closure,
        Self::Invitation,
        Self::Export,
    ];
}

/// The global id of a thing.
#[must_use]
pub fn encode(kind: Kind, alliance_id: AllianceId, id: Uuid) -> ID {
    let mut bytes = Vec::with_capacity(33);
    bytes.push(kind as u8);
    bytes.extend(alliance_id.0.as_bytes());
    bytes.extend(id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes).into()
}

/// What a global id names, if it is one.
#[must_use]
pub fn decode(id: &str) -> Option<(Kind, AllianceId, Uuid)> {
    let bytes: [u8; 33] = URL_SAFE_NO_PAD.decode(id).ok()?.try_into().ok()?;
    let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == bytes[0])?;
    let alliance_id = Uuid::from_slice(&bytes[1..17]).ok()?;
    let id = Uuid::from_slice(&bytes[17..]).ok()?;
    Some((kind, AllianceId(alliance_id), id))
}

/// The id within `alliance_id` of a thing of this kind. What does not fit becomes the nil id, which nothing has, so a
/// foreign or broken id takes the very path of a missing one.
#[must_use]
pub fn local(kind: Kind, alliance_id: AllianceId, id: &str) -> Uuid {
    match decode(id) {
        Some((found, alliance, id)) if found == kind && alliance == alliance_id => id,
        _ => Uuid::nil(),
    }
}

/// The id of a thing of this kind in whichever alliance it is: for what is found by whom it is for, and not by where it is.
#[must_use]
pub fn anywhere(kind: Kind, id: &str) -> Uuid {
    match decode(id) {
        Some((found, _, id)) if found == kind => id,
        _ => Uuid::nil(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_fits_its_own_place_only() {
        let (here, there) = (AllianceId(Uuid::from_u128(1)), AllianceId(Uuid::from_u128(2)));
        let id = encode(Kind::Member, here, Uuid::from_u128(7));
        assert_eq!(local(Kind::Member, here, &id), Uuid::from_u128(7));
        assert_eq!(local(Kind::Member, there, &id), Uuid::nil());
        assert_eq!(local(Kind::Payer, here, &id), Uuid::nil());
        assert_eq!(local(Kind::Member, here, "no id"), Uuid::nil());
        for kind in Kind::ALL {
            assert_eq!(decode(&encode(kind, here, Uuid::nil())).map(|found| found.0), Some(kind));
        }
    }
}

//! Who asks, and what they may do. [`Viewer::require`] and [`Viewer::reach`] are the only
//! authorisation verbs; each gives the [`Scope`] without which no tenant transaction opens. What weighs most takes
//! [`Viewer::require_confirmed`] besides.

mod acts;
mod permissions;
mod reading;
mod roles;

pub(crate) use acts::RECENT;
pub use acts::{Act, ConfirmItIsYou};
pub use permissions::Permission;
pub use reading::Reading;
pub use roles::{Remit, RemitKind, Role, WrongRemit};

use std::{collections::BTreeSet, net::IpAddr};

use crate::{
    error::Forbidden,
    ids::{AccountId, AllianceId, ApiTokenId, MemberId, PersonId, SessionId, StrandId},
};

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
    /// Whether the last proof of who it is is recent enough for every [`Act`] in an alliance.
    is_confirmed: bool,
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
    /// A signed-in person whose proof may be old. `grants` are those in force now.
    #[must_use]
    pub(crate) fn person(
        alliance_id: AllianceId,
        account_id: AccountId,
        person_id: PersonId,
        grants: Vec<Grant>,
    ) -> Self {
        let actor = Actor::Person { account_id, person_id, grants, pays_for: Vec::new(), bounds: None };
        Self { alliance_id, actor, origin: None, is_confirmed: false }
    }

    /// The same, asking by this proof and from this place.
    #[must_use]
    pub(crate) fn from(self, origin: Origin) -> Self {
        Self { origin: Some(origin), ..self }
    }

    /// The same with a recent proof.
    #[must_use]
    pub(crate) fn confirmed(self) -> Self {
        Self { is_confirmed: true, ..self }
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
        Self { alliance_id, actor: Actor::Machinery, origin: None, is_confirmed: true }
    }

    /// The same with no more than these permissions, and none that was taken before.
    #[must_use]
    pub(crate) fn bounded(mut self, permissions: &[Permission]) -> Self {
        if let Actor::Person { bounds, .. } = &mut self.actor {
            let before = bounds.take();
            let is_left = |one: &Permission| before.as_ref().is_none_or(|before| before.contains(one));
            *bounds = Some(permissions.iter().copied().filter(is_left).collect());
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
    fn pays_for(&self) -> &[MemberId] {
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

    /// The members that are the viewer's own: those that their roles are for, and those for whose payer they are the finance
    /// contact unless they see the money of the whole alliance.
    #[must_use]
    pub fn own_members(&self) -> BTreeSet<MemberId> {
        let of_all_money = Permission::SeeMoney.everywhere();
        let sees_all = self.grants().iter().any(|grant| of_all_money.contains(&grant.role));
        let paid_for = if sees_all { &[] } else { self.pays_for() };
        let own = self.grants().iter().filter_map(|grant| grant.remit.member_id());
        own.chain(paid_for.iter().copied()).collect()
    }

    /// The strands of work that their roles are for.
    #[must_use]
    pub fn own_strands(&self) -> BTreeSet<StrandId> {
        self.grants().iter().filter_map(|grant| grant.remit.strand_id()).collect()
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

    /// Refuses `act` to whoever proved too long ago who they are. A check beside [`Viewer::require`], not in its place.
    ///
    /// A program with an API token is not asked: nobody is there to prove anything. Its token was made by a session with
    /// a recent proof, does what was chosen for it and no more, and ends on a day.
    pub fn require_confirmed(&self, act: Act) -> Result<(), ConfirmItIsYou> {
        if self.is_confirmed { Ok(()) } else { Err(ConfirmItIsYou { before: act }) }
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

/// Proof of a passed authorisation check: what [`crate::db::Db::begin`] opens a transaction with.
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

//! Two ways of sharing, side by side, before anyone commits to one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::shares::{MemberShare, Shares};
use crate::ids::MemberId;
use crate::money::Pence;

/// Two ways of sharing, member by member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// In the order of the second, then those that are only in the first.
    pub members: Vec<Difference>,
    /// The total of the first.
    pub before: Pence,
    /// The total of the second.
    pub after: Pence,
}

/// What changes for one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Whose.
    pub member: MemberId,
    /// Its name.
    pub name: String,
    /// Its amount in the first, final or estimated; none where it is in question or not among its members.
    pub before: Option<Pence>,
    /// Its amount in the second, in the same way.
    pub after: Option<Pence>,
}

impl Difference {
    /// How much more the member would pay; negative for less. None where one of the two has no amount.
    #[must_use]
    pub fn change(&self) -> Option<Pence> {
        self.after?.checked_sub(self.before?)
    }
}

impl Comparison {
    /// How much more would come in; negative for less.
    #[must_use]
    pub fn change(&self) -> Pence {
        // Totals are never negative, so their difference fits.
        Pence(self.after.0 - self.before.0)
    }

    /// Puts the largest rise first and the largest fall last; after those come the members that cannot be
    /// compared. Equal ones are ordered by name.
    pub fn sort_by_rise(&mut self) {
        self.members.sort_by(|a, b| {
            let rise = |difference: &Difference| Reverse(difference.change());
            rise(a).cmp(&rise(b)).then_with(|| a.name.cmp(&b.name)).then(a.member.cmp(&b.member))
        });
    }
}

/// Sets two ways of sharing side by side.
#[must_use]
pub fn compare(before: &Shares, after: &Shares) -> Comparison {
    let mut only_before: BTreeMap<MemberId, &MemberShare> =
        before.members.iter().map(|share| (share.member, share)).collect();
    let mut members: Vec<Difference> = Vec::with_capacity(after.members.len());
    for share in &after.members {
        let before = only_before.remove(&share.member).and_then(|old| old.share.amount());
        members.push(Difference { before, ..difference(share, share.share.amount()) });
    }
    let gone = before.members.iter().filter(|old| only_before.contains_key(&old.member));
    members.extend(gone.map(|old| Difference { before: old.share.amount(), ..difference(old, None) }));
    Comparison { members, before: before.total(), after: after.total() }
}

fn difference(share: &MemberShare, after: Option<Pence>) -> Difference {
    Difference { member: share.member, name: share.name.clone(), before: None, after }
}

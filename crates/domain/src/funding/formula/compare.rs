//! Two ways of sharing, side by side, before anyone commits to one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::shares::{MemberShare, Share, Shares};
use crate::ids::MemberId;
use crate::money::Pence;

/// Two ways of sharing, member by member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison<'a> {
    /// In the order of the second, then those that are only in the first.
    pub members: Vec<Difference<'a>>,
    /// The total of the first.
    pub before: Pence,
    /// The total of the second.
    pub after: Pence,
}

/// What changes for one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<'a> {
    /// Whose.
    pub member: MemberId,
    /// Its name.
    pub name: &'a str,
    /// Its share in the first; none where it is not among its members.
    pub before: Option<&'a Share>,
    /// Its share in the second; none where it is not among its members.
    pub after: Option<&'a Share>,
}

impl Difference<'_> {
    /// How much more the member would pay; negative for less. None where one of the two has no amount.
    #[must_use]
    pub fn change(&self) -> Option<Pence> {
        self.after?.amount()?.checked_sub(self.before?.amount()?)
    }
}

impl Comparison<'_> {
    /// How much more would come in; negative for less. Both totals are never negative, so it always fits.
    #[must_use]
    pub fn change(&self) -> Pence {
        Pence(self.after.0 - self.before.0)
    }

    /// Puts the largest rise first and the largest fall last; after those come the members that cannot be
    /// compared, by name.
    pub fn sort_by_rise(&mut self) {
        self.members.sort_by(|a, b| {
            let rise = |difference: &Difference<'_>| Reverse(difference.change());
            rise(a).cmp(&rise(b)).then_with(|| a.name.cmp(b.name)).then(a.member.cmp(&b.member))
        });
    }
}

/// Sets two ways of sharing side by side.
#[must_use]
pub fn compare<'a>(before: &'a Shares, after: &'a Shares) -> Comparison<'a> {
    let mut first: BTreeMap<MemberId, &MemberShare> =
        before.members.iter().map(|member| (member.member, member)).collect();
    let difference = |now: &'a MemberShare, old: Option<&'a MemberShare>| Difference {
        member: now.member,
        name: &now.name,
        before: old.map(|old| &old.share),
        after: Some(&now.share),
    };
    let mut members: Vec<Difference<'a>> =
        after.members.iter().map(|now| difference(now, first.remove(&now.member))).collect();
    let only_before = before.members.iter().filter(|old| first.contains_key(&old.member));
    members.extend(only_before.map(|old| Difference {
        member: old.member,
        name: &old.name,
        before: Some(&old.share),
        after: None,
    }));
    Comparison { members, before: before.total(), after: after.total() }
}

//! Which members have their trust's discount, and why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::basis::MemberBasis;
use super::shares::Discount;
use super::{Formula, TrustRule};
use crate::ids::MemberId;

/// Why a member has its trust's discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DiscountReason {
    /// Another school of its trust joined before it.
    LaterSchool,
    /// Enough schools of its trust are members.
    TrustOf {
        /// How many are.
        schools: u32,
    },
}

/// The discounts of `members`, which are those that belong to the alliance at any time in the year.
pub(super) fn discounts<'a>(
    formula: &Formula,
    members: impl Iterator<Item = &'a MemberBasis>,
) -> BTreeMap<MemberId, Discount> {
    let Some((percent, rule)) = formula.trust_discount() else { return BTreeMap::new() };
    let mut trusts: BTreeMap<&str, Vec<&MemberBasis>> = BTreeMap::new();
    for member in members {
        if let Some(trust) = &member.trust {
            trusts.entry(&trust.key).or_default().push(member);
        }
    }
    let mut discounts = BTreeMap::new();
    for mut schools in trusts.into_values() {
        schools.sort_by_key(|member| (member.joined, member.member));
        let count = u32::try_from(schools.len()).unwrap_or(u32::MAX);
        let (skipped, because) = match rule {
            TrustRule::SecondAndLater => (1, DiscountReason::LaterSchool),
            TrustRule::AllOfTrustsWith { at_least } if count >= at_least => {
                (0, DiscountReason::TrustOf { schools: count })
            }
            TrustRule::AllOfTrustsWith { .. } => continue,
        };
        let discounted = schools.into_iter().skip(skipped);
        discounts.extend(discounted.map(|member| {
            let trust = member.trust.as_ref().map(|trust| trust.name.clone());
            (member.member, Discount { percent, because, trust })
        }));
    }
    discounts
}

//! A percentage of the budget, split by weight so that the parts add up to the penny.

use super::adjust::adjust;
use super::share_costs::{Case, FormulaError};
use super::shares::{Contribution, PartOfBudget, Share, WeightFact, What};
use super::{Adjustment, Formula, Weight};
use crate::funding::split::split;
use crate::ids::MemberId;
use crate::money::{BasisPoints, Pence};

/// What a member brings to the split.
enum Entry {
    /// Nothing: its share is settled or in question already.
    Outside(Share),
    /// A weight.
    Weighed(WeightFact, u64),
}

/// The shares of the budget, in the order of the cases.
pub(super) fn shares(
    budget: Pence,
    formula: &Formula,
    (percent, weight): (BasisPoints, &Weight),
    cases: &[Case<'_>],
) -> Result<Vec<Share>, FormulaError> {
    let entries = cases.iter().map(|case| entry(weight, case)).collect::<Result<Vec<_>, _>>()?;
    let mut weights: Vec<(MemberId, u64)> = Vec::new();
    let mut agreed = Pence::ZERO;
    let mut in_question = false;
    for (case, entry) in cases.iter().zip(&entries) {
        match entry {
            Entry::Weighed(_, weight) => weights.push((case.basis.member, *weight)),
            Entry::Outside(Share::Question(_)) => in_question = true,
            Entry::Outside(share) => {
                agreed =
                    agreed.checked_add(share.amount().unwrap_or_default()).ok_or(FormulaError::TooLarge)?;
            }
        }
    }
    let carried = percent.of(budget).ok_or(FormulaError::TooLarge)?;
    if agreed > carried {
        return Err(FormulaError::AgreedAboveBudget { agreed, carried });
    }
    let to_split = Pence(carried.0 - agreed.0);
    let all_weights = weights.iter().try_fold(0_u64, |sum, (_, weight)| sum.checked_add(*weight));
    let all_weights = all_weights.ok_or(FormulaError::TooLarge)?;
    let mut parts = match split(to_split, &weights) {
        Ok(parts) => parts.into_iter(),
        // Nobody is left to split among, or those who will carry it are in question.
        Err(_) if weights.is_empty() || in_question => vec![Pence::ZERO; weights.len()].into_iter(),
        Err(_) => return Err(FormulaError::NobodyCarries),
    };

    let mut shares = Vec::with_capacity(cases.len());
    for (case, entry) in cases.iter().zip(entries) {
        let (by, weight) = match entry {
            Entry::Outside(share) => {
                shares.push(share);
                continue;
            }
            Entry::Weighed(by, weight) => (by, weight),
        };
        let part_of_budget = PartOfBudget {
            budget,
            percent,
            to_split,
            by,
            part: Some(case.part).filter(|part| !part.is_whole()),
            discount: case.discount.clone().filter(|discount| discount.percent > BasisPoints::ZERO),
            weight,
            all_weights,
            members: weights.len(),
        };
        let mut contribution = Contribution::default();
        contribution.step(What::PartOfBudget(part_of_budget), parts.next().unwrap_or_default());
        for in_kind in formula.adjustments.iter().filter(|a| matches!(a, Adjustment::InKind { .. })) {
            adjust(&mut contribution, in_kind, case).map_err(|_| FormulaError::TooLarge)?;
        }
        shares.push(if in_question { Share::Estimate(contribution) } else { Share::Final(contribution) });
    }
    Ok(shares)
}

fn entry(weight: &Weight, case: &Case<'_>) -> Result<Entry, FormulaError> {
    if let Some(share) = case.outside_formula() {
        return Ok(Entry::Outside(share));
    }
    let fact = match weight {
        Weight::Equal => Ok((WeightFact::Equal, 1)),
        Weight::Roll => case.basis.roll_to_charge().map(|roll| {
            let pupils = roll.pupils;
            (WeightFact::Roll(roll), pupils)
        }),
        Weight::Phase { weights } => case.basis.entry_of_phase(weights, |entry| &entry.phase).map(|entry| {
            let phase = entry.phase.trim().to_owned();
            (WeightFact::Phase { phase, weight: entry.weight }, entry.weight)
        }),
    };
    match fact {
        Err(question) => Ok(Entry::Outside(Share::Question(question))),
        Ok((fact, size)) => {
            let weight = reduced(size, case).ok_or(FormulaError::TooLarge)?;
            Ok(Entry::Weighed(fact, weight))
        }
    }
}

/// The weight in units that keep the part of the year and the discount exact: all members of one split have
/// the same units in their year.
fn reduced(size: u32, case: &Case<'_>) -> Option<u64> {
    let off = case.discount.as_ref().map_or(BasisPoints::ZERO, |discount| discount.percent);
    let payable = u64::try_from(BasisPoints::WHOLE.0 - off.0).ok()?;
    u64::from(size).checked_mul(u64::from(case.part.counted))?.checked_mul(payable)
}

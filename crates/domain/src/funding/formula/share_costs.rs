//! Sharing a year's costs among members.

use std::collections::BTreeSet;

use super::adjust::{adjust, round};
use super::basis::{Agreed, MemberBasis};
use super::shares::{Contribution, Discount, MemberShare, Question, Share, Shares, What};
use super::validate::Problem;
use super::{Base, Formula, budget_share, fee::fee, trust};
use crate::funding::proration::{PartOfYear, Proration, Year};
use crate::money::Pence;

/// Why the costs could not be shared at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormulaError {
    /// The formula cannot be used.
    #[error("this formula cannot be used: {}", list(.0))]
    Invalid(Vec<Problem>),
    /// Nobody is there.
    #[error("there are no members to share the costs")]
    NoMembers,
    /// Less than nothing cannot be shared.
    #[error("the budget must not be negative")]
    NegativeBudget,
    /// One member would pay twice.
    #[error("{name} is listed twice")]
    MemberTwice {
        /// The member.
        name: String,
    },
    /// What a member gives or has agreed is below zero.
    #[error("what {name} gives in kind, or has agreed to pay, must not be negative")]
    NegativeMemberAmount {
        /// The member.
        name: String,
    },
    /// Nothing would be left for the others.
    #[error(
        "the amounts agreed with particular members ({agreed}) are more than all members carry ({carried})"
    )]
    AgreedAboveBudget {
        /// Agreed with single members.
        agreed: Pence,
        /// The members' part of the budget.
        carried: Pence,
    },
    /// Every member's weight is zero.
    #[error("no member carries any of the budget: all have a weight of 0")]
    NobodyCarries,
    /// An amount does not fit.
    #[error("an amount is too large to work with")]
    TooLarge,
}

/// Shares a year's costs. One member's missing fact is a [`Share::Question`] and does not hinder the others;
/// an error means that nothing could be worked out. See the module's text for the order of the rules.
pub fn share_costs(
    budget: Pence,
    formula: &Formula,
    members: &[MemberBasis],
    year: Year,
) -> Result<Shares, FormulaError> {
    let problems = formula.problems();
    if !problems.is_empty() {
        return Err(FormulaError::Invalid(problems));
    }
    check(budget, members)?;

    let discounts = trust::discounts(formula, members.iter().filter(|member| belongs(member, year)));
    let cases: Vec<Case<'_>> = members
        .iter()
        .map(|basis| Case {
            basis,
            year,
            part: PartOfYear::of_membership(formula.proration(), year, basis.joined, basis.left),
            discount: discounts.get(&basis.member).cloned(),
        })
        .collect();
    let shares = match &formula.base {
        Base::PercentageOfBudget { percent, weight } => {
            budget_share::shares(budget, formula, (*percent, weight), &cases)?
        }
        _ => cases.iter().map(|case| by_fee(formula, case)).collect::<Result<_, _>>()?,
    };
    let shares = members.iter().zip(shares).map(|(basis, share)| MemberShare::new(basis, share)).collect();
    Shares::new(year, budget, shares).ok_or(FormulaError::TooLarge)
}

/// A member with what follows from the others and from the year.
pub(super) struct Case<'a> {
    pub(super) basis: &'a MemberBasis,
    pub(super) part: PartOfYear,
    pub(super) discount: Option<Discount>,
    year: Year,
}

impl Case<'_> {
    /// The share that is settled before any formula is asked: an agreed amount, or a membership that does not
    /// touch the year or cannot be.
    pub(super) fn outside_formula(&self) -> Option<Share> {
        let mut contribution = Contribution::default();
        if let Some(Agreed { amount, reason }) = &self.basis.agreed {
            contribution.step(What::Agreed { reason: reason.clone() }, *amount);
        } else if let Some(left) = self.basis.left.filter(|left| *left < self.basis.joined) {
            return Some(Share::Question(Question::Dates { joined: self.basis.joined, left }));
        } else if !belongs(self.basis, self.year) {
            contribution.step(What::NotInYear, Pence::ZERO);
        } else {
            return None;
        }
        Some(Share::Final(contribution))
    }
}

/// Why one member's share stopped.
pub(super) enum Stop {
    Question(Question),
    TooLarge,
}

impl From<Question> for Stop {
    fn from(question: Question) -> Self {
        Self::Question(question)
    }
}

fn by_fee(formula: &Formula, case: &Case<'_>) -> Result<Share, FormulaError> {
    if let Some(share) = case.outside_formula() {
        return Ok(share);
    }
    let charge = || {
        let mut contribution = fee(&formula.base, case.basis)?;
        for adjustment in &formula.adjustments {
            adjust(&mut contribution, adjustment, case)?;
        }
        round(&mut contribution, formula.rounding)?;
        Ok(contribution)
    };
    match charge() {
        Ok(contribution) => Ok(Share::Final(contribution)),
        Err(Stop::Question(question)) => Ok(Share::Question(question)),
        Err(Stop::TooLarge) => Err(FormulaError::TooLarge),
    }
}

/// Whether the membership touches the year.
fn belongs(member: &MemberBasis, year: Year) -> bool {
    PartOfYear::of_membership(Proration::None, year, member.joined, member.left).is_whole()
}

fn check(budget: Pence, members: &[MemberBasis]) -> Result<(), FormulaError> {
    if budget < Pence::ZERO {
        return Err(FormulaError::NegativeBudget);
    }
    if members.is_empty() {
        return Err(FormulaError::NoMembers);
    }
    let mut seen = BTreeSet::new();
    for member in members {
        if !seen.insert(member.member) {
            return Err(FormulaError::MemberTwice { name: member.name.clone() });
        }
        let agreed = member.agreed.as_ref().map_or(Pence::ZERO, |agreed| agreed.amount);
        if member.in_kind.min(agreed) < Pence::ZERO {
            return Err(FormulaError::NegativeMemberAmount { name: member.name.clone() });
        }
    }
    Ok(())
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

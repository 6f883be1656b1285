//! Whether a formula can be used, in words that a school office understands.

use std::collections::BTreeSet;

use super::{Adjustment, Base, Formula, PhaseBand, PhaseWeight, RollBand, Rounding, TrustRule, Weight};
use crate::{
    money::{BasisPoints, Pence, UnitPrice, thousands},
    text::plural,
};

/// What is wrong with a formula.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// An amount is below zero.
    #[error("{what} must not be negative")]
    Negative {
        /// Which amount.
        what: &'static str,
    },
    /// A percentage is not one.
    #[error("{what} must be between 0% and 100%, but it is {percent}")]
    Percentage {
        /// Which percentage.
        what: &'static str,
        /// As given.
        percent: BasisPoints,
    },
    /// The limits cross.
    #[error("the most that a member pays ({cap}) is below the least ({floor})")]
    CapBelowFloor {
        /// The least.
        floor: Pence,
        /// The most.
        cap: Pence,
    },
    /// There is no band or weight.
    #[error("add at least one {what}")]
    Missing {
        /// What there is none of.
        what: &'static str,
    },
    /// A band ends before it begins.
    #[error("a band runs backwards, from {from} to {}", plural(*.to, "pupil", "pupils"))]
    BandBackwards {
        /// Where it begins.
        from: u32,
        /// Where it ends.
        to: u32,
    },
    /// Two bands hold the same numbers of pupils.
    #[error("bands overlap {}", between(*.from, *.to))]
    BandsOverlap {
        /// The first number in both.
        from: u32,
        /// The last number in both.
        to: Option<u32>,
    },
    /// Some numbers of pupils are in no band.
    #[error("no band covers schools with {}", sizes(*.from, *.to))]
    BandsLeaveGap {
        /// The first number in none.
        from: u32,
        /// The last number in none.
        to: Option<u32>,
    },
    /// A phase has no name.
    #[error("a phase has no name")]
    PhaseUnnamed,
    /// A phase is listed twice.
    #[error("the phase “{0}” is listed twice")]
    PhaseTwice(String),
    /// A phase is no single line, so no form could show it.
    #[error("the phase “{0}” must be one line of text")]
    PhaseBroken(String),
    /// All weights are zero.
    #[error("give at least one phase a weight above 0, or nobody carries the costs")]
    NoWeight,
    /// An adjustment is listed twice.
    #[error("{what} is listed twice")]
    AdjustmentTwice {
        /// Which one.
        what: &'static str,
    },
    /// One school is not several.
    #[error("a discount for trusts with several members needs at least 2 schools")]
    TrustTooSmall,
    /// Whole pounds cannot add up to the penny.
    #[error("a share of the budget must add up to the penny, so it cannot be rounded to whole pounds")]
    WholePoundsOfBudget,
}

impl Formula {
    /// Everything that is wrong with it.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match &self.base {
            Base::Flat { amount } => not_negative(*amount, "the amount", &mut problems),
            Base::PerPupil { base_fee, per_pupil, floor, cap } => {
                not_negative(*base_fee, "the fee for every member", &mut problems);
                if *per_pupil < UnitPrice(0) {
                    problems.push(Problem::Negative { what: "the price for each pupil" });
                }
                for (limit, what) in [(floor, "the least a member pays"), (cap, "the most a member pays")] {
                    not_negative(limit.unwrap_or_default(), what, &mut problems);
                }
                if let (Some(floor), Some(cap)) = (*floor, *cap)
                    && cap < floor
                {
                    problems.push(Problem::CapBelowFloor { floor, cap });
                }
            }
            Base::BandedByRoll { bands } => roll_bands(bands, &mut problems),
            Base::BandedByPhase { bands } => {
                phases(bands.iter().map(|PhaseBand { phase, .. }| phase), "band", &mut problems);
                for band in bands {
                    not_negative(band.amount, "the fee of a band", &mut problems);
                }
            }
            Base::PercentageOfBudget { percent, weight } => {
                percentage(*percent, "the percentage of the budget", &mut problems);
                if let Weight::Phase { weights } = weight {
                    phases(weights.iter().map(|PhaseWeight { phase, .. }| phase), "phase", &mut problems);
                    if !weights.is_empty() && weights.iter().all(|weight| weight.weight == 0) {
                        problems.push(Problem::NoWeight);
                    }
                }
                if self.rounding == Rounding::WholePounds {
                    problems.push(Problem::WholePoundsOfBudget);
                }
            }
        }
        adjustments(&self.adjustments, &mut problems);
        problems
    }
}

fn adjustments(adjustments: &[Adjustment], problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for adjustment in adjustments {
        let what = match adjustment {
            Adjustment::PartYear { .. } => "the charge for a part of the year",
            Adjustment::TrustDiscount { percent, schools } => {
                percentage(*percent, "the trust discount", problems);
                if let TrustRule::AllOfTrustsWith { at_least: 0 | 1 } = schools {
                    problems.push(Problem::TrustTooSmall);
                }
                "the trust discount"
            }
            Adjustment::InKind { cap, floor } => {
                not_negative(cap.unwrap_or_default(), "the most that is taken off in kind", problems);
                not_negative(*floor, "the least that is payable in money", problems);
                "the offset in kind"
            }
        };
        if !seen.insert(what) {
            problems.push(Problem::AdjustmentTwice { what });
        }
    }
}

fn not_negative(amount: Pence, what: &'static str, problems: &mut Vec<Problem>) {
    if amount < Pence::ZERO {
        problems.push(Problem::Negative { what });
    }
}

fn percentage(percent: BasisPoints, what: &'static str, problems: &mut Vec<Problem>) {
    if !(BasisPoints::ZERO..=BasisPoints::WHOLE).contains(&percent) {
        problems.push(Problem::Percentage { what, percent });
    }
}

fn phases<'a>(phases: impl Iterator<Item = &'a String>, what: &'static str, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for phase in phases {
        let folded = phase.trim().to_lowercase();
        if folded.is_empty() {
            problems.push(Problem::PhaseUnnamed);
        } else if phase.trim().contains(char::is_control) {
            problems.push(Problem::PhaseBroken(phase.trim().replace(char::is_control, " ")));
        } else if !seen.insert(folded) {
            problems.push(Problem::PhaseTwice(phase.trim().to_owned()));
        }
    }
    if seen.is_empty() {
        problems.push(Problem::Missing { what });
    }
}

/// A school without pupils is a question, so bands may begin at one.
fn roll_bands(bands: &[RollBand], problems: &mut Vec<Problem>) {
    if bands.is_empty() {
        problems.push(Problem::Missing { what: "band" });
        return;
    }
    for band in bands {
        not_negative(band.amount, "the fee of a band", problems);
        if let Some(to) = band.to.filter(|to| *to < band.from) {
            problems.push(Problem::BandBackwards { from: band.from, to });
            return;
        }
    }
    let mut sorted = bands.to_vec();
    sorted.sort_by_key(|band| band.from);
    // The first number of pupils that no band has covered yet; none once a band is open upwards.
    let mut next = sorted.first().map(|band| band.from.min(1));
    for band in sorted {
        match next {
            Some(next) if band.from > next => {
                problems.push(Problem::BandsLeaveGap { from: next, to: Some(band.from - 1) });
            }
            Some(next) if band.from < next => {
                let to = band.to.map_or(next - 1, |to| to.min(next - 1));
                problems.push(Problem::BandsOverlap { from: band.from, to: Some(to) });
            }
            None => problems.push(Problem::BandsOverlap { from: band.from, to: band.to }),
            Some(_) => {}
        }
        let after = band.to.and_then(|to| to.checked_add(1));
        next = next.zip(after).map(|(next, after)| next.max(after));
    }
    if let Some(from) = next {
        problems.push(Problem::BandsLeaveGap { from, to: None });
    }
}

/// A band's sizes in words, as `200 to 399 pupils` or `400 pupils or more`.
pub(super) fn sizes(from: u32, to: Option<u32>) -> String {
    let from_text = thousands(from.into());
    match to {
        Some(to) if to == from => plural(from, "pupil", "pupils"),
        Some(to) => format!("{from_text} to {}", plural(to, "pupil", "pupils")),
        None => format!("{} or more", plural(from, "pupil", "pupils")),
    }
}

fn between(from: u32, to: Option<u32>) -> String {
    let from_text = thousands(from.into());
    match to {
        Some(to) if to == from => format!("at {}", plural(from, "pupil", "pupils")),
        Some(to) => format!("between {from_text} and {}", plural(to, "pupil", "pupils")),
        None => format!("from {} upwards", plural(from, "pupil", "pupils")),
    }
}

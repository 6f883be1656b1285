//! How members share the costs of a year: formulas as data, applied to what is known of each member.
//!
//! A formula is stored as JSON and old ones must decode for ever: a tag or field is never renamed or given
//! another meaning; a new field has a default that keeps the old meaning; a changed rule is a new tag. An
//! unknown field is refused, because a rule that one version dropped in silence would be a wrong invoice.
//!
//! # What is worked out, in which order
//!
//! A fee (flat, per pupil, banded) comes first, within its own floor and cap. Then the adjustments, in the
//! order in which the formula lists them: so a school that joins at half-year pays half of the floor.
//! Rounding comes last.
//!
//! A percentage of the budget is different, as its parts must add up to the penny. A part of the year and a
//! trust discount there make the member's *weight* smaller, so the other members carry the difference and the
//! total stays what the budget needs. Amounts agreed with single members are taken out first; the rest is
//! split. Only an offset in kind lowers the total, because it stands in for the money.

mod adjust;
mod basis;
mod budget_share;
mod compare;
mod explain;
mod fee;
mod share_costs;
mod shares;
mod trust;
mod validate;
mod words;

#[cfg(test)]
mod explain_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod stored_tests;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::basis::{Agreed, MemberBasis, RollFact, RollSource, Trust};
pub use self::compare::{Comparison, Difference, compare};
pub use self::share_costs::{FormulaError, share_costs};
pub use self::shares::{
    Balance, Contribution, Discount, MemberShare, PartOfBudget, Question, Share, Shares, Standing, Step,
    WeightFact, What,
};
pub use self::trust::DiscountReason;
pub use self::validate::Problem;

use super::proration::Proration;
use crate::money::{BasisPoints, Pence, UnitPrice};

/// A rule by which members share costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Formula {
    /// What a member pays before anything is taken off.
    pub base: Base,
    /// What changes it, each kind at most once, in the order of application.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    /// Applied last.
    #[serde(default)]
    pub rounding: Rounding,
}

impl Formula {
    fn proration(&self) -> Proration {
        let by = self.adjustments.iter().find_map(|adjustment| match adjustment {
            Adjustment::PartYear { by } => Some(*by),
            _ => None,
        });
        by.unwrap_or(Proration::None)
    }

    fn trust_discount(&self) -> Option<(BasisPoints, TrustRule)> {
        self.adjustments.iter().find_map(|adjustment| match adjustment {
            Adjustment::TrustDiscount { percent, schools } => Some((*percent, *schools)),
            _ => None,
        })
    }
}

/// What a member pays before anything is taken off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Base {
    /// The same for everybody.
    Flat {
        /// For the year.
        amount: Pence,
    },
    /// A fee for every member and a price for each pupil, within limits.
    PerPupil {
        /// The fee for every member.
        #[serde(default)]
        base_fee: Pence,
        /// The price for each pupil.
        per_pupil: UnitPrice,
        /// The least that the two come to.
        #[serde(default)]
        floor: Option<Pence>,
        /// The most that the two come to.
        #[serde(default)]
        cap: Option<Pence>,
    },
    /// A fee by number of pupils.
    BandedByRoll {
        /// From no pupils upwards, without overlap or gap; in any order.
        bands: Vec<RollBand>,
    },
    /// A fee by phase.
    BandedByPhase {
        /// One fee for each phase; a member in none of them is a question.
        bands: Vec<PhaseBand>,
    },
    /// A percentage of the budget, split by weight; the parts add up to the penny.
    PercentageOfBudget {
        /// How much of the budget the members carry together.
        percent: BasisPoints,
        /// How it is split among them.
        weight: Weight,
    },
}

/// A fee for members of a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollBand {
    /// The fewest pupils.
    pub from: u32,
    /// The most pupils, counted; none for no limit.
    #[serde(default)]
    pub to: Option<u32>,
    /// The fee for the year.
    pub amount: Pence,
}

/// A fee for members of a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseBand {
    /// In the alliance's own words; capitals make no difference.
    pub phase: String,
    /// The fee for the year.
    pub amount: Pence,
}

/// How a part of the budget is split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Weight {
    /// Every member the same.
    Equal,
    /// By number of pupils.
    Roll,
    /// By phase, for example 1 for an infant school and 3 for a secondary school.
    Phase {
        /// One weight for each phase; a member in none of them is a question.
        weights: Vec<PhaseWeight>,
    },
}

/// How much a member of a phase carries beside others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseWeight {
    /// In the alliance's own words; capitals make no difference.
    pub phase: String,
    /// Zero for members that carry nothing.
    pub weight: u32,
}

/// What changes a member's amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Adjustment {
    /// Less for a member that joins or leaves within the year.
    PartYear {
        /// How it is counted.
        by: Proration,
    },
    /// Less for schools of a trust with several members.
    TrustDiscount {
        /// How much less.
        percent: BasisPoints,
        /// For which of them.
        schools: TrustRule,
    },
    /// Less for what the member gives in goods or time.
    InKind {
        /// The most that is taken off; none for no limit.
        #[serde(default)]
        cap: Option<Pence>,
        /// What is payable in money whatever is given. An amount already below it stays as it is.
        #[serde(default)]
        floor: Pence,
    },
}

/// Which schools of a trust have its discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "which", rename_all = "snake_case", deny_unknown_fields)]
pub enum TrustRule {
    /// All but the one that joined the alliance first.
    SecondAndLater,
    /// All of them, where the trust has enough members.
    AllOfTrustsWith {
        /// How many are enough.
        at_least: u32,
    },
}

/// What the amount is rounded to, half up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// The penny.
    #[default]
    Penny,
    /// Whole pounds; not with a percentage of the budget, whose parts add up to the penny.
    WholePounds,
}

fn same_phase(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

//! What came out: each member's share with every step that led to it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::super::proration::{PartOfYear, Year};
use super::basis::{MemberBasis, RollFact};
use super::trust::DiscountReason;
use crate::ids::MemberId;
use crate::money::{BasisPoints, Pence, UnitPrice};

/// A year's costs shared among members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares {
    /// The year they are for.
    pub year: Year,
    /// What the year costs.
    pub budget: Pence,
    /// One for each member, in the order given.
    pub members: Vec<MemberShare>,
    total: Pence,
    in_kind: Pence,
}

/// How far the amounts can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Every member has its amount.
    Final,
    /// The amounts given are final, but some members have none yet.
    SomeOpen {
        /// How many members have none.
        questions: usize,
    },
    /// The budget cannot be split until every question is answered; the amounts given are estimates, worked
    /// out as though the members in question carried nothing.
    NoneFinal {
        /// How many members have none.
        questions: usize,
    },
}

/// The shares in money beside the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// They meet it to the penny.
    Met,
    /// They leave this much of it uncovered.
    Shortfall(Pence),
    /// They bring in this much more.
    Surplus(Pence),
}

impl Shares {
    /// `None` where a share is above [`Pence::LARGEST`].
    pub(super) fn new(year: Year, budget: Pence, members: Vec<MemberShare>) -> Option<Self> {
        let contributions = || members.iter().filter_map(|member| member.share.contribution());
        if !contributions().all(|contribution| contribution.amount.is_reasonable()) {
            return None;
        }
        let total = Pence::try_sum(contributions().map(|contribution| contribution.amount))?;
        let in_kind = Pence::try_sum(contributions().map(Contribution::in_kind))?;
        Some(Self { year, budget, members, total, in_kind })
    }

    /// What the members pay together, estimates counted.
    #[must_use]
    pub fn total(&self) -> Pence {
        self.total
    }

    /// What was taken off for goods and time.
    #[must_use]
    pub fn in_kind(&self) -> Pence {
        self.in_kind
    }

    /// The total beside the budget. What is given in kind is no money and so not in it.
    #[must_use]
    pub fn balance(&self) -> Balance {
        match self.total.0 - self.budget.0 {
            0 => Balance::Met,
            more @ 1.. => Balance::Surplus(Pence(more)),
            less => Balance::Shortfall(Pence(-less)),
        }
    }

    /// How far the amounts can be relied on. Invoices may be raised only for final shares.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let questions = self.members.iter().filter(|m| matches!(m.share, Share::Question(_))).count();
        if questions == 0 {
            Standing::Final
        } else if self.members.iter().any(|m| matches!(m.share, Share::Estimate(_))) {
            Standing::NoneFinal { questions }
        } else {
            Standing::SomeOpen { questions }
        }
    }
}

/// One member's share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberShare {
    /// Whose.
    pub member: MemberId,
    /// Its name.
    pub name: String,
    /// What it pays, or what must be asked first.
    pub share: Share,
}

impl MemberShare {
    pub(super) fn new(basis: &MemberBasis, share: Share) -> Self {
        Self { member: basis.member, name: basis.name.clone(), share }
    }
}

/// What a member pays, or what must be asked first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// It pays this.
    Final(Contribution),
    /// It would pay about this, and no invoice may be raised: the budget cannot be split while other members
    /// are in question, and their answers will lower it.
    Estimate(Contribution),
    /// A person must answer this first.
    Question(Question),
}

impl Share {
    /// The amount with its steps, final or estimated.
    #[must_use]
    pub fn contribution(&self) -> Option<&Contribution> {
        match self {
            Self::Final(contribution) | Self::Estimate(contribution) => Some(contribution),
            Self::Question(_) => None,
        }
    }

    /// The amount, final or estimated.
    #[must_use]
    pub fn amount(&self) -> Option<Pence> {
        self.contribution().map(|contribution| contribution.amount)
    }
}

/// What a person must say before a share can be worked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "asks", rename_all = "snake_case")]
pub enum Question {
    /// The formula needs a number of pupils and none is known.
    Roll,
    /// The number of pupils is given as none, as it is in the register for a school with a new number.
    EmptyRoll {
        /// The day for which it is given.
        census_date: NaiveDate,
    },
    /// The formula needs a phase that it names.
    Phase {
        /// The member's phase, where one is known.
        phase: Option<String>,
    },
    /// The last day of membership is before the first.
    Dates {
        /// The first day.
        joined: NaiveDate,
        /// The last day.
        left: NaiveDate,
    },
}

/// An amount with the steps that led to it; each begins where the one before ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// What is to pay; never negative.
    pub amount: Pence,
    /// How it came about.
    pub steps: Vec<Step>,
}

impl Contribution {
    pub(super) fn step(&mut self, what: What, after: Pence) {
        self.steps.push(Step { what, before: self.amount, after });
        self.amount = after;
    }

    fn in_kind(&self) -> Pence {
        let given = self.steps.iter().find(|step| matches!(step.what, What::InKind { .. }));
        given.map_or(Pence::ZERO, |step| Pence(step.before.0 - step.after.0))
    }
}

/// One step of the working.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What was done.
    pub what: What,
    /// The amount before it.
    pub before: Pence,
    /// The amount after it.
    pub after: Pence,
}

/// A discount that a member has for its trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// How much less.
    pub percent: BasisPoints,
    /// Why.
    pub because: DiscountReason,
    /// The trust's name; none in shares that were frozen without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
}

/// What a step does, with the facts it used, frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// The membership does not touch the year.
    NotInYear,
    /// An amount agreed in place of the formula.
    Agreed {
        /// Why.
        reason: String,
    },
    /// The fee that is the same for everybody.
    Flat,
    /// The fee for every member, before the price for its pupils.
    BaseFee,
    /// The price for its pupils.
    Pupils {
        /// For each.
        per_pupil: UnitPrice,
        /// How many.
        roll: RollFact,
    },
    /// Raised to the least that is paid.
    Floor,
    /// Lowered to the most that is paid.
    Cap,
    /// The fee for its size.
    RollBand {
        /// The fewest pupils of the band.
        from: u32,
        /// The most pupils of the band, counted.
        to: Option<u32>,
        /// How many it has.
        roll: RollFact,
    },
    /// The fee for its phase.
    PhaseBand {
        /// Its phase.
        phase: String,
    },
    /// Its part of the budget.
    PartOfBudget(PartOfBudget),
    /// Less for a part of the year.
    PartYear {
        /// The part.
        part: PartOfYear,
    },
    /// Less for its trust.
    TrustDiscount(Discount),
    /// Less for what it gives in goods or time.
    InKind {
        /// What it gives.
        given: Pence,
    },
    /// Rounded to whole pounds.
    WholePounds,
}

/// How one member's part of the budget came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartOfBudget {
    /// The budget.
    pub budget: Pence,
    /// How much of it the members carry.
    pub percent: BasisPoints,
    /// What of that is left to split after amounts agreed with single members.
    pub to_split: Pence,
    /// What the weight is made from.
    pub by: WeightFact,
    /// The part of the year that made the weight smaller.
    pub part: Option<PartOfYear>,
    /// The trust discount that made the weight smaller.
    pub discount: Option<Discount>,
    /// The member's weight, made smaller; only its ratio to all weights has a meaning.
    pub weight: u64,
    /// All weights together.
    pub all_weights: u64,
    /// Among how many members it was split.
    pub members: usize,
}

impl PartOfBudget {
    /// The number of pupils that it was made from, where it was.
    #[must_use]
    pub fn roll(&self) -> Option<&RollFact> {
        match &self.by {
            WeightFact::Roll(roll) => Some(roll),
            WeightFact::Equal | WeightFact::Phase { .. } => None,
        }
    }
}

/// What a weight is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WeightFact {
    /// The same for everybody.
    Equal,
    /// Its pupils.
    Roll(RollFact),
    /// Its phase.
    Phase {
        /// Its phase.
        phase: String,
        /// The weight of a member of that phase.
        weight: u32,
    },
}

//! A formula in words, for those who vote on it.
#![expect(clippy::format_push_string, reason = "sentences of a few words, made once a page")]

use super::{Adjustment, Base, Formula, Rounding, TrustRule, Weight};
use crate::{
    funding::proration::Proration,
    money::{Pence, thousands},
    text::plural,
};

impl Formula {
    /// The rule in a sentence or two.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut text = self.base.in_words();
        for adjustment in &self.adjustments {
            text.push(' ');
            text.push_str(&adjustment.in_words());
        }
        if self.rounding == Rounding::WholePounds {
            text.push_str(" Amounts are rounded to whole pounds.");
        }
        text
    }
}

impl Base {
    fn in_words(&self) -> String {
        match self {
            Self::Flat { amount } => format!("Every member pays {amount}."),
            Self::PerPupil { base_fee, per_pupil, floor, cap } => {
                let mut text = match *base_fee {
                    Pence::ZERO => format!("Every member pays {per_pupil} for each pupil"),
                    fee => format!("Every member pays {fee}, and {per_pupil} for each pupil"),
                };
                match (floor, cap) {
                    (Some(floor), Some(cap)) => text += &format!(", at least {floor} and at most {cap}"),
                    (Some(floor), None) => text += &format!(", at least {floor}"),
                    (None, Some(cap)) => text += &format!(", at most {cap}"),
                    (None, None) => {}
                }
                text + "."
            }
            Self::BandedByRoll { bands } => {
                let mut bands = bands.clone();
                bands.sort_by_key(|band| band.from);
                let band = bands.iter().map(|band| match band.to {
                    Some(to) => format!(
                        "{} for {} to {}",
                        band.amount,
                        thousands(band.from.into()),
                        plural(to, "pupil", "pupils")
                    ),
                    None => format!("{} from {}", band.amount, plural(band.from, "pupil", "pupils")),
                });
                format!("Members pay by size: {}.", band.collect::<Vec<_>>().join(", "))
            }
            Self::BandedByPhase { bands } => {
                let band = bands.iter().map(|band| format!("{} {}", band.phase.to_lowercase(), band.amount));
                format!("Members pay by phase: {}.", band.collect::<Vec<_>>().join(", "))
            }
            Self::PercentageOfBudget { percent, weight } => {
                format!("Members carry {percent} of the budget together, {}.", weight.in_words())
            }
        }
    }
}

impl Weight {
    fn in_words(&self) -> String {
        match self {
            Self::Equal => "in equal parts".into(),
            Self::Roll => "by number of pupils".into(),
            Self::Phase { weights } => {
                let weight = weights.iter().map(|one| format!("{} {}", one.phase.to_lowercase(), one.weight));
                format!("by phase ({})", weight.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl Adjustment {
    fn in_words(&self) -> String {
        match self {
            Self::PartYear { by: Proration::ByDay } => {
                "A school that joins or leaves during the year pays by the day.".into()
            }
            Self::PartYear { by: Proration::ByMonth } => {
                "A school that joins or leaves during the year pays by the month.".into()
            }
            Self::PartYear { by: Proration::None } => {
                "A school that joins or leaves during the year pays for all of it.".into()
            }
            Self::TrustDiscount { percent, schools: TrustRule::SecondAndLater } => {
                format!("A trust's second and later schools pay {percent} less.")
            }
            Self::TrustDiscount { percent, schools: TrustRule::AllOfTrustsWith { at_least } } => {
                format!("Schools of a trust with {at_least} members or more pay {percent} less.")
            }
            Self::InKind { cap, floor } => {
                let mut text = String::from("What a member gives in kind is taken off");
                if let Some(cap) = cap {
                    text += &format!(", up to {cap}");
                }
                if *floor > Pence::ZERO {
                    text += &format!(", but {floor} is always paid in money");
                }
                text + "."
            }
        }
    }
}

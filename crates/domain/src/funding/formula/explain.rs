//! A share in words: one paragraph for the member's head, or one question for the office.

use super::shares::{Contribution, Discount, PartOfBudget, Question, Share, Step, WeightFact, What};
use super::trust::DiscountReason;
use super::validate::sizes;
use crate::funding::proration::{PartOfYear, Year};
use crate::money::{BasisPoints, Pence};

impl Share {
    /// One paragraph that tells the member's head what it pays in `year` and why.
    #[must_use]
    pub fn explain(&self, year: Year) -> String {
        let (contribution, opening) = match self {
            Self::Final(contribution) => (contribution, "is"),
            Self::Estimate(contribution) => (contribution, "is estimated at"),
            Self::Question(question) => {
                return format!(
                    "Your school's contribution for {year} cannot be worked out yet: {}.",
                    missing(question)
                );
            }
        };
        let mut text = format!("Your school's contribution for {year} {opening} {}.", contribution.amount);
        for sentence in sentences(contribution) {
            text.push(' ');
            text.push_str(&sentence);
        }
        if let Self::Estimate(_) = self {
            text.push_str(
                " The amount is not final: some members' figures are not known yet, and once they are, those \
                 members carry their part and yours should fall.",
            );
        }
        text
    }
}

impl Question {
    /// What the alliance's office is asked about the member called `name`.
    #[must_use]
    pub fn ask(&self, name: &str) -> String {
        match self {
            Self::Roll => {
                format!(
                    "How many pupils does {name} have? No number is known, and its contribution depends on \
                     it."
                )
            }
            Self::EmptyRoll { census_date } => format!(
                "How many pupils does {name} have? The count for {} says none, which is usual for a school \
                 that has just opened or changed its number.",
                census_date.format("%B %Y")
            ),
            Self::Phase { phase: Some(phase) } => {
                format!("What does {name} pay? The formula does not name its phase, “{phase}”.")
            }
            Self::Phase { phase: None } => {
                format!("Which phase is {name}? None is known, and its contribution depends on it.")
            }
            Self::Dates { joined, left } => format!(
                "When was {name} a member? Its last day, {}, is before its first, {}.",
                left.format("%-d %B %Y"),
                joined.format("%-d %B %Y")
            ),
        }
    }
}

/// What is missing, as the member's head is told.
fn missing(question: &Question) -> &'static str {
    match question {
        Question::Roll | Question::EmptyRoll { .. } => {
            "it depends on the number of your pupils, which we do not know"
        }
        Question::Phase { .. } => "it depends on the phase of your school, for which nothing is settled",
        Question::Dates { .. } => "the dates of your membership are not clear",
    }
}

fn sentences(contribution: &Contribution) -> impl Iterator<Item = String> {
    let last = contribution.steps.len().saturating_sub(1);
    contribution.steps.iter().enumerate().filter_map(move |(at, step)| {
        // The closing amount is in the opening sentence already.
        let so_far = if at < last { so_far(step) } else { String::new() };
        Some(format!("{}{so_far}.", sentence(step)?))
    })
}

/// The amount after a step, where its sentence does not tell it.
fn so_far(Step { what, after, .. }: &Step) -> String {
    match what {
        What::Pupils { .. } | What::PartOfBudget(_) => format!(", which comes to {after}"),
        What::PartYear { .. } | What::TrustDiscount(_) | What::InKind { .. } => {
            format!(", which leaves {after}")
        }
        _ => String::new(),
    }
}

/// What a step says, without its full stop. The base fee is told together with the pupils.
fn sentence(Step { what, before, after }: &Step) -> Option<String> {
    Some(match what {
        What::BaseFee => return None,
        What::NotInYear => "Your school is not a member in this year".to_owned(),
        What::Agreed { reason } => {
            let reason = reason.trim().trim_end_matches('.');
            let colon = if reason.is_empty() { "" } else { ": " };
            format!("This amount was agreed with your school{colon}{reason}")
        }
        What::Flat => format!("Every member pays the same {after} for a whole year"),
        What::Pupils { per_pupil, roll } => {
            let base = match *before {
                Pence::ZERO => String::new(),
                before => format!("{before} for every member plus "),
            };
            let each = if roll.pupils == 1 { "your" } else { "each of your" };
            format!("It is {base}{per_pupil} for {each} {roll}")
        }
        What::Floor => format!("The least that a member pays for a whole year is {after}, so that applies"),
        What::Cap => format!("The most that a member pays for a whole year is {after}, so that applies"),
        What::RollBand { from, to, roll } => {
            let sizes = sizes(*from, *to);
            format!("Members with {sizes} pay {after} for a whole year, and your school has {roll}")
        }
        What::PhaseBand { phase } => format!("Members of the phase “{phase}” pay {after} for a whole year"),
        What::PartOfBudget(part) => part_of_budget(part),
        What::PartYear { part } => format!("Your school is charged for {}", part_of_year(part)),
        What::TrustDiscount(discount) => {
            let taken_off = Pence(before.0 - after.0);
            format!("Your school has {} off ({taken_off}) {}", discount.percent, for_trust(discount))
        }
        What::InKind { given } => in_kind(*given, Pence(before.0 - after.0)),
        What::WholePounds => "It is rounded to whole pounds".to_owned(),
    })
}

fn part_of_budget(part: &PartOfBudget) -> String {
    let PartOfBudget { budget, percent, to_split, by, members, .. } = part;
    let carried = percent.of(*budget).unwrap_or(*budget);
    let together = match *percent {
        BasisPoints::WHOLE => format!("the budget of {budget}"),
        percent => format!("{percent} of the budget of {budget}, which is {carried}"),
    };
    let left = if *to_split == carried {
        String::new()
    } else {
        format!(", of which {to_split} is left after amounts agreed with single members")
    };
    let how = match by {
        WeightFact::Equal => format!("equally ({members} in all)"),
        WeightFact::Roll(roll) => format!("by number of pupils, and your school has {roll}"),
        WeightFact::Phase { phase, weight } => {
            format!("by phase, where a member of the phase “{phase}” has the weight {weight}")
        }
    };
    let reasons: Vec<String> = [
        part.part.as_ref().map(part_of_year),
        part.discount.as_ref().map(|discount| format!("{} less {}", discount.percent, for_trust(discount))),
    ]
    .into_iter()
    .flatten()
    .collect();
    let less = match reasons.as_slice() {
        [] => String::new(),
        reasons => format!(". Your school counts for less: {}", reasons.join("; ")),
    };
    let (weight, all) = (u128::from(part.weight), u128::from(part.all_weights.max(1)));
    let points = i32::try_from((weight * 10_000 + all / 2) / all).map_or(BasisPoints::WHOLE, BasisPoints);
    format!(
        "Members together carry {together}{left}. They share it {how}{less}. Your school's part is {points}"
    )
}

fn part_of_year(part: &PartOfYear) -> String {
    let dates: Vec<String> = [("begins on", part.joined), ("ends on", part.left)]
        .into_iter()
        .filter_map(|(what, day)| Some(format!("{what} {}", day?.format("%-d %B %Y"))))
        .collect();
    if dates.is_empty() {
        part.to_string()
    } else {
        format!("{part}, as its membership {}", dates.join(" and "))
    }
}

fn for_trust(discount: &Discount) -> String {
    let trust = discount.trust.as_deref().unwrap_or("its trust");
    match discount.because {
        DiscountReason::LaterSchool => format!("as a second or later school of {trust}"),
        DiscountReason::TrustOf { schools } => format!("as one of {schools} schools of {trust}"),
    }
}

fn in_kind(given: Pence, counted: Pence) -> String {
    if counted == given {
        format!("{given} is taken off for what your school gives in kind")
    } else {
        format!("Of the {given} that your school gives in kind, {counted} can be taken off")
    }
}

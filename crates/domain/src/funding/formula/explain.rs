//! A share in words: one paragraph for the member's head, a few words or one question for the office.

use super::basis::RollFact;
use super::shares::{Contribution, Discount, PartOfBudget, Question, Share, Step, WeightFact, What};
use super::trust::DiscountReason;
use super::validate::sizes;
use crate::alliances::Wording;
use crate::funding::proration::{PartOfYear, Year};
use crate::money::{BasisPoints, Pence};
use crate::text::plural;

impl Share {
    /// One paragraph that tells the member's head what it pays in `year` and why, in the alliance's own words.
    #[must_use]
    pub fn explain(&self, year: Year, wording: &Wording) -> String {
        let (contribution, opening) = match self {
            Self::Final(contribution) => (contribution, "is"),
            Self::Estimate(contribution) => (contribution, "is estimated at"),
            Self::Question(question) => {
                return format!(
                    "Your school’s contribution for {year} cannot be worked out yet: {}.",
                    missing(question)
                );
            }
        };
        let mut text = format!("Your school’s contribution for {year} {opening} {}.", contribution.amount);
        for sentence in sentences(contribution, wording) {
            text.push(' ');
            text.push_str(&sentence);
        }
        if let Self::Estimate(_) = self {
            let members = wording.members();
            return format!(
                "{text} The amount is not final: for some {members} a figure is not known yet, and once it is, those \
                 {members} carry their part and yours should fall."
            );
        }
        text
    }

    /// How the amount comes about in a few words, for those who look at every member's at once.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            Self::Final(contribution) => contribution.brief(),
            Self::Estimate(contribution) => format!("{}; an estimate", contribution.brief()),
            Self::Question(_) => "Not known yet".to_owned(),
        }
    }
}

impl Contribution {
    /// How the amount comes about in a few words, such as “£300.00 plus £1.80 for each of 187 pupils”.
    #[must_use]
    pub fn brief(&self) -> String {
        let phrases: Vec<_> = self.steps.iter().filter_map(phrase).collect();
        phrases.join("; ")
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

fn sentences(contribution: &Contribution, wording: &Wording) -> impl Iterator<Item = String> {
    let last = contribution.steps.len().saturating_sub(1);
    contribution.steps.iter().enumerate().filter_map(move |(at, step)| {
        // The closing amount is in the opening sentence already.
        let so_far = if at < last { so_far(step) } else { String::new() };
        Some(format!("{}{so_far}.", sentence(step, wording)?))
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
fn sentence(Step { what, before, after }: &Step, wording: &Wording) -> Option<String> {
    let (member, members) = (wording.member.as_str(), wording.members());
    Some(match what {
        What::BaseFee => return None,
        What::NotInYear => format!("Your school is not one of the {members} in this year"),
        What::Agreed { reason } => {
            let reason = without_stop(reason);
            let colon = if reason.is_empty() { "" } else { ": " };
            format!("This amount was agreed with your school{colon}{reason}")
        }
        What::Flat => format!("Every {member} pays the same {after} for a whole year"),
        What::Pupils { per_pupil, roll } => {
            let base = match *before {
                Pence::ZERO => String::new(),
                before => format!("{before} for every {member} plus "),
            };
            let each = if roll.pupils == 1 { "your" } else { "each of your" };
            format!("It is {base}{per_pupil} for {each} {roll}")
        }
        What::Floor => {
            format!("The least that any {member} pays for a whole year is {after}, so that applies")
        }
        What::Cap => format!("The most that any {member} pays for a whole year is {after}, so that applies"),
        What::RollBand { from, to, roll } => {
            let sizes = sizes(*from, *to);
            let members = capitalised(&members);
            format!("{members} with {sizes} pay {after} for a whole year, and your school has {roll}")
        }
        What::PhaseBand { phase } => {
            format!("{} of the phase “{phase}” pay {after} for a whole year", capitalised(&members))
        }
        What::PartOfBudget(part) => part_of_budget(part, wording),
        What::PartYear { part } => format!("Your school is charged for {}", part_of_year(part)),
        What::TrustDiscount(discount) => {
            let taken_off = Pence(before.0 - after.0);
            format!("Your school has {} off ({taken_off}) {}", discount.percent, for_trust(discount))
        }
        What::InKind { given } => in_kind(*given, Pence(before.0 - after.0)),
        What::WholePounds => "It is rounded to whole pounds".to_owned(),
    })
}

/// The same step for the office.
fn phrase(Step { what, before, after }: &Step) -> Option<String> {
    let taken_off = Pence(before.0 - after.0);
    Some(match what {
        What::BaseFee => return None,
        What::NotInYear => "Not in this year".to_owned(),
        What::Agreed { reason } => match without_stop(reason) {
            "" => "Agreed in place of the rule".to_owned(),
            reason => format!("Agreed: {reason}"),
        },
        What::Flat => format!("{after}, the same for everybody"),
        What::Pupils { per_pupil, roll } => {
            let base = match *before {
                Pence::ZERO => String::new(),
                before => format!("{before} plus "),
            };
            let each = if roll.pupils == 1 { "" } else { "each of " };
            format!("{base}{per_pupil} for {each}{}", pupils(roll))
        }
        What::Floor => format!("raised to the minimum of {after}"),
        What::Cap => format!("lowered to the maximum of {after}"),
        What::RollBand { from, to, roll } => {
            format!("{after} for {}, with {}", sizes(*from, *to), pupils(roll))
        }
        What::PhaseBand { phase } => format!("{after} for the phase “{phase}”"),
        What::PartOfBudget(part) => phrase_of_part(part),
        What::PartYear { part } => format!("for {part}"),
        What::TrustDiscount(discount) => match &discount.trust {
            Some(trust) => format!("{} ({taken_off}) off for {trust}", discount.percent),
            None => format!("{} ({taken_off}) off for its trust", discount.percent),
        },
        What::InKind { given } if taken_off == *given => format!("{taken_off} off for gifts in kind"),
        What::InKind { given } => format!("{taken_off} off for gifts in kind of {given}"),
        What::WholePounds => "rounded to whole pounds".to_owned(),
    })
}

fn phrase_of_part(part: &PartOfBudget) -> String {
    let by = match &part.by {
        WeightFact::Equal => "shared equally".to_owned(),
        WeightFact::Roll(roll) => format!("shared by pupils, with {}", pupils(roll)),
        WeightFact::Phase { phase, weight } => format!("shared by phase, “{phase}” with the weight {weight}"),
    };
    let year = part.part.as_ref().map(|part| format!(", for {part}")).unwrap_or_default();
    let less = part.discount.as_ref().map(|discount| format!(", {} less for its trust", discount.percent));
    format!("{} of {}, {by}{year}{}", percentage(part), part.to_split, less.unwrap_or_default())
}

/// A number of pupils without where it comes from.
fn pupils(roll: &RollFact) -> String {
    plural(roll.pupils, "pupil", "pupils")
}

fn without_stop(reason: &str) -> &str {
    reason.trim().trim_end_matches('.')
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What a member carries of what is split.
fn percentage(part: &PartOfBudget) -> BasisPoints {
    let (weight, all) = (u128::from(part.weight), u128::from(part.all_weights.max(1)));
    i32::try_from((weight * 10_000 + all / 2) / all).map_or(BasisPoints::WHOLE, BasisPoints)
}

fn part_of_budget(part: &PartOfBudget, wording: &Wording) -> String {
    let PartOfBudget { budget, percent, to_split, by, members, .. } = part;
    let carried = percent.of(*budget).unwrap_or(*budget);
    let together = match *percent {
        BasisPoints::WHOLE => format!("the budget of {budget}"),
        percent => format!("{percent} of the budget of {budget}, which is {carried}"),
    };
    let left = if *to_split == carried {
        String::new()
    } else {
        format!(", of which {to_split} is left after amounts agreed with particular {}", wording.members())
    };
    let how = match by {
        WeightFact::Equal => format!("equally ({members} in all)"),
        WeightFact::Roll(roll) => format!("by number of pupils, and your school has {roll}"),
        WeightFact::Phase { phase, weight } => {
            format!("by phase, where the phase “{phase}” has the weight {weight}")
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
    let members = capitalised(&wording.members());
    let points = percentage(part);
    format!(
        "{members} together carry {together}{left}. They share it {how}{less}. Your school’s part is {points}"
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

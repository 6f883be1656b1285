//! What is known of a member when its share is worked out.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::same_phase;
use super::shares::Question;
use crate::ids::MemberId;
use crate::{money::Pence, text::plural};

/// What is known of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberBasis {
    /// The member; also the order in which odd pennies fall.
    pub member: MemberId,
    /// Its name, for questions about it.
    pub name: String,
    /// Its phase in the alliance's own words.
    pub phase: Option<String>,
    /// Its number of pupils, where it is known.
    pub roll: Option<RollFact>,
    /// Its trust; none for a school that is in no trust.
    pub trust: Option<Trust>,
    /// Its first day as a member.
    pub joined: NaiveDate,
    /// Its last day as a member, counted; none while no end is known.
    pub left: Option<NaiveDate>,
    /// The accepted worth of what it gives in goods or time this year; never negative.
    pub in_kind: Pence,
    /// An amount that was agreed with this member in place of the formula.
    pub agreed: Option<Agreed>,
}

impl MemberBasis {
    /// A number of pupils to charge by: what is unknown or empty is asked, never charged as nothing.
    pub(super) fn roll_to_charge(&self) -> Result<RollFact, Question> {
        match &self.roll {
            None => Err(Question::Roll),
            Some(RollFact { pupils: 0, census_date, .. }) => {
                Err(Question::EmptyRoll { census_date: *census_date })
            }
            Some(roll) => Ok(roll.clone()),
        }
    }

    /// The entry for the member's phase.
    pub(super) fn entry_of_phase<'a, E>(
        &self,
        entries: &'a [E],
        phase_of: impl Fn(&E) -> &str,
    ) -> Result<&'a E, Question> {
        let phase = self.phase.as_deref().unwrap_or_default();
        let entry = entries.iter().find(|entry| same_phase(phase_of(entry), phase));
        entry.ok_or_else(|| Question::Phase { phase: self.phase.clone() })
    }
}

/// The trust that a member belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Equal for schools of the same trust, and only for them: two trusts may have one name.
    pub key: String,
    /// Its name, as the member's head will read it.
    pub name: String,
}

/// An amount agreed in place of the formula.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// What the member pays; never negative.
    pub amount: Pence,
    /// Why, as the member's head will read it.
    pub reason: String,
}

/// A number of pupils, with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollFact {
    /// How many.
    pub pupils: u32,
    /// The day on which they were counted.
    pub census_date: NaiveDate,
    /// Who says so.
    pub source: RollSource,
}

/// Where a number of pupils comes from. What a person types is never taken for the register's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RollSource {
    /// The national register, from the school census.
    Register,
    /// The school itself: how shares were frozen that forgot what the person had said.
    School,
    /// A person, who said where the number comes from.
    Said(String),
}

impl fmt::Display for RollSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Register => "national register",
            Self::School => "the school",
            Self::Said(said) => said,
        })
    }
}

impl fmt::Display for RollFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", plural(self.pupils, "pupil", "pupils"))?;
        match &self.source {
            RollSource::Register => write!(f, "{} census)", self.census_date.format("%B %Y")),
            RollSource::School => {
                write!(f, "as your school counted them on {})", self.census_date.format("%-d %B %Y"))
            }
            RollSource::Said(said) => write!(f, "{said}, {})", self.census_date.format("%-d %B %Y")),
        }
    }
}

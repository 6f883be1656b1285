//! Scalars of the schema.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::NaiveDate;
use domain::{dates::within_reach, funding::formula, money};

/// An amount of money in whole pence. One that is given is at most £100,000,000, either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pence(pub money::Pence);

#[Scalar(name = "Pence")]
impl ScalarType for Pence {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => {
                let pence = number.as_i64().map(money::Pence);
                let pence =
                    pence.ok_or_else(|| InputValueError::custom("an amount is a whole number of pence"))?;
                if !pence.is_reasonable() {
                    let largest = money::Pence::LARGEST;
                    return Err(InputValueError::custom(format!(
                        "an amount is at most {largest}, either way"
                    )));
                }
                Ok(Self(pence))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.0.into())
    }
}

impl From<money::Pence> for Pence {
    fn from(pence: money::Pence) -> Self {
        Self(pence)
    }
}

/// A day of the calendar, as `2026-11-24`. One that is given lies between 2000 and 2099.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date(pub NaiveDate);

#[Scalar(name = "Date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .map_err(|_| InputValueError::custom("a date is written as 2026-11-24"))
                .and_then(|date| within_reach(date).map_err(InputValueError::custom))
                .map(Self),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<NaiveDate> for Date {
    fn from(date: NaiveDate) -> Self {
        Self(date)
    }
}

/// A formula by which members share costs, as data: `{"base": {"kind": "per_pupil", ..}, "adjustments": [..],
/// "rounding": "penny"}`. Bases: `flat`, `per_pupil`, `banded_by_roll`, `banded_by_phase`, `percentage_of_budget`.
/// Adjustments: `part_year`, `trust_discount`, `in_kind`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Formula(pub formula::Formula);

#[Scalar(name = "Formula")]
impl ScalarType for Formula {
    fn parse(value: Value) -> InputValueResult<Self> {
        let json = value.into_json().map_err(InputValueError::custom)?;
        serde_json::from_value(json)
            .map(Self)
            .map_err(|error| InputValueError::custom(format!("not a formula: {error}")))
    }

    fn to_value(&self) -> Value {
        // A formula holds text and whole numbers only, which JSON always has a place for.
        serde_json::to_value(&self.0).ok().and_then(|json| Value::from_json(json).ok()).unwrap_or_default()
    }
}

/// The steps that led to an amount, each with what was done and the amount before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Steps(pub Vec<formula::Step>);

#[Scalar(name = "Steps")]
impl ScalarType for Steps {
    fn parse(_: Value) -> InputValueResult<Self> {
        Err(InputValueError::custom("steps are worked out, not given"))
    }

    fn to_value(&self) -> Value {
        serde_json::to_value(&self.0).ok().and_then(|json| Value::from_json(json).ok()).unwrap_or_default()
    }
}

//! A formula as a form: the simulator and the budget's form share it.

use std::collections::HashMap;

use domain::{
    funding::{
        formula::{Adjustment, Base, Formula, PhaseBand, PhaseWeight, RollBand, Rounding, TrustRule, Weight},
        proration::Proration,
    },
    money::{BasisPoints, Pence, UnitPrice},
    problem::Problem,
};

use crate::forms::{Fields, problem};

/// How a part of the budget is split.
pub(crate) const WEIGHTS: [(&str, &str); 3] =
    [("equal", "in equal parts"), ("roll", "by number of pupils"), ("phase", "by phase")];

/// What joining or leaving within the year does.
pub(crate) const PART_YEARS: [(&str, &str); 3] =
    [("", "the whole year is paid"), ("month", "paid by the month"), ("day", "paid by the day")];

/// What gifts in kind do to a share.
pub(crate) const IN_KIND: [(&str, &str); 2] =
    [("", "do not change the share"), ("yes", "are taken off the share")];

/// To what a share is rounded.
pub(crate) const ROUNDINGS: [(&str, &str); 2] = [("", "to the penny"), ("pounds", "to whole pounds")];

/// Reads the formula that a form describes.
pub(crate) fn read(fields: &Fields) -> Result<Formula, Problem> {
    let base = match fields.text("base") {
        "per_pupil" => Base::PerPupil {
            base_fee: pence(fields, "baseFee")?.unwrap_or(Pence::ZERO),
            per_pupil: UnitPrice::parse(fields.text("perPupil"))
                .map_err(|error| problem("perPupil", &format!("The price for each pupil: {error}")))?,
            floor: pence(fields, "floor")?,
            cap: pence(fields, "cap")?,
        },
        "banded_by_roll" => Base::BandedByRoll { bands: roll_bands(fields)? },
        "banded_by_phase" => Base::BandedByPhase {
            bands: phase_lines(fields, "phases")?
                .into_iter()
                .map(|(phase, text)| {
                    let amount = Pence::parse(&text)
                        .map_err(|error| problem("phases", &format!("“{text}”: {error}")))?;
                    Ok(PhaseBand { phase, amount })
                })
                .collect::<Result<_, Problem>>()?,
        },
        "percentage_of_budget" => Base::PercentageOfBudget {
            percent: percent(fields, "percent")?,
            weight: match fields.text("weight") {
                "roll" => Weight::Roll,
                "phase" => Weight::Phase {
                    weights: phase_lines(fields, "weights")?
                        .into_iter()
                        .map(|(phase, text)| {
                            let weight = text.parse().map_err(|_| {
                                problem(
                                    "weights",
                                    &format!("“{text}” is not a weight: give a whole number, such as 3."),
                                )
                            })?;
                            Ok(PhaseWeight { phase, weight })
                        })
                        .collect::<Result<_, Problem>>()?,
                },
                _ => Weight::Equal,
            },
        },
        _ => Base::Flat {
            amount: pence(fields, "amount")?
                .ok_or_else(|| problem("amount", "Say what every member pays."))?,
        },
    };
    let mut adjustments = Vec::new();
    match fields.text("partYear") {
        "month" => adjustments.push(Adjustment::PartYear { by: Proration::ByMonth }),
        "day" => adjustments.push(Adjustment::PartYear { by: Proration::ByDay }),
        _ => {}
    }
    if !fields.text("trustDiscount").is_empty() {
        adjustments.push(Adjustment::TrustDiscount {
            percent: percent(fields, "trustDiscount")?,
            schools: TrustRule::SecondAndLater,
        });
    }
    if fields.text("inKind") == "yes" {
        adjustments.push(Adjustment::InKind { cap: None, floor: Pence::ZERO });
    }
    let rounding = if fields.text("rounding") == "pounds" { Rounding::WholePounds } else { Rounding::Penny };
    Ok(Formula { base, adjustments, rounding })
}

fn pence(fields: &Fields, name: &'static str) -> Result<Option<Pence>, Problem> {
    match fields.text(name) {
        "" => Ok(None),
        text => Pence::parse(text).map(Some).map_err(|error| problem(name, &format!("“{text}”: {error}"))),
    }
}

fn percent(fields: &Fields, name: &'static str) -> Result<BasisPoints, Problem> {
    let text = fields.text(name);
    BasisPoints::parse(text).map_err(|error| problem(name, &format!("“{text}” as a percentage: {error}")))
}

/// Lines such as `0-150: 400` and `601+: 1,500`.
fn roll_bands(fields: &Fields) -> Result<Vec<RollBand>, Problem> {
    let bad = |line: &str| {
        problem("bands", &format!("“{line}” is not a band: write it like 0-150: £400, or 601+: £1,500"))
    };
    let lines = fields.text("bands").lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (range, amount) = line.split_once(':').ok_or_else(|| bad(line))?;
            let amount = Pence::parse(amount).map_err(|_| bad(line))?;
            let range = range.replace(['–', ' '], "-").replace("--", "-");
            let (from, to) = match range.trim_matches('-').strip_suffix('+') {
                Some(from) => (from.trim_matches('-'), None),
                None => range
                    .trim_matches('-')
                    .split_once('-')
                    .map(|(from, to)| (from, Some(to)))
                    .ok_or_else(|| bad(line))?,
            };
            let from = from.parse().map_err(|_| bad(line))?;
            let to = to.map(|to| to.trim_matches('-').parse()).transpose().map_err(|_| bad(line))?;
            Ok(RollBand { from, to, amount })
        })
        .collect()
}

/// Lines such as `Primary: 500`.
fn phase_lines(fields: &Fields, name: &'static str) -> Result<Vec<(String, String)>, Problem> {
    let lines = fields.text(name).lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (phase, value) = line
                .split_once(':')
                .ok_or_else(|| problem(name, &format!("“{line}”: write it like Primary: 500")))?;
            Ok((phase.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

/// What the form shows for a formula.
pub(crate) fn values(formula: &Formula) -> HashMap<&'static str, String> {
    let mut values = HashMap::new();
    let amount = |pence: &Pence| pence.to_string();
    match &formula.base {
        Base::Flat { amount: flat } => {
            values.insert("base", "flat".into());
            values.insert("amount", amount(flat));
        }
        Base::PerPupil { base_fee, per_pupil, floor, cap } => {
            values.insert("base", "per_pupil".into());
            values.insert("baseFee", amount(base_fee));
            values.insert("perPupil", per_pupil.to_string());
            values.extend(floor.as_ref().map(|floor| ("floor", amount(floor))));
            values.extend(cap.as_ref().map(|cap| ("cap", amount(cap))));
        }
        Base::BandedByRoll { bands } => {
            values.insert("base", "banded_by_roll".into());
            let line = |band: &RollBand| match band.to {
                Some(to) => format!("{}-{to}: {}", band.from, band.amount),
                None => format!("{}+: {}", band.from, band.amount),
            };
            values.insert("bands", bands.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
        Base::BandedByPhase { bands } => {
            values.insert("base", "banded_by_phase".into());
            let line = |band: &PhaseBand| format!("{}: {}", band.phase, band.amount);
            values.insert("phases", bands.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
        Base::PercentageOfBudget { percent, weight } => {
            values.insert("base", "percentage_of_budget".into());
            values.insert("percent", percent.to_string());
            let name = match weight {
                Weight::Equal => "equal",
                Weight::Roll => "roll",
                Weight::Phase { weights } => {
                    let line = |one: &PhaseWeight| format!("{}: {}", one.phase, one.weight);
                    values.insert("weights", weights.iter().map(line).collect::<Vec<_>>().join("\n"));
                    "phase"
                }
            };
            values.insert("weight", name.into());
        }
    }
    for adjustment in &formula.adjustments {
        match adjustment {
            Adjustment::PartYear { by: Proration::ByMonth } => values.insert("partYear", "month".into()),
            Adjustment::PartYear { by: Proration::ByDay } => values.insert("partYear", "day".into()),
            Adjustment::PartYear { by: Proration::None } => None,
            Adjustment::TrustDiscount { percent, .. } => values.insert("trustDiscount", percent.to_string()),
            Adjustment::InKind { .. } => values.insert("inKind", "yes".into()),
        };
    }
    if formula.rounding == Rounding::WholePounds {
        values.insert("rounding", "pounds".into());
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>().into()
    }

    #[test]
    fn what_the_form_shows_reads_back_as_the_same_formula() {
        let formulas = [
            fields(&[("base", "flat"), ("amount", "£250")]),
            fields(&[
                ("base", "per_pupil"),
                ("baseFee", "300"),
                ("perPupil", "1.75"),
                ("floor", "400"),
                ("cap", "2,400"),
                ("partYear", "month"),
                ("trustDiscount", "10"),
                ("inKind", "yes"),
            ]),
            fields(&[("base", "banded_by_roll"), ("bands", "0-150: £400\n151 - 600: 800\n601+: 1,500")]),
            fields(&[("base", "banded_by_phase"), ("phases", "Primary: 500\nSecondary: 1,200")]),
            fields(&[
                ("base", "percentage_of_budget"),
                ("percent", "80"),
                ("weight", "phase"),
                ("weights", "Primary: 1\nSecondary: 3"),
            ]),
            fields(&[
                ("base", "percentage_of_budget"),
                ("percent", "100"),
                ("weight", "roll"),
                ("partYear", "day"),
            ]),
        ];
        for given in formulas {
            let formula = read(&given).unwrap();
            let shown: Vec<_> =
                values(&formula).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            assert_eq!(read(&shown.into()).unwrap(), formula);
        }
    }

    #[test]
    fn slips_are_named() {
        let bad = read(&fields(&[("base", "banded_by_roll"), ("bands", "small: 400")])).unwrap_err();
        assert_eq!(bad.field, Some("bands"));
        assert!(read(&fields(&[("base", "flat"), ("amount", "..")])).unwrap_err().message.contains("“..”"));
    }
}

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

/// What contributions are for VAT.
pub(crate) const CONTRIBUTION_KINDS: [(&str, &str); 2] =
    [("shared_costs", "shared costs of a voluntary alliance"), ("services", "services that members buy")];

/// How a part of the budget is split.
pub(crate) const WEIGHTS: [(&str, &str); 3] =
    [("equal", "in equal parts"), ("roll", "by number of pupils"), ("phase", "by phase")];

/// What joining or leaving within the year does.
pub(crate) const PART_YEARS: [(&str, &str); 4] = [
    ("", "whole year, not in the rule"),
    ("whole", "whole year, said in the rule"),
    ("month", "paid by the month"),
    ("day", "paid by the day"),
];

/// Which schools of a trust pay less.
pub(crate) const TRUST_RULES: [(&str, &str); 2] =
    [("", "its second and later schools"), ("all", "all, if there are enough")];

/// What gifts in kind do to a share.
pub(crate) const IN_KIND: [(&str, &str); 2] =
    [("", "do not change the share"), ("yes", "are taken off the share")];

/// In which order they are applied: half of a year less £100 is not half of a year that is £100 less.
pub(crate) const ORDERS: [(&str, &str); 6] = [
    ("year trust kind", "year, trust, gifts"),
    ("year kind trust", "year, gifts, trust"),
    ("trust year kind", "trust, year, gifts"),
    ("trust kind year", "trust, gifts, year"),
    ("kind year trust", "gifts, year, trust"),
    ("kind trust year", "gifts, trust, year"),
];

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
    let mut adjustments: Vec<_> =
        [part_year(fields), trust_discount(fields)?, in_kind(fields)?].into_iter().flatten().collect();
    let order = fields.text("order");
    adjustments.sort_by_key(|adjustment| order.find(word(adjustment)));
    let rounding = if fields.text("rounding") == "pounds" { Rounding::WholePounds } else { Rounding::Penny };
    Ok(Formula { base, adjustments, rounding })
}

/// The word by which an order names an adjustment.
fn word(adjustment: &Adjustment) -> &'static str {
    match adjustment {
        Adjustment::PartYear { .. } => "year",
        Adjustment::TrustDiscount { .. } => "trust",
        Adjustment::InKind { .. } => "kind",
    }
}

fn part_year(fields: &Fields) -> Option<Adjustment> {
    let by = match fields.text("partYear") {
        "whole" => Proration::None,
        "month" => Proration::ByMonth,
        "day" => Proration::ByDay,
        _ => return None,
    };
    Some(Adjustment::PartYear { by })
}

fn trust_discount(fields: &Fields) -> Result<Option<Adjustment>, Problem> {
    let size = fields.text("trustSize");
    if fields.text("trustDiscount").is_empty() {
        return match size {
            "" => Ok(None),
            _ => Err(problem("trustDiscount", "Say how much less the schools of such a trust pay.")),
        };
    }
    let schools = match (fields.text("trustRule"), size) {
        ("all", size) => TrustRule::AllOfTrustsWith {
            at_least: size.parse().map_err(|_| {
                problem("trustSize", "Say how many schools of a trust are enough: a whole number, such as 3.")
            })?,
        },
        (_, "") => TrustRule::SecondAndLater,
        _ => return Err(problem("trustRule", "A number of schools counts only where all of them pay less.")),
    };
    Ok(Some(Adjustment::TrustDiscount { percent: percent(fields, "trustDiscount")?, schools }))
}

fn in_kind(fields: &Fields) -> Result<Option<Adjustment>, Problem> {
    let (cap, floor) = (pence(fields, "inKindCap")?, pence(fields, "inKindFloor")?);
    if fields.text("inKind") == "yes" {
        return Ok(Some(Adjustment::InKind { cap, floor: floor.unwrap_or(Pence::ZERO) }));
    }
    match cap.or(floor) {
        None => Ok(None),
        Some(_) => Err(problem("inKind", "A limit counts only where gifts in kind are taken off the share.")),
    }
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
                .rsplit_once(':')
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
            Adjustment::PartYear { by } => {
                let by = match by {
                    Proration::None => "whole",
                    Proration::ByMonth => "month",
                    Proration::ByDay => "day",
                };
                values.insert("partYear", by.into());
            }
            Adjustment::TrustDiscount { percent, schools } => {
                values.insert("trustDiscount", percent.to_string());
                if let TrustRule::AllOfTrustsWith { at_least } = schools {
                    values.insert("trustRule", "all".into());
                    values.insert("trustSize", at_least.to_string());
                }
            }
            Adjustment::InKind { cap, floor } => {
                values.insert("inKind", "yes".into());
                values.extend(cap.as_ref().map(|cap| ("inKindCap", amount(cap))));
                let floor = (*floor != Pence::ZERO).then_some(floor);
                values.extend(floor.map(|floor| ("inKindFloor", amount(floor))));
            }
        }
    }
    // The first order in which those that are there come as the formula has them.
    let follows =
        |order: &str| formula.adjustments.is_sorted_by_key(|adjustment| order.find(word(adjustment)));
    let order = ORDERS.iter().find(|(order, _)| follows(order));
    values.extend(order.map(|(order, _)| ("order", (*order).into())));
    if formula.rounding == Rounding::WholePounds {
        values.insert("rounding", "pounds".into());
    }
    values
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>().into()
    }

    fn money() -> impl Strategy<Value = Pence> {
        prop_oneof![0_i64..200_000, 0..=Pence::LARGEST.0].prop_map(Pence)
    }

    fn percents() -> impl Strategy<Value = BasisPoints> {
        (0_i32..=10_000).prop_map(BasisPoints)
    }

    /// Phases in an alliance's own words, each once.
    fn phases<T: std::fmt::Debug>(
        value: impl Strategy<Value = T>,
    ) -> impl Strategy<Value = Vec<(String, T)>> {
        prop::collection::btree_map("[a-z0-9][a-z0-9 :;,.&’()+-]{0,20}[a-zé)]", value, 1..6)
            .prop_map(|phases| phases.into_iter().collect())
    }

    /// Bands that cover every size, in any order.
    fn bands() -> impl Strategy<Value = Vec<RollBand>> {
        let bands = (prop::collection::btree_set(2_u32.., 0..6), prop::collection::vec(money(), 7), 0_u32..2);
        let bands = bands.prop_map(|(starts, amounts, first)| {
            let starts: Vec<u32> = std::iter::once(first).chain(starts).collect();
            let ends = starts.iter().skip(1).map(|next| Some(next - 1)).chain([None]);
            let bands = starts.iter().zip(ends).zip(amounts);
            bands.map(|((from, to), amount)| RollBand { from: *from, to, amount }).collect::<Vec<_>>()
        });
        bands.prop_shuffle()
    }

    fn bases() -> impl Strategy<Value = Base> {
        let weights = phases(1_u32..).prop_map(|phases| {
            phases.into_iter().map(|(phase, weight)| PhaseWeight { phase, weight }).collect()
        });
        let weight = prop_oneof![
            Just(Weight::Equal),
            Just(Weight::Roll),
            weights.prop_map(|weights| Weight::Phase { weights }),
        ];
        let limits = prop::option::of(money()).prop_flat_map(|floor| {
            let least = floor.unwrap_or_default().0;
            (Just(floor), prop::option::of((least..=Pence::LARGEST.0).prop_map(Pence)))
        });
        prop_oneof![
            money().prop_map(|amount| Base::Flat { amount }),
            (money(), 0..=i64::MAX, limits).prop_map(|(base_fee, price, (floor, cap))| Base::PerPupil {
                base_fee,
                per_pupil: UnitPrice(price),
                floor,
                cap,
            }),
            bands().prop_map(|bands| Base::BandedByRoll { bands }),
            phases(money()).prop_map(|bands| Base::BandedByPhase {
                bands: bands.into_iter().map(|(phase, amount)| PhaseBand { phase, amount }).collect(),
            }),
            (percents(), weight).prop_map(|(percent, weight)| Base::PercentageOfBudget { percent, weight }),
        ]
    }

    fn adjustments() -> impl Strategy<Value = Vec<Adjustment>> {
        let by = prop_oneof![Just(Proration::None), Just(Proration::ByDay), Just(Proration::ByMonth)];
        let schools = prop_oneof![
            Just(TrustRule::SecondAndLater),
            (2_u32..).prop_map(|at_least| TrustRule::AllOfTrustsWith { at_least }),
        ];
        let all = (
            by.prop_map(|by| Adjustment::PartYear { by }),
            (percents(), schools)
                .prop_map(|(percent, schools)| Adjustment::TrustDiscount { percent, schools }),
            (prop::option::of(money()), money()).prop_map(|(cap, floor)| Adjustment::InKind { cap, floor }),
        );
        all.prop_flat_map(|(year, trust, kind)| prop::sample::subsequence(vec![year, trust, kind], 0..=3))
            .prop_shuffle()
    }

    fn formulas() -> impl Strategy<Value = Formula> {
        (bases(), adjustments(), any::<bool>()).prop_map(|(base, adjustments, whole_pounds)| {
            let is_split = matches!(base, Base::PercentageOfBudget { .. });
            let rounding = if whole_pounds && !is_split { Rounding::WholePounds } else { Rounding::Penny };
            Formula { base, adjustments, rounding }
        })
    }

    proptest! {
        /// Saving a form as it was opened must not change the rule.
        #[test]
        fn every_formula_is_kept_by_the_form(formula in formulas()) {
            prop_assert_eq!(formula.problems(), []);
            let shown: Vec<_> =
                values(&formula).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            prop_assert_eq!(read(&shown.into()).unwrap(), formula);
        }
    }

    #[test]
    fn what_an_office_types_is_read() {
        let typed =
            fields(&[("base", "banded_by_roll"), ("bands", "0-150: £400\r\n151 – 600: 800\n601+: 1,500")]);
        let band = |from, to, amount| RollBand { from, to, amount: Pence(amount) };
        let bands = vec![band(0, Some(150), 40_000), band(151, Some(600), 80_000), band(601, None, 150_000)];
        assert_eq!(read(&typed).unwrap().base, Base::BandedByRoll { bands });
    }

    #[test]
    fn what_would_be_dropped_is_refused() {
        let flat = |more: &[(&str, &str)]| {
            let all = [&[("base", "flat"), ("amount", "250")], more].concat();
            read(&fields(&all)).unwrap_err().field
        };
        assert_eq!(flat(&[("inKindCap", "100")]), Some("inKind"));
        assert_eq!(flat(&[("inKindFloor", "0")]), Some("inKind"));
        assert_eq!(flat(&[("trustSize", "3")]), Some("trustDiscount"));
        assert_eq!(flat(&[("trustDiscount", "10"), ("trustSize", "3")]), Some("trustRule"));
        assert_eq!(flat(&[("trustDiscount", "10"), ("trustRule", "all")]), Some("trustSize"));
    }

    #[test]
    fn slips_are_named() {
        let bad = read(&fields(&[("base", "banded_by_roll"), ("bands", "small: 400")])).unwrap_err();
        assert_eq!(bad.field, Some("bands"));
        assert!(read(&fields(&[("base", "flat"), ("amount", "..")])).unwrap_err().message.contains("“..”"));
    }
}

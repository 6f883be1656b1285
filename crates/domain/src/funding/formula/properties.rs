//! What holds for every formula and every membership.

use chrono::Days;
use proptest::prelude::*;

use super::tests::{day, of_budget, school, year};
use super::*;
use crate::{alliances::Wording, money::thousands};

fn members() -> impl Strategy<Value = Vec<MemberBasis>> {
    let member =
        (1_u32..3_000, any::<bool>(), 0_u64..600, prop::option::of(0_u64..600), 0_u8..4, 0_i64..200_000);
    prop::collection::vec(member, 1..30).prop_map(|drawn| {
        let built = drawn.into_iter().zip(1_u16..).map(
            |((pupils, primary, joined, stays, trust, in_kind), number)| {
                let joined = day("2026-03-01") + Days::new(joined);
                MemberBasis {
                    phase: Some(if primary { "Primary" } else { "Secondary" }.to_owned()),
                    trust: (trust > 0)
                        .then(|| Trust { key: trust.to_string(), name: format!("Trust {trust}") }),
                    joined,
                    left: stays.map(|stays| joined + Days::new(stays)),
                    in_kind: Pence(in_kind),
                    ..school(number, pupils)
                }
            },
        );
        built.collect()
    })
}

fn adjustments() -> impl Strategy<Value = Vec<Adjustment>> {
    let proration = prop_oneof![Just(Proration::None), Just(Proration::ByDay), Just(Proration::ByMonth)];
    let rule = prop_oneof![
        Just(TrustRule::SecondAndLater),
        (2_u32..5).prop_map(|at_least| TrustRule::AllOfTrustsWith { at_least }),
    ];
    let all = (
        proration.prop_map(|by| Adjustment::PartYear { by }),
        (0_i32..=10_000, rule).prop_map(|(percent, schools)| Adjustment::TrustDiscount {
            percent: BasisPoints(percent),
            schools,
        }),
        (prop::option::of(0_i64..100_000), 0_i64..50_000)
            .prop_map(|(cap, floor)| Adjustment::InKind { cap: cap.map(Pence), floor: Pence(floor) }),
    );
    all.prop_flat_map(|(part, trust, in_kind)| prop::sample::subsequence(vec![part, trust, in_kind], 0..=3))
        .prop_shuffle()
}

fn weight() -> impl Strategy<Value = Weight> {
    let phase = |phase: &str, weight| PhaseWeight { phase: phase.to_owned(), weight };
    prop_oneof![
        Just(Weight::Equal),
        Just(Weight::Roll),
        (1_u32..10, 1_u32..10).prop_map(move |(primary, secondary)| Weight::Phase {
            weights: vec![phase("Primary", primary), phase("Secondary", secondary)],
        }),
    ]
}

fn base() -> impl Strategy<Value = Base> {
    let per_pupil = (0_i64..100_000, 0_i64..50_000, prop::option::of((0_i64..200_000, 0_i64..200_000)));
    prop_oneof![
        (0_i64..200_000).prop_map(|amount| Base::Flat { amount: Pence(amount) }),
        per_pupil.prop_map(|(base_fee, price, limits)| Base::PerPupil {
            base_fee: Pence(base_fee),
            per_pupil: UnitPrice(price),
            floor: limits.map(|(floor, _)| Pence(floor)),
            cap: limits.map(|(floor, above)| Pence(floor + above)),
        }),
        (1_u32..2_000, 0_i64..100_000).prop_map(|(to, amount)| Base::BandedByRoll {
            bands: vec![
                RollBand { from: 0, to: Some(to), amount: Pence(amount) },
                RollBand { from: to + 1, to: None, amount: Pence(amount * 2) },
            ],
        }),
        (0_i32..=10_000, weight())
            .prop_map(|(percent, weight)| Base::PercentageOfBudget { percent: BasisPoints(percent), weight }),
    ]
}

proptest! {
    #[test]
    fn a_part_of_the_budget_is_split_to_the_penny(
        budget in 0_i64..100_000_000, percent in 0_i32..=10_000, weight in weight(), members in members(),
        adjustments in adjustments(),
    ) {
        let formula = of_budget(percent, weight, adjustments);
        let shares = match share_costs(Pence(budget), &formula, &members, year()) {
            Err(FormulaError::NobodyCarries) => return Ok(()),
            shares => shares.unwrap(),
        };
        let anybody = shares.members.iter().any(|member| {
            member.share.contribution().is_some_and(|c| matches!(c.steps[0].what, What::PartOfBudget(_)))
        });
        let carried = if anybody { BasisPoints(percent).of(Pence(budget)).unwrap() } else { Pence::ZERO };
        prop_assert_eq!(shares.total().checked_add(shares.in_kind()).unwrap(), carried);
        prop_assert_eq!(shares.standing(), Standing::Final);
    }

    #[test]
    fn what_is_agreed_is_paid_and_the_others_make_up_the_difference(
        budget in 0_i64..100_000_000, percent in 0_i32..=10_000, weight in weight(), members in members(),
        adjustments in adjustments(), agreed in prop::collection::vec(prop::option::of(0_i64..3_000_000), 30),
    ) {
        let mut members = members;
        for (member, amount) in members.iter_mut().zip(agreed) {
            member.agreed = amount.map(|amount| Agreed { amount: Pence(amount), reason: "It hosts".to_owned() });
        }
        let agreed = |member: &MemberBasis| member.agreed.as_ref().map(|agreed| agreed.amount);
        let sum = Pence::try_sum(members.iter().filter_map(agreed)).unwrap();
        let carried = BasisPoints(percent).of(Pence(budget)).unwrap();
        let formula = of_budget(percent, weight, adjustments);
        let shares = match share_costs(Pence(budget), &formula, &members, year()) {
            Err(FormulaError::NobodyCarries) => return Ok(()),
            Err(error) => {
                prop_assert!(sum > carried, "{}", error);
                return Ok(());
            }
            Ok(shares) => shares,
        };
        for (member, share) in members.iter().zip(&shares.members) {
            if let Some(amount) = agreed(member) {
                prop_assert_eq!(share.share.amount(), Some(amount));
                prop_assert!(share.share.explain(shares.year, &Wording::default()).contains("agreed with your school: It hosts."));
            }
        }
        let anybody = shares.members.iter().any(|member| {
            member.share.contribution().is_some_and(|c| matches!(c.steps[0].what, What::PartOfBudget(_)))
        });
        prop_assert_eq!(
            shares.total().checked_add(shares.in_kind()).unwrap(),
            if anybody { carried } else { sum }
        );
    }

    #[test]
    fn every_share_is_the_sum_of_its_steps_and_explains_itself(
        base in base(), adjustments in adjustments(), members in members(), budget in 0_i64..100_000_000,
        forgotten in any::<prop::sample::Index>(),
    ) {
        let mut members = members;
        let at = forgotten.index(members.len());
        members[at].roll = None;
        let formula = Formula { base, adjustments, rounding: Rounding::Penny };
        prop_assert_eq!(formula.problems(), []);
        let Ok(shares) = share_costs(Pence(budget), &formula, &members, year()) else { return Ok(()) };
        for member in &shares.members {
            let text = member.share.explain(shares.year, &Wording::default());
            let brief = member.share.brief();
            prop_assert!(brief.chars().count() <= 200 && brief.len() < text.len(), "{}", brief);
            prop_assert!(brief.starts_with(|first: char| first == '£' || first.is_ascii_digit() || first.is_uppercase()));
            prop_assert!(!brief.contains("your") && !brief.ends_with('.') && !brief.contains("  "), "{}", brief);
            let Some(contribution) = member.share.contribution() else {
                prop_assert_eq!(brief, "Not known yet");
                prop_assert!(text.contains("cannot be worked out yet"));
                continue;
            };
            prop_assert!(text.contains(&contribution.amount.to_string()), "{}", text);
            prop_assert!(text.ends_with('.') && !text.contains("  ") && !text.contains(".."), "{}", text);
            prop_assert!(contribution.amount >= Pence::ZERO);
            let mut so_far = Pence::ZERO;
            for step in &contribution.steps {
                prop_assert_eq!(step.before, so_far);
                so_far = step.after;
            }
            prop_assert_eq!(contribution.amount, so_far);
            let is_told = |step: &Step| match &step.what {
                What::Pupils { roll, .. } => brief.contains(&thousands(roll.pupils.into())),
                What::Floor | What::Cap | What::Flat => brief.contains(&step.after.to_string()),
                What::PartYear { part } => brief.contains(&format!("for {part}")),
                What::TrustDiscount(_) | What::InKind { .. } => {
                    brief.contains(&Pence(step.before.0 - step.after.0).to_string())
                }
                What::PartOfBudget(part) => brief.contains(&part.to_split.to_string()),
                _ => true,
            };
            prop_assert!(contribution.steps.iter().all(is_told), "{}", brief);
            let stored = serde_json::to_string(&member.share).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Share>(&stored).unwrap(), &member.share);
        }
        for difference in compare(&shares, &shares).members {
            prop_assert!(difference.change().is_none_or(|change| change == Pence::ZERO));
        }
    }

    #[test]
    fn more_pupils_never_pay_less_and_stay_within_floor_and_cap(
        base_fee in 0_i64..100_000, price in 0_i64..50_000, floor in 0_i64..200_000, above in 0_i64..200_000,
        pupils in 1_u32..3_000, more in 0_u32..3_000,
    ) {
        let limits = Pence(floor)..=Pence(floor + above);
        let formula = Formula {
            base: Base::PerPupil {
                base_fee: Pence(base_fee),
                per_pupil: UnitPrice(price),
                floor: Some(*limits.start()),
                cap: Some(*limits.end()),
            },
            adjustments: vec![],
            rounding: Rounding::Penny,
        };
        let members = [school(1, pupils), school(2, pupils + more)];
        let shares = share_costs(Pence(0), &formula, &members, year()).unwrap();
        let amounts: Vec<Pence> = shares.members.iter().filter_map(|m| m.share.amount()).collect();
        prop_assert!(amounts[0] <= amounts[1]);
        prop_assert!(amounts.iter().all(|amount| limits.contains(amount)));
    }
}

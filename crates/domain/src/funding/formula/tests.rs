//! The rules one by one, on schools that nobody runs.

use chrono::NaiveDate;
use uuid::Uuid;

use super::*;
use crate::funding::proration::{Proration, Year};
use crate::ids::MemberId;
use crate::money::{BasisPoints, Pence, UnitPrice};

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn year() -> Year {
    Year::new(day("2026-09-01"), day("2027-08-31")).unwrap()
}

pub(super) fn hedgerow() -> Trust {
    Trust { key: "T1".to_owned(), name: "Hedgerow Learning Trust".to_owned() }
}

pub(super) fn school(number: u16, pupils: u32) -> MemberBasis {
    MemberBasis {
        member: MemberId(Uuid::from_u128(number.into())),
        name: format!("School {number}"),
        phase: Some("Primary".to_owned()),
        roll: Some(RollFact { pupils, census_date: day("2026-01-15"), source: RollSource::Register }),
        trust: None,
        joined: day("2020-09-01"),
        left: None,
        in_kind: Pence::ZERO,
        agreed: None,
    }
}

pub(super) fn county() -> Formula {
    Formula {
        base: Base::PerPupil {
            base_fee: Pence(30_000),
            per_pupil: UnitPrice(17_500),
            floor: Some(Pence(40_000)),
            cap: Some(Pence(80_000)),
        },
        adjustments: vec![],
        rounding: Rounding::Penny,
    }
}

pub(super) fn flat(amount: i64, adjustments: Vec<Adjustment>) -> Formula {
    Formula { base: Base::Flat { amount: Pence(amount) }, adjustments, rounding: Rounding::Penny }
}

pub(super) fn of_budget(percent: i32, weight: Weight, adjustments: Vec<Adjustment>) -> Formula {
    let base = Base::PercentageOfBudget { percent: BasisPoints(percent), weight };
    Formula { base, adjustments, rounding: Rounding::Penny }
}

const BUDGET: Pence = Pence(2_000_000);

fn shared(formula: &Formula, members: &[MemberBasis]) -> Shares {
    share_costs(BUDGET, formula, members, year()).unwrap()
}

fn amounts(formula: &Formula, members: &[MemberBasis]) -> Vec<i64> {
    shared(formula, members).members.iter().map(|m| m.share.amount().map_or(-1, |pence| pence.0)).collect()
}

fn explained(formula: &Formula, member: MemberBasis) -> String {
    let shares = shared(formula, &[member]);
    shares.members[0].share.explain(shares.year, &crate::alliances::Wording::default())
}

#[test]
fn a_price_for_each_pupil_within_floor_and_cap() {
    let members = [school(1, 214), school(2, 40), school(3, 1_200)];
    assert_eq!(amounts(&county(), &members), [67_450, 40_000, 80_000]);
    let shares = shared(&county(), &members);
    assert_eq!(shares.total(), Pence(187_450));
    assert_eq!(shares.balance(), Balance::Shortfall(Pence(1_812_550)));
    assert_eq!(shares.standing(), Standing::Final);
}

#[test]
fn bands_by_roll_and_by_phase() {
    let band = |from, to, amount| RollBand { from, to, amount: Pence(amount) };
    let base = Base::BandedByRoll { bands: vec![band(200, None, 600), band(0, Some(199), 300)] };
    let by_roll = Formula { base, ..county() };
    assert_eq!(amounts(&by_roll, &[school(1, 199), school(2, 200), school(3, 5_000)]), [300, 600, 600]);

    let bands = vec![PhaseBand { phase: " primary".to_owned(), amount: Pence(500) }];
    let by_phase = Formula { base: Base::BandedByPhase { bands }, ..county() };
    let special = MemberBasis { phase: Some("Special".to_owned()), ..school(2, 90) };
    let shares = shared(&by_phase, &[school(1, 100), special]);
    assert_eq!(shares.members[0].share.amount(), Some(Pence(500)));
    let asked = Question::Phase { phase: Some("Special".to_owned()) };
    assert_eq!(shares.members[1].share, Share::Question(asked));
    assert_eq!(shares.standing(), Standing::SomeOpen { questions: 1 });
}

#[test]
fn a_missing_or_empty_roll_is_a_question_and_never_nothing() {
    let unknown = MemberBasis { roll: None, ..school(2, 0) };
    let shares = shared(&county(), &[school(1, 214), unknown.clone(), school(3, 0)]);
    assert_eq!(shares.members[0].share.amount(), Some(Pence(67_450)));
    assert_eq!(shares.members[1].share, Share::Question(Question::Roll));
    assert_eq!(
        shares.members[2].share,
        Share::Question(Question::EmptyRoll { census_date: day("2026-01-15") })
    );
    assert_eq!(shares.standing(), Standing::SomeOpen { questions: 2 });
    assert_eq!(amounts(&flat(5_000, vec![]), &[unknown]), [5_000]);
}

#[test]
fn a_budget_by_roll_with_a_missing_roll_gives_estimates_only() {
    let formula = of_budget(8_000, Weight::Roll, vec![]);
    let unknown = MemberBasis { roll: None, ..school(3, 0) };
    let shares = shared(&formula, &[school(1, 100), school(2, 300), unknown]);
    assert_eq!(shares.standing(), Standing::NoneFinal { questions: 1 });
    assert!(matches!(&shares.members[0].share, Share::Estimate(c) if c.amount == Pence(400_000)));
    assert!(
        shares.members[0].share.explain(year(), &crate::alliances::Wording::default()).contains("not final")
    );

    let known = shared(&formula, &[school(1, 100), school(2, 300), school(3, 1)]);
    assert_eq!(known.standing(), Standing::Final);
    assert_eq!(known.total(), Pence(1_600_000));
}

#[test]
fn part_years_and_trusts_make_a_weight_smaller_but_not_the_total() {
    let adjustments = vec![
        Adjustment::PartYear { by: Proration::ByMonth },
        Adjustment::TrustDiscount { percent: BasisPoints(5_000), schools: TrustRule::SecondAndLater },
    ];
    let formula = of_budget(10_000, Weight::Equal, adjustments);
    let trust = |member: MemberBasis| MemberBasis { trust: Some(hedgerow()), ..member };
    let late = MemberBasis { joined: day("2027-03-01"), ..school(2, 1) };
    assert_eq!(amounts(&formula, &[school(1, 1), late.clone()]), [1_333_333, 666_667]);
    assert_eq!(amounts(&formula, &[trust(school(1, 1)), trust(late)]), [1_600_000, 400_000]);
}

#[test]
fn an_agreed_amount_comes_out_of_the_budget_first() {
    let agreed = Agreed { amount: Pence(500_000), reason: "It hosts the office.".to_owned() };
    let host = MemberBasis { agreed: Some(agreed), roll: None, ..school(1, 0) };
    let formula = of_budget(10_000, Weight::Roll, vec![]);
    assert_eq!(
        amounts(&formula, &[host.clone(), school(2, 100), school(3, 200)]),
        [500_000, 500_000, 1_000_000]
    );
    let shares = shared(&formula, std::slice::from_ref(&host));
    assert_eq!(shares.balance(), Balance::Shortfall(Pence(1_500_000)));
    let small = of_budget(1_000, Weight::Roll, vec![]);
    assert_eq!(
        share_costs(BUDGET, &small, &[host.clone(), school(2, 1)], year()),
        Err(FormulaError::AgreedAboveBudget { agreed: Pence(500_000), carried: Pence(200_000) })
    );
    assert_eq!(
        explained(&formula, host),
        "Your school’s contribution for September 2026 to August 2027 is £5,000.00. This amount was agreed \
         with your school: It hosts the office."
    );
}

#[test]
fn the_first_school_of_a_trust_is_the_one_that_joined_first() {
    let discount =
        |schools| flat(10_000, vec![Adjustment::TrustDiscount { percent: BasisPoints(1_000), schools }]);
    let trust = |number, joined: &str| MemberBasis {
        trust: Some(hedgerow()),
        joined: day(joined),
        ..school(number, 100)
    };
    let members = [trust(1, "2024-01-01"), trust(2, "2021-01-01"), trust(3, "2021-01-01"), school(4, 1)];
    assert_eq!(amounts(&discount(TrustRule::SecondAndLater), &members), [9_000, 10_000, 9_000, 10_000]);
    let of_three = discount(TrustRule::AllOfTrustsWith { at_least: 3 });
    assert_eq!(amounts(&of_three, &members), [9_000, 9_000, 9_000, 10_000]);
    // A school that had left before the year is no longer one of the three.
    let left = MemberBasis { left: Some(day("2026-08-31")), ..trust(1, "2020-01-01") };
    let members = [left, members[1].clone(), members[2].clone()];
    assert_eq!(amounts(&of_three, &members), [0, 10_000, 10_000]);
}

#[test]
fn what_is_given_in_kind_comes_off_within_its_limits() {
    let formula = |cap: Option<i64>, floor| {
        flat(50_000, vec![Adjustment::InKind { cap: cap.map(Pence), floor: Pence(floor) }])
    };
    let giver = |pence| MemberBasis { in_kind: Pence(pence), ..school(1, 100) };
    assert_eq!(amounts(&formula(None, 0), &[giver(12_000)]), [38_000]);
    assert_eq!(amounts(&formula(None, 0), &[giver(99_000)]), [0]);
    assert_eq!(amounts(&formula(Some(20_000), 0), &[giver(99_000)]), [30_000]);
    assert_eq!(amounts(&formula(None, 45_000), &[giver(99_000)]), [45_000]);
    assert_eq!(amounts(&formula(None, 60_000), &[giver(99_000)]), [50_000]);
    let shares = shared(
        &formula(Some(20_000), 0),
        &[giver(99_000), MemberBasis { in_kind: Pence(1), ..school(2, 100) }],
    );
    assert_eq!(shares.in_kind(), Pence(20_001));
}

#[test]
fn adjustments_apply_in_the_order_listed() {
    let part_year = Adjustment::PartYear { by: Proration::ByMonth };
    let in_kind = Adjustment::InKind { cap: None, floor: Pence::ZERO };
    let member = MemberBasis { joined: day("2027-03-01"), in_kind: Pence(1_000), ..school(1, 100) };
    assert_eq!(amounts(&flat(10_000, vec![part_year, in_kind]), std::slice::from_ref(&member)), [4_000]);
    assert_eq!(amounts(&flat(10_000, vec![in_kind, part_year]), &[member]), [4_500]);
}

#[test]
fn members_outside_the_year_pay_nothing_and_crossed_dates_are_asked() {
    let gone = MemberBasis { left: Some(day("2026-08-31")), ..school(1, 100) };
    let coming = MemberBasis { joined: day("2027-09-01"), ..school(2, 100) };
    let crossed = MemberBasis { left: Some(day("2020-08-31")), ..school(3, 100) };
    let shares = shared(&flat(10_000, vec![]), &[gone, coming, crossed]);
    assert_eq!(shares.total(), Pence::ZERO);
    assert!(matches!(shares.members[2].share, Share::Question(Question::Dates { .. })));
}

#[test]
fn whole_pounds_come_last() {
    let formula = Formula { rounding: Rounding::WholePounds, ..county() };
    assert_eq!(amounts(&formula, &[school(1, 214), school(2, 213)]), [67_500, 67_300]);
}

#[test]
fn what_cannot_be_shared_says_why() {
    let shared = |budget, members: &[MemberBasis]| {
        share_costs(Pence(budget), &county(), members, year()).unwrap_err().to_string()
    };
    assert_eq!(shared(1, &[]), "there are no members to share the costs");
    assert_eq!(shared(-1, &[school(1, 1)]), "the budget must not be negative");
    assert_eq!(shared(1, &[school(1, 1), school(1, 1)]), "School 1 is listed twice");
    let taker = MemberBasis { in_kind: Pence(-1), ..school(1, 1) };
    assert_eq!(
        shared(1, &[taker]),
        "what School 1 gives in kind, or has agreed to pay, must not be negative"
    );
    let weights = vec![
        PhaseWeight { phase: "Primary".to_owned(), weight: 0 },
        PhaseWeight { phase: "Secondary".to_owned(), weight: 1 },
    ];
    let formula = of_budget(10_000, Weight::Phase { weights }, vec![]);
    assert_eq!(share_costs(BUDGET, &formula, &[school(1, 1)], year()), Err(FormulaError::NobodyCarries));
    for dear in [i64::MAX, Pence::LARGEST.0 + 1] {
        let outcome = share_costs(BUDGET, &flat(dear, vec![]), &[school(1, 1)], year());
        assert_eq!(outcome, Err(FormulaError::TooLarge));
    }
    assert!(share_costs(BUDGET, &flat(Pence::LARGEST.0, vec![]), &[school(1, 1)], year()).is_ok());
}

#[test]
fn two_formulas_side_by_side_with_the_largest_rise_first() {
    let unknown = MemberBasis { roll: None, ..school(4, 0) };
    let members = [school(1, 40), school(2, 1_200), school(3, 214), unknown];
    let (before, after) = (shared(&flat(60_000, vec![]), &members), shared(&county(), &members[..]));
    let mut comparison = compare(&before, &after);
    comparison.sort_by_rise();
    let changes: Vec<_> =
        comparison.members.iter().map(|d| (d.name.as_str(), d.change().map(|c| c.0))).collect();
    assert_eq!(
        changes,
        [
            ("School 2", Some(20_000)),
            ("School 3", Some(7_450)),
            ("School 1", Some(-20_000)),
            ("School 4", None)
        ]
    );
    assert_eq!(comparison.change(), Pence(187_450 - 240_000));

    let fewer = shared(&county(), &members[1..2]);
    let comparison = compare(&before, &fewer);
    let sides: Vec<_> = comparison.members.iter().map(|d| (d.name.as_str(), d.after.is_some())).collect();
    assert_eq!(sides, [("School 2", true), ("School 1", false), ("School 3", false), ("School 4", false)]);
}

//! The paragraphs as heads read them.

use super::tests::{county, day, flat, hedgerow, of_budget, school, year};
use super::*;
use crate::alliances::Wording;

fn explained(formula: &Formula, members: &[MemberBasis]) -> String {
    let shares = share_costs(Pence(2_000_000), formula, members, year()).unwrap();
    shares.members[0].share.explain(shares.year, &Wording::default())
}

#[test]
fn fees() {
    insta::assert_snapshot!(explained(&county(), &[school(1, 214)]), @"Your school’s contribution for September 2026 to August 2027 is £674.50. It is £300.00 for every member plus £1.75 for each of your 214 pupils (January 2026 census).");
    insta::assert_snapshot!(explained(&county(), &[school(1, 1)]), @"Your school’s contribution for September 2026 to August 2027 is £400.00. It is £300.00 for every member plus £1.75 for your 1 pupil (January 2026 census), which comes to £301.75. The least that any member pays for a whole year is £400.00, so that applies.");
    insta::assert_snapshot!(explained(&county(), &[school(1, 1_214)]), @"Your school’s contribution for September 2026 to August 2027 is £800.00. It is £300.00 for every member plus £1.75 for each of your 1,214 pupils (January 2026 census), which comes to £2,424.50. The most that any member pays for a whole year is £800.00, so that applies.");
    insta::assert_snapshot!(explained(&flat(50_000, vec![]), &[school(1, 1)]), @"Your school’s contribution for September 2026 to August 2027 is £500.00. Every member pays the same £500.00 for a whole year.");
    let bands = vec![
        RollBand { from: 0, to: Some(199), amount: Pence(30_000) },
        RollBand { from: 200, to: None, amount: Pence(60_000) },
    ];
    let banded = Formula { base: Base::BandedByRoll { bands }, ..county() };
    insta::assert_snapshot!(explained(&banded, &[school(1, 214)]), @"Your school’s contribution for September 2026 to August 2027 is £600.00. Members with 200 pupils or more pay £600.00 for a whole year, and your school has 214 pupils (January 2026 census).");
    let bands = vec![PhaseBand { phase: "Primary".to_owned(), amount: Pence(30_000) }];
    let banded = Formula { base: Base::BandedByPhase { bands }, ..county() };
    insta::assert_snapshot!(explained(&banded, &[school(1, 214)]), @"Your school’s contribution for September 2026 to August 2027 is £300.00. Members of the phase “Primary” pay £300.00 for a whole year.");
}

#[test]
fn adjustments() {
    let adjustments = vec![
        Adjustment::TrustDiscount {
            percent: BasisPoints(1_000),
            schools: TrustRule::AllOfTrustsWith { at_least: 2 },
        },
        Adjustment::InKind { cap: Some(Pence(20_000)), floor: Pence(10_000) },
        Adjustment::PartYear { by: Proration::ByDay },
    ];
    let trust = |number| MemberBasis { trust: Some(hedgerow()), ..school(number, 214) };
    let first = MemberBasis {
        in_kind: Pence(25_000),
        joined: day("2026-11-02"),
        left: Some(day("2027-07-21")),
        ..trust(1)
    };
    let formula = Formula { adjustments, rounding: Rounding::WholePounds, ..county() };
    insta::assert_snapshot!(explained(&formula, &[first, trust(2)]), @"Your school’s contribution for September 2026 to August 2027 is £292.00. It is £300.00 for every member plus £1.75 for each of your 214 pupils (January 2026 census), which comes to £674.50. Your school has 10% off (£67.45) as one of 2 schools of Hedgerow Learning Trust, which leaves £607.05. Of the £250.00 that your school gives in kind, £200.00 can be taken off, which leaves £407.05. Your school is charged for 262 of 365 days, as its membership begins on 2 November 2026 and ends on 21 July 2027, which leaves £292.18. It is rounded to whole pounds.");
    let gone = MemberBasis { left: Some(day("2026-08-31")), ..school(1, 214) };
    insta::assert_snapshot!(explained(&formula, &[gone]), @"Your school’s contribution for September 2026 to August 2027 is £0.00. Your school is not one of the members in this year.");
}

#[test]
fn parts_of_the_budget() {
    let unknown = MemberBasis { roll: None, ..school(9, 0) };
    let by_roll = of_budget(8_000, Weight::Roll, vec![]);
    insta::assert_snapshot!(explained(&by_roll, &[school(1, 214), school(2, 900), unknown]), @"Your school’s contribution for September 2026 to August 2027 is estimated at £3,073.61. Members together carry 80% of the budget of £20,000.00, which is £16,000.00. They share it by number of pupils, and your school has 214 pupils (January 2026 census). Your school’s part is 19.21%. The amount is not final: for some members a figure is not known yet, and once it is, those members carry their part and yours should fall.");
    let adjustments = vec![
        Adjustment::PartYear { by: Proration::ByMonth },
        Adjustment::TrustDiscount { percent: BasisPoints(2_500), schools: TrustRule::SecondAndLater },
    ];
    let trust = |number| MemberBasis { trust: Some(hedgerow()), ..school(number, 214) };
    let late = MemberBasis { joined: day("2027-01-10"), ..trust(1) };
    let agreed = Agreed { amount: Pence(100_000), reason: String::new() };
    let host = MemberBasis { agreed: Some(agreed), ..school(3, 1) };
    let equally = of_budget(10_000, Weight::Equal, adjustments);
    insta::assert_snapshot!(explained(&equally, &[late, trust(2), host]), @"Your school’s contribution for September 2026 to August 2027 is £6,333.33. Members together carry the budget of £20,000.00, of which £19,000.00 is left after amounts agreed with particular members. They share it equally (2 in all). Your school counts for less: 8 of 12 months, as its membership begins on 10 January 2027; 25% less as a second or later school of Hedgerow Learning Trust. Your school’s part is 33.33%.");
    let weights = vec![PhaseWeight { phase: "Primary".to_owned(), weight: 2 }];
    let by_phase = of_budget(10_000, Weight::Phase { weights }, vec![]);
    insta::assert_snapshot!(explained(&by_phase, &[school(1, 1)]), @"Your school’s contribution for September 2026 to August 2027 is £20,000.00. Members together carry the budget of £20,000.00. They share it by phase, where the phase “Primary” has the weight 2. Your school’s part is 100%.");
}

fn brief(formula: &Formula, members: &[MemberBasis]) -> String {
    share_costs(Pence(2_000_000), formula, members, year()).unwrap().members[0].share.brief()
}

#[test]
fn a_few_words_for_the_office() {
    insta::assert_snapshot!(brief(&county(), &[school(1, 214)]), @"£300.00 plus £1.75 for each of 214 pupils");
    insta::assert_snapshot!(brief(&county(), &[school(1, 1)]), @"£300.00 plus £1.75 for 1 pupil; raised to the minimum of £400.00");
    insta::assert_snapshot!(brief(&county(), &[school(1, 1_214)]), @"£300.00 plus £1.75 for each of 1,214 pupils; lowered to the maximum of £800.00");
    insta::assert_snapshot!(brief(&flat(50_000, vec![]), &[school(1, 1)]), @"£500.00, the same for everybody");
    let bands = vec![
        RollBand { from: 0, to: Some(199), amount: Pence(30_000) },
        RollBand { from: 200, to: None, amount: Pence(60_000) },
    ];
    let banded = Formula { base: Base::BandedByRoll { bands }, ..county() };
    insta::assert_snapshot!(brief(&banded, &[school(1, 214)]), @"£600.00 for 200 pupils or more, with 214 pupils");
    let bands = vec![PhaseBand { phase: "Primary".to_owned(), amount: Pence(30_000) }];
    insta::assert_snapshot!(brief(&Formula { base: Base::BandedByPhase { bands }, ..county() }, &[school(1, 214)]), @"£300.00 for the phase “Primary”");

    let adjustments = vec![
        Adjustment::TrustDiscount {
            percent: BasisPoints(1_000),
            schools: TrustRule::AllOfTrustsWith { at_least: 2 },
        },
        Adjustment::InKind { cap: Some(Pence(20_000)), floor: Pence(10_000) },
        Adjustment::PartYear { by: Proration::ByDay },
    ];
    let trust = |number| MemberBasis { trust: Some(hedgerow()), ..school(number, 214) };
    let first = MemberBasis { in_kind: Pence(25_000), joined: day("2026-11-02"), ..trust(1) };
    let formula = Formula { adjustments, rounding: Rounding::WholePounds, ..county() };
    insta::assert_snapshot!(brief(&formula, &[first, trust(2)]), @"£300.00 plus £1.75 for each of 214 pupils; 10% (£67.45) off for Hedgerow Learning Trust; £200.00 off for gifts in kind of £250.00; for 303 of 365 days; rounded to whole pounds");
    let gone = MemberBasis { left: Some(day("2026-08-31")), ..school(1, 214) };
    insta::assert_snapshot!(brief(&formula, &[gone]), @"Not in this year");

    let agreed = |reason: &str| {
        let agreed = Agreed { amount: Pence(100_000), reason: reason.to_owned() };
        MemberBasis { agreed: Some(agreed), ..school(1, 1) }
    };
    insta::assert_snapshot!(brief(&formula, &[agreed("It hosts the office.")]), @"Agreed: It hosts the office");
    insta::assert_snapshot!(brief(&formula, &[agreed("")]), @"Agreed in place of the rule");
    let unknown = MemberBasis { roll: None, ..school(9, 0) };
    let by_roll = of_budget(8_000, Weight::Roll, vec![]);
    insta::assert_snapshot!(brief(&by_roll, &[school(1, 214), school(2, 900), unknown.clone()]), @"19.21% of £16,000.00, shared by pupils, with 214 pupils; an estimate");
    insta::assert_snapshot!(brief(&by_roll, &[unknown]), @"Not known yet");
    let adjustments = vec![
        Adjustment::PartYear { by: Proration::ByMonth },
        Adjustment::TrustDiscount { percent: BasisPoints(2_500), schools: TrustRule::SecondAndLater },
    ];
    let late = MemberBasis { joined: day("2027-01-10"), ..trust(1) };
    insta::assert_snapshot!(brief(&of_budget(10_000, Weight::Equal, adjustments), &[late, trust(2)]), @"33.33% of £20,000.00, shared equally, for 8 of 12 months, 25% less for its trust");
    let weights = vec![PhaseWeight { phase: "Primary".to_owned(), weight: 2 }];
    insta::assert_snapshot!(brief(&of_budget(10_000, Weight::Phase { weights }, vec![]), &[school(1, 1)]), @"100% of £20,000.00, shared by phase, “Primary” with the weight 2");
}

#[test]
fn an_alliance_reads_its_own_word() {
    let shares = share_costs(Pence(2_000_000), &county(), &[school(1, 1)], year()).unwrap();
    let wording = Wording { member: "academy".to_owned(), ..Wording::default() };
    insta::assert_snapshot!(shares.members[0].share.explain(shares.year, &wording), @"Your school’s contribution for September 2026 to August 2027 is £400.00. It is £300.00 for every academy plus £1.75 for your 1 pupil (January 2026 census), which comes to £301.75. The least that any academy pays for a whole year is £400.00, so that applies.");
    let shares =
        share_costs(Pence(2_000_000), &of_budget(10_000, Weight::Equal, vec![]), &[school(1, 1)], year());
    let shares = shares.unwrap();
    insta::assert_snapshot!(shares.members[0].share.explain(shares.year, &wording), @"Your school’s contribution for September 2026 to August 2027 is £20,000.00. Academies together carry the budget of £20,000.00. They share it equally (1 in all). Your school’s part is 100%.");
}

#[test]
fn questions() {
    let bands = vec![PhaseBand { phase: "Primary".to_owned(), amount: Pence(30_000) }];
    let banded = Formula { base: Base::BandedByPhase { bands }, ..county() };
    let asked = |formula: &Formula, member: MemberBasis| {
        let shares = share_costs(Pence(2_000_000), formula, &[member], year()).unwrap();
        let Share::Question(question) = &shares.members[0].share else { panic!("no question") };
        let head = shares.members[0].share.explain(shares.year, &Wording::default());
        format!("{} | {}", head.split_once(": ").unwrap().1, question.ask(&shares.members[0].name))
    };
    let unknown = MemberBasis { roll: None, ..school(1, 0) };
    insta::assert_snapshot!(asked(&county(), unknown), @"it depends on the number of your pupils, which we do not know. | How many pupils does School 1 have? No number is known, and its contribution depends on it.");
    insta::assert_snapshot!(asked(&county(), school(1, 0)), @"it depends on the number of your pupils, which we do not know. | How many pupils does School 1 have? The count for January 2026 says none, which is usual for a school that has just opened or changed its number.");
    let special = MemberBasis { phase: Some("Special".to_owned()), ..school(1, 1) };
    insta::assert_snapshot!(asked(&banded, special), @"it depends on the phase of your school, for which nothing is settled. | What does School 1 pay? The formula does not name its phase, “Special”.");
    insta::assert_snapshot!(asked(&banded, MemberBasis { phase: None, ..school(1, 1) }), @"it depends on the phase of your school, for which nothing is settled. | Which phase is School 1? None is known, and its contribution depends on it.");
    let crossed = MemberBasis { left: Some(day("2020-08-31")), ..school(1, 1) };
    insta::assert_snapshot!(asked(&banded, crossed), @"the dates of your membership are not clear. | When was School 1 a member? Its last day, 31 August 2020, is before its first, 1 September 2020.");
}

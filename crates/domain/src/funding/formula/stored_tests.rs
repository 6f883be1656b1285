//! What is stored must decode for ever, and what is wrong must be said.

use super::tests::county;
use super::*;

/// Formulas as they were stored. Add lines; never change one.
const STORED: [&str; 7] = [
    r#"{"base":{"kind":"flat","amount":50000},"rounding":"whole_pounds"}"#,
    r#"{"base":{"kind":"per_pupil","per_pupil":17500}}"#,
    r#"{"base":{"kind":"per_pupil","base_fee":30000,"per_pupil":17500,"floor":40000,"cap":null}}"#,
    r#"{"base":{"kind":"banded_by_roll","bands":[{"from":0,"to":199,"amount":1},{"from":200,"amount":2}]}}"#,
    r#"{"base":{"kind":"banded_by_phase","bands":[{"phase":"Primary","amount":1}]},"adjustments":[
        {"kind":"trust_discount","percent":1000,"schools":{"which":"second_and_later"}},
        {"kind":"in_kind"},{"kind":"part_year","by":"by_day"}]}"#,
    r#"{"base":{"kind":"percentage_of_budget","percent":8000,"weight":{"by":"roll"}},"adjustments":[
        {"kind":"trust_discount","percent":1000,"schools":{"which":"all_of_trusts_with","at_least":3}},
        {"kind":"in_kind","cap":20000,"floor":10000},{"kind":"part_year","by":"by_month"}]}"#,
    r#"{"base":{"kind":"percentage_of_budget","percent":8000,
        "weight":{"by":"phase","weights":[{"phase":"Primary","weight":1}]}},"rounding":"penny"}"#,
];

/// Steps of agreed shares as they were stored. Add lines; never change one.
const STORED_STEPS: [&str; 19] = [
    r#"{"kind":"not_in_year"}"#,
    r#"{"kind":"agreed","reason":"It hosts the office."}"#,
    r#"{"kind":"flat"}"#,
    r#"{"kind":"base_fee"}"#,
    r#"{"kind":"pupils","per_pupil":17500,
        "roll":{"pupils":9,"census_date":"2026-01-15","source":"register"}}"#,
    r#"{"kind":"floor"}"#,
    r#"{"kind":"cap"}"#,
    r#"{"kind":"roll_band","from":1,"to":null,
        "roll":{"pupils":9,"census_date":"2026-01-15","source":"school"}}"#,
    r#"{"kind":"phase_band","phase":"Primary"}"#,
    r#"{"kind":"part_of_budget","budget":2,"percent":8000,"to_split":1,"by":{"kind":"equal"},"part":null,
        "discount":null,"weight":1,"all_weights":2,"members":2}"#,
    r#"{"kind":"part_of_budget","budget":2,"percent":8000,"to_split":1,
        "by":{"kind":"roll","pupils":214,"census_date":"2026-01-15","source":"register"},
        "part":{"counted":8,"of":12,"unit":"month","joined":"2027-01-10","left":null},
        "discount":{"percent":1000,"because":{"kind":"later_school"}},
        "weight":1,"all_weights":2,"members":2}"#,
    r#"{"kind":"part_of_budget","budget":2,"percent":8000,"to_split":1,
        "by":{"kind":"phase","phase":"Primary","weight":2},"part":null,"discount":null,
        "weight":18446744073709551615,"all_weights":18446744073709551615,"members":1}"#,
    r#"{"kind":"part_year","part":{"counted":8,"of":365,"unit":"day","joined":null,"left":"2027-01-10"}}"#,
    r#"{"kind":"trust_discount","percent":1000,"because":{"kind":"later_school"}}"#,
    r#"{"kind":"trust_discount","percent":1000,"because":{"kind":"trust_of","schools":3}}"#,
    r#"{"kind":"in_kind","given":12000}"#,
    r#"{"kind":"whole_pounds"}"#,
    r#"{"kind":"pupils","per_pupil":17500,
        "roll":{"pupils":9,"census_date":"2026-01-15","source":{"said":"national register"}}}"#,
    r#"{"kind":"trust_discount","percent":1000,"because":{"kind":"later_school"},"trust":"Hedgerow"}"#,
];

#[test]
fn every_stored_step_decodes_and_is_stored_alike() {
    for stored in STORED_STEPS {
        let what: What = serde_json::from_str(stored).unwrap_or_else(|error| panic!("{stored}: {error}"));
        let stored: serde_json::Value = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_value(&what).unwrap(), stored);
        let contribution = Contribution {
            amount: Pence(1),
            steps: vec![Step { what, before: Pence::ZERO, after: Pence(1) }],
        };
        let text =
            Share::Final(contribution).explain(super::tests::year(), &crate::alliances::Wording::default());
        assert!(text.contains("£0.01") && text.ends_with('.'), "{text}");
    }
}

#[test]
fn every_stored_formula_decodes_and_is_valid() {
    for stored in STORED {
        let formula: Formula =
            serde_json::from_str(stored).unwrap_or_else(|error| panic!("{stored}: {error}"));
        assert_eq!(formula.problems(), [], "{stored}");
        let again = serde_json::from_value(serde_json::to_value(&formula).unwrap()).unwrap();
        assert_eq!(formula, again);
    }
}

#[test]
fn a_rule_that_is_not_known_is_refused() {
    for unknown in [
        r#"{"base":{"kind":"flat","amount":1,"surcharge":5}}"#,
        r#"{"base":{"kind":"flat","amount":1},"surcharge":5}"#,
        r#"{"base":{"kind":"flat","amount":1},"adjustments":[{"kind":"in_kind","unknown":1}]}"#,
        r#"{"base":{"kind":"auction"}}"#,
        r#"{"base":{"kind":"flat","amount":1.5}}"#,
    ] {
        assert!(serde_json::from_str::<Formula>(unknown).is_err(), "{unknown}");
    }
}

fn problems(formula: &Formula) -> Vec<String> {
    formula.problems().iter().map(ToString::to_string).collect()
}

fn banded(bands: &[(u32, Option<u32>)]) -> Vec<String> {
    let bands = bands.iter().map(|(from, to)| RollBand { from: *from, to: *to, amount: Pence(1) }).collect();
    problems(&Formula { base: Base::BandedByRoll { bands }, ..county() })
}

#[test]
fn bands_cover_every_size_once() {
    assert!(banded(&[(200, None), (0, Some(199))]).is_empty());
    assert!(banded(&[(1, Some(1)), (2, None)]).is_empty());
    assert_eq!(banded(&[(0, Some(250)), (200, None)]), ["bands overlap between 200 and 250 pupils"]);
    assert_eq!(banded(&[(0, Some(0)), (0, None)]), ["bands overlap at 0 pupils"]);
    assert_eq!(banded(&[(0, None), (1_000, None)]), ["bands overlap from 1,000 pupils upwards"]);
    assert_eq!(
        banded(&[(50, Some(199)), (201, Some(500))]),
        [
            "no band covers schools with 1 to 49 pupils",
            "no band covers schools with 200 pupils",
            "no band covers schools with 501 pupils or more"
        ]
    );
    assert_eq!(banded(&[(300, Some(200))]), ["a band runs backwards, from 300 to 200 pupils"]);
    assert_eq!(banded(&[(0, None), (1, None)]), ["bands overlap from 1 pupil upwards"]);
    assert_eq!(banded(&[(0, None), (1, Some(1))]), ["bands overlap at 1 pupil"]);
    assert_eq!(banded(&[(0, Some(0))]), ["no band covers schools with 1 pupil or more"]);
    assert_eq!(banded(&[]), ["add at least one band"]);
}

#[test]
fn every_other_problem_is_said_in_words() {
    let negative = Pence(-1);
    let base = Base::PerPupil {
        base_fee: negative,
        per_pupil: UnitPrice(-1),
        floor: Some(Pence(80_000)),
        cap: Some(Pence(40_000)),
    };
    let discount = |percent, schools| Adjustment::TrustDiscount { percent: BasisPoints(percent), schools };
    let adjustments = vec![
        discount(12_000, TrustRule::AllOfTrustsWith { at_least: 1 }),
        discount(1_000, TrustRule::SecondAndLater),
        Adjustment::InKind { cap: Some(negative), floor: negative },
    ];
    assert_eq!(
        problems(&Formula { base, adjustments, rounding: Rounding::Penny }),
        [
            "the fee for every member must not be negative",
            "the price for each pupil must not be negative",
            "the most that a member pays (£400.00) is below the least (£800.00)",
            "the trust discount must be between 0% and 100%, but it is 120%",
            "a discount for trusts with several members needs at least 2 schools",
            "the trust discount is listed twice",
            "the most that is taken off in kind must not be negative",
            "the least that is payable in money must not be negative",
        ]
    );

    let entry = |phase: &str| PhaseWeight { phase: phase.to_owned(), weight: 0 };
    let weights = vec![entry("Primary"), entry("primary "), entry(" "), entry("Sixth\nform")];
    let base = Base::PercentageOfBudget { percent: BasisPoints(-1), weight: Weight::Phase { weights } };
    assert_eq!(
        problems(&Formula { base, adjustments: vec![], rounding: Rounding::WholePounds }),
        [
            "the percentage of the budget must be between 0% and 100%, but it is −0.01%",
            "the phase “primary” is listed twice",
            "a phase has no name",
            "the phase “Sixth form” must be one line of text",
            "give at least one phase a weight above 0, or nobody carries the costs",
            "a share of the budget must add up to the penny, so it cannot be rounded to whole pounds",
        ]
    );
}

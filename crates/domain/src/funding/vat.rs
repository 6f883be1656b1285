//! VAT, decided and rounded per line, with the reason kept beside it.
//!
//! The defaults follow VATA 1994, Schedule 9, Group 6 and HMRC's VAT Education Manual, VATEDU53600 (staff
//! supplied between eligible bodies). They are a starting point: the settings say who supplies, and each
//! budget what its contributions are. An alliance should have its accountant confirm both once.

use serde::{Deserialize, Serialize};

use crate::money::{BasisPoints, Pence};

/// How a line is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VatTreatment {
    /// A supply that bears no VAT by law, such as education by an eligible body.
    Exempt,
    /// No supply at all, such as a grant, or a supplier that is not registered.
    OutsideScope,
    /// A taxable supply at 0%.
    Zero,
    /// A taxable supply at this rate.
    Standard {
        /// In basis points: 2000 is 20%.
        rate: BasisPoints,
    },
}

/// The standard rate since 4 January 2011.
pub const STANDARD_RATE: BasisPoints = BasisPoints(2_000);

impl VatTreatment {
    /// The rate that is charged.
    #[must_use]
    pub fn rate(self) -> BasisPoints {
        match self {
            Self::Standard { rate } => rate,
            Self::Exempt | Self::OutsideScope | Self::Zero => BasisPoints::ZERO,
        }
    }

    /// Whether it is VAT that is charged, which only an invoice with the supplier's VAT number may do.
    #[must_use]
    pub fn is_charged(self) -> bool {
        matches!(self, Self::Standard { .. })
    }

    /// The VAT on one line, rounded half up, away from zero for a credit, so that a credit undoes its line.
    /// `None` where it does not fit.
    #[must_use]
    pub fn on(self, net: Pence) -> Option<Pence> {
        self.rate().of(net)
    }

    /// The stable word under which it is stored and exported.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::OutsideScope => "outside_scope",
            Self::Zero => "zero",
            Self::Standard { .. } => "standard",
        }
    }

    /// The treatment stored as `code` and `rate`; `None` for an unknown code or a rate that cannot be.
    #[must_use]
    pub fn from_code(code: &str, rate: BasisPoints) -> Option<Self> {
        match code {
            "exempt" => Some(Self::Exempt),
            "outside_scope" => Some(Self::OutsideScope),
            "zero" => Some(Self::Zero),
            "standard" => Some(Self::Standard { rate }),
            _ => None,
        }
        .filter(|treatment| treatment.rate() == rate && rate >= BasisPoints::ZERO)
    }
}

/// A treatment with the reason that is kept with the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VatDecision {
    /// How the line is treated.
    #[serde(flatten)]
    pub treatment: VatTreatment,
    /// Why, for the finance lead and an inspector.
    pub reason: String,
}

/// Who supplies, for VAT. A maintained school supplies under its local authority's registration, which is an
/// eligible body too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supplier {
    /// A school, academy trust, local authority, university, or a body that may not distribute profit and
    /// puts what it earns by education back into education.
    EligibleBody,
    /// A company that trades, though its owner may be a school.
    TradingCompany,
    /// Anybody who is not registered for VAT.
    NotRegistered,
}

impl Supplier {
    /// Whether it may bill anything that is treated so: whoever is not registered makes no supplies that VAT looks at.
    #[must_use]
    pub fn may_bill(self, treatment: VatTreatment) -> bool {
        self != Self::NotRegistered || treatment == VatTreatment::OutsideScope
    }

    /// One line of this supplier: treated as a person decided of it, where it may bill that, or else as `usual`. `None`
    /// where the sums do not fit.
    #[must_use]
    pub fn bill(self, net: Pence, usual: &VatDecision, decided: Option<VatDecision>) -> Option<BilledLine> {
        let decided = decided.filter(|decided| self.may_bill(decided.treatment));
        let is_overridden = decided.is_some();
        let decision = decided.unwrap_or_else(|| usual.clone());
        let vat = decision.treatment.on(net)?;
        Some(BilledLine { decision, is_overridden, vat, gross: Pence(net.0.checked_add(vat.0)?) })
    }
}

/// One line with its VAT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledLine {
    /// How it is treated, and why.
    pub decision: VatDecision,
    /// Whether that is a person's decision about this line rather than the rule for all.
    pub is_overridden: bool,
    /// The VAT.
    pub vat: Pence,
    /// What is to be paid.
    pub gross: Pence,
}

/// What is supplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// Education or vocational training: courses, programmes, conferences for staff.
    Training,
    /// A teacher, leader or classroom assistant who works for another school.
    TeachingStaff,
    /// Staff for administration and the like.
    OtherStaff,
    /// A member's share of common costs, with nothing supplied to that member in return.
    SharedCosts,
    /// A grant, where the giver gets nothing in return.
    Grant,
    /// Anything else: goods, room hire, consultancy, a subscription that buys benefits.
    Other,
}

/// What the contributions of a year are for VAT, as the alliance and its accountant see them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ContributionKind {
    /// A part of the common costs of a voluntary alliance, with nothing supplied in return.
    #[default]
    SharedCosts,
    /// The price of services that a member buys, such as a subscription with benefits.
    Services,
}

impl ContributionKind {
    /// The stable word under which it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SharedCosts => "shared_costs",
            Self::Services => "services",
        }
    }

    /// The one stored as `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::SharedCosts, Self::Services].into_iter().find(|kind| kind.as_str() == word)
    }

    /// What is supplied.
    #[must_use]
    pub fn supply(self) -> Supply {
        match self {
            Self::SharedCosts => Supply::SharedCosts,
            Self::Services => Supply::Other,
        }
    }
}

/// The usual treatment of a supply, from one school or body to another.
#[must_use]
pub fn usual_treatment(supplier: Supplier, supply: Supply) -> VatDecision {
    let standard = VatTreatment::Standard { rate: STANDARD_RATE };
    let (treatment, reason) = match (supplier, supply) {
        (Supplier::NotRegistered, _) => {
            (VatTreatment::OutsideScope, "The supplier is not registered for VAT, so none is charged.")
        }
        (_, Supply::Grant) => (
            VatTreatment::OutsideScope,
            "A grant pays for no supply to its giver, so it is outside the scope of VAT.",
        ),
        (Supplier::TradingCompany, _) => {
            (standard, "A trading company is not an eligible body, so what it supplies is standard-rated.")
        }
        (Supplier::EligibleBody, Supply::Training) => (
            VatTreatment::Exempt,
            "Education or vocational training by an eligible body is exempt (VATA 1994, Schedule 9, Group 6, \
             item 1).",
        ),
        (Supplier::EligibleBody, Supply::TeachingStaff) => (
            VatTreatment::Exempt,
            "Teaching staff, classroom assistants among them, supplied by one eligible body to another are \
             exempt education (HMRC VATEDU53600).",
        ),
        (Supplier::EligibleBody, Supply::OtherStaff) => (
            standard,
            "Staff for administration and other services are standard-rated, also between eligible bodies \
             (HMRC VATEDU53600).",
        ),
        (Supplier::EligibleBody, Supply::SharedCosts) => (
            VatTreatment::OutsideScope,
            "A contribution to common costs, with nothing supplied to the member in return, is outside the \
             scope of VAT.",
        ),
        (Supplier::EligibleBody, Supply::Other) => {
            (standard, "This is neither education nor closely related to it, so it is standard-rated.")
        }
    };
    VatDecision { treatment, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STANDARD: VatTreatment = VatTreatment::Standard { rate: STANDARD_RATE };

    #[test]
    fn vat_is_rounded_half_up_on_each_line() {
        assert_eq!(STANDARD.on(Pence(12)), Some(Pence(2)));
        assert_eq!(STANDARD.on(Pence(13)), Some(Pence(3)));
        let reduced = VatTreatment::Standard { rate: BasisPoints(500) };
        assert_eq!(reduced.on(Pence(10)), Some(Pence(1)));
        assert_eq!(reduced.on(Pence(9)), Some(Pence(0)));
        for none in [VatTreatment::Exempt, VatTreatment::OutsideScope, VatTreatment::Zero] {
            assert_eq!(none.on(Pence(12_345)), Some(Pence::ZERO));
        }
    }

    #[test]
    fn the_usual_treatments_are_those_of_the_manual() {
        use Supplier::{EligibleBody, NotRegistered, TradingCompany};
        use Supply::{Grant, Other, OtherStaff, SharedCosts, TeachingStaff, Training};
        for (supplier, supply, code) in [
            (EligibleBody, Training, "exempt"),
            (EligibleBody, TeachingStaff, "exempt"),
            (EligibleBody, OtherStaff, "standard"),
            (EligibleBody, SharedCosts, "outside_scope"),
            (EligibleBody, Other, "standard"),
            (EligibleBody, Grant, "outside_scope"),
            (TradingCompany, Training, "standard"),
            (TradingCompany, TeachingStaff, "standard"),
            (TradingCompany, SharedCosts, "standard"),
            (TradingCompany, Grant, "outside_scope"),
            (NotRegistered, OtherStaff, "outside_scope"),
        ] {
            let decision = usual_treatment(supplier, supply);
            assert_eq!(decision.treatment.code(), code, "{supplier:?} {supply:?}");
            assert!(decision.reason.ends_with('.'));
        }
    }

    #[test]
    fn a_decision_about_one_line_goes_before_the_rule() {
        let decided = |treatment| VatDecision { treatment, reason: "Our accountant says so".to_owned() };
        for (supplier, treatment, holds) in [
            (Supplier::EligibleBody, STANDARD, true),
            (Supplier::EligibleBody, VatTreatment::Exempt, true),
            (Supplier::TradingCompany, VatTreatment::OutsideScope, true),
            (Supplier::TradingCompany, VatTreatment::Zero, true),
            // It has deregistered since.
            (Supplier::NotRegistered, STANDARD, false),
            (Supplier::NotRegistered, VatTreatment::Exempt, false),
            (Supplier::NotRegistered, VatTreatment::OutsideScope, true),
        ] {
            let usual = usual_treatment(supplier, Supply::SharedCosts);
            let line = |decided| supplier.bill(Pence(1_000), &usual, decided).unwrap();
            let one = line(Some(decided(treatment)));
            let expected = if holds { decided(treatment) } else { usual.clone() };
            assert_eq!((one.decision, one.is_overridden), (expected, holds), "{supplier:?} {treatment:?}");
            let other = line(None);
            assert_eq!((other.decision, other.is_overridden), (usual.clone(), false));
        }
    }

    #[test]
    fn contributions_are_one_of_two_things() {
        for kind in [ContributionKind::SharedCosts, ContributionKind::Services] {
            assert_eq!(ContributionKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(ContributionKind::parse("other"), None);
        let code =
            |kind: ContributionKind| usual_treatment(Supplier::EligibleBody, kind.supply()).treatment.code();
        assert_eq!(code(ContributionKind::default()), "outside_scope");
        assert_eq!(code(ContributionKind::Services), "standard");
    }

    #[test]
    fn a_stored_treatment_is_read_back_or_refused() {
        for treatment in [VatTreatment::Exempt, VatTreatment::OutsideScope, VatTreatment::Zero, STANDARD] {
            assert_eq!(VatTreatment::from_code(treatment.code(), treatment.rate()), Some(treatment));
            let decision = VatDecision { treatment, reason: "because".to_owned() };
            let json = serde_json::to_string(&decision).unwrap();
            assert_eq!(serde_json::from_str::<VatDecision>(&json).unwrap(), decision);
        }
        assert_eq!(VatTreatment::from_code("exempt", STANDARD_RATE), None);
        assert_eq!(VatTreatment::from_code("standard", BasisPoints(-1)), None);
        assert_eq!(VatTreatment::from_code("other", BasisPoints::ZERO), None);
    }

    fn treatments() -> impl Strategy<Value = VatTreatment> {
        prop_oneof![
            Just(VatTreatment::Exempt),
            Just(VatTreatment::OutsideScope),
            Just(VatTreatment::Zero),
            Just(STANDARD),
        ]
    }

    fn suppliers() -> impl Strategy<Value = Supplier> {
        prop_oneof![
            Just(Supplier::EligibleBody),
            Just(Supplier::TradingCompany),
            Just(Supplier::NotRegistered),
        ]
    }

    proptest! {
        #[test]
        fn net_and_vat_are_the_gross_for_any_mix_of_decisions(
            supplier in suppliers(),
            supply in prop_oneof![Just(Supply::SharedCosts), Just(Supply::Other)],
            lines in prop::collection::vec((1..1_000_000_000_i64, prop::option::of(treatments())), 0..20),
        ) {
            let usual = usual_treatment(supplier, supply);
            let (mut net, mut vat, mut gross) = (0, 0, 0);
            for (pence, treatment) in lines {
                let decided = treatment.map(|treatment| VatDecision { treatment, reason: "Decided".to_owned() });
                let line = supplier.bill(Pence(pence), &usual, decided).unwrap();
                let holds = treatment.filter(|treatment| supplier.may_bill(*treatment));
                prop_assert_eq!(line.is_overridden, holds.is_some());
                prop_assert_eq!(line.decision.treatment, holds.unwrap_or(usual.treatment));
                prop_assert_eq!(&line.decision.reason == "Decided", line.is_overridden);
                // A fifth, half up.
                let expected = if line.decision.treatment == STANDARD { (2 * pence + 5) / 10 } else { 0 };
                prop_assert_eq!(line.vat, Pence(expected));
                (net, vat, gross) = (net + pence, vat + line.vat.0, gross + line.gross.0);
            }
            prop_assert_eq!(net + vat, gross);
            prop_assert!(supplier != Supplier::NotRegistered || vat == 0);
        }

        #[test]
        fn a_credit_undoes_its_line(net in -1_000_000_000_i64..1_000_000_000, rate in 0_i32..10_000) {
            let treatment = VatTreatment::Standard { rate: BasisPoints(rate) };
            let (line, credit) = (treatment.on(Pence(net)).unwrap(), treatment.on(Pence(-net)).unwrap());
            prop_assert_eq!(line.0, -credit.0);
        }
    }
}

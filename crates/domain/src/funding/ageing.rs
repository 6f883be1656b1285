//! How long money has been owed.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::money::Pence;

/// How many days overdue, in the buckets of an aged-debt report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Age {
    /// Today or later.
    NotYetDue,
    /// 1 to 30 days overdue.
    Days1To30,
    /// 31 to 60 days overdue.
    Days31To60,
    /// 61 to 90 days overdue.
    Days61To90,
    /// More than 90 days overdue.
    Over90Days,
}

impl Age {
    /// From the youngest to the oldest.
    pub const ALL: [Self; 5] =
        [Self::NotYetDue, Self::Days1To30, Self::Days31To60, Self::Days61To90, Self::Over90Days];

    /// The age on a day of what is due on another. On its due date nothing is overdue yet.
    #[must_use]
    pub fn on(today: NaiveDate, due: NaiveDate) -> Self {
        match (today - due).num_days() {
            ..=0 => Self::NotYetDue,
            1..=30 => Self::Days1To30,
            31..=60 => Self::Days31To60,
            61..=90 => Self::Days61To90,
            91.. => Self::Over90Days,
        }
    }

    /// The first and the last due date of this age on a day; `None` where there is no bound.
    #[must_use]
    pub fn due_between(self, today: NaiveDate) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let before = |days| today.checked_sub_days(Days::new(days));
        match self {
            Self::NotYetDue => (Some(today), None),
            Self::Days1To30 => (before(30), before(1)),
            Self::Days31To60 => (before(60), before(31)),
            Self::Days61To90 => (before(90), before(61)),
            Self::Over90Days => (None, before(91)),
        }
    }

    /// What a report calls it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::NotYetDue => "Not yet due",
            Self::Days1To30 => "1 to 30 days",
            Self::Days31To60 => "31 to 60 days",
            Self::Days61To90 => "61 to 90 days",
            Self::Over90Days => "Over 90 days",
        }
    }
}

/// What is owed, by age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AgedDebt([Pence; 5]);

impl AgedDebt {
    /// Sums what is owed on a day, each amount with its due date. Disputed invoices are aged apart, by a
    /// second call. `None` where a sum does not fit.
    pub fn on(today: NaiveDate, owed: impl IntoIterator<Item = (NaiveDate, Pence)>) -> Option<Self> {
        let mut debt = Self::default();
        for (due, amount) in owed {
            let bucket = &mut debt.0[Age::on(today, due) as usize];
            *bucket = bucket.checked_add(amount)?;
        }
        // So that neither `total` nor `overdue` can wrap.
        Pence::try_sum(debt.0).and(Pence::try_sum(debt.0[1..].iter().copied())).map(|_| debt)
    }

    /// What is owed of one age.
    #[must_use]
    pub fn of(&self, age: Age) -> Pence {
        self.0[age as usize]
    }

    /// All that is owed.
    #[must_use]
    pub fn total(&self) -> Pence {
        Pence(self.0.iter().map(|amount| amount.0).sum())
    }

    /// What is owed and overdue.
    #[must_use]
    pub fn overdue(&self) -> Pence {
        Pence(self.0[1..].iter().map(|amount| amount.0).sum())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn today() -> NaiveDate {
        "2026-11-24".parse().unwrap()
    }

    #[test]
    fn the_buckets_meet_without_gap_or_overlap() {
        for (overdue, age) in [
            (-1, Age::NotYetDue),
            (0, Age::NotYetDue),
            (1, Age::Days1To30),
            (30, Age::Days1To30),
            (31, Age::Days31To60),
            (60, Age::Days31To60),
            (61, Age::Days61To90),
            (90, Age::Days61To90),
            (91, Age::Over90Days),
            (10_000, Age::Over90Days),
        ] {
            assert_eq!(Age::on(today(), today() - TimeDelta::days(overdue)), age, "{overdue} days");
        }
        assert_eq!(Age::on(NaiveDate::MAX, NaiveDate::MIN), Age::Over90Days);
        for age in Age::ALL {
            let (first, last) = age.due_between(today());
            for bound in [first, last].into_iter().flatten() {
                assert_eq!(Age::on(today(), bound), age);
            }
            assert!(first.is_none_or(|first| Age::on(today(), first - TimeDelta::days(1)) > age));
            assert!(last.is_none_or(|last| Age::on(today(), last + TimeDelta::days(1)) < age));
        }
    }

    #[test]
    fn sums_that_do_not_fit_are_refused() {
        assert_eq!(AgedDebt::on(today(), [(today(), Pence(i64::MAX)); 2]), None);
        let late = today() - TimeDelta::days(1);
        assert_eq!(AgedDebt::on(today(), [(today(), Pence(i64::MAX)), (late, Pence(1))]), None);
    }

    proptest! {
        #[test]
        fn every_penny_is_in_one_bucket(
            owed in prop::collection::vec((-400_i64..400, -1_000_000_i64..1_000_000), 0..50),
        ) {
            let items = owed.iter().map(|(days, pence)| (today() - TimeDelta::days(*days), Pence(*pence)));
            let debt = AgedDebt::on(today(), items).unwrap();
            let sum: i64 = owed.iter().map(|(_, pence)| pence).sum();
            prop_assert_eq!(debt.total(), Pence(sum));
            prop_assert_eq!(Pence::try_sum(Age::ALL.map(|age| debt.of(age))), Some(Pence(sum)));
            let late: i64 = owed.iter().filter(|(days, _)| *days > 0).map(|(_, pence)| pence).sum();
            prop_assert_eq!(debt.overdue(), Pence(late));
        }
    }
}

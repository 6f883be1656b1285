//! Asking for what is soon due, due or overdue: at levels that each alliance sets, with tact, and never for what is
//! paid, held or disputed.

mod plan_reminders;
pub(crate) mod repo;
mod set_reminder_levels;

pub use plan_reminders::{
    LeftOut, LeftOutReason, PlanReminders, PlannedReminder, ReminderPlan, plan_reminders, planned_reminders,
};
pub use set_reminder_levels::{SetReminderLevelsError, set_reminder_levels};

use chrono::{Datelike, NaiveDate, Weekday};

use crate::{
    alliances::ClosedDays,
    error::ReadError,
    funding::bank_holidays::bank_holidays,
    viewer::{Permission, Reading},
};

/// The levels of an alliance that has set none: a week before, on the day, then one, three and six weeks after.
pub const USUAL_LEVELS: [i16; 5] = [-7, 0, 7, 21, 42];

/// The alliance's levels, in days from the due date.
pub async fn reminder_levels(reading: &Reading) -> Result<Vec<i16>, ReadError> {
    let (mut tx, _) = reading.reach(Permission::SeeMoney).await?;
    Ok(repo::levels(&mut tx).await?)
}

/// Whether reminders go on this day: not on weekends, bank holidays and the alliance's closures. What falls on such a
/// day waits for the next working day.
#[must_use]
pub fn is_quiet(date: NaiveDate, closures: &[ClosedDays]) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
        || bank_holidays(date.year(), date.year()).contains(&date)
        || closures.iter().any(|closure| (closure.starts_on..=closure.ends_on).contains(&date))
}

/// The level that an invoice has reached on `today`: the latest whose day has come. Levels of the past that were never
/// sent are passed over, so that nobody gets two reminders on one day. A level whose day was on or before the day of
/// issue is passed over as well: the invoice itself has only just arrived.
#[must_use]
pub fn level_reached(
    levels: &[i16],
    issued_on: NaiveDate,
    due_on: NaiveDate,
    today: NaiveDate,
) -> Option<i16> {
    let days = |level: i16| chrono::TimeDelta::days(level.into());
    levels
        .iter()
        .copied()
        .filter(|level| due_on + days(*level) <= today && due_on + days(*level) > issued_on)
        .max()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn each_level_is_reached_on_its_day() {
        let reached = |today| level_reached(&USUAL_LEVELS, day("2026-10-01"), day("2026-11-02"), day(today));
        assert_eq!(reached("2026-10-25"), None);
        assert_eq!(reached("2026-10-26"), Some(-7));
        assert_eq!(reached("2026-11-01"), Some(-7));
        assert_eq!(reached("2026-11-02"), Some(0));
        assert_eq!(reached("2026-11-09"), Some(7));
        assert_eq!(reached("2027-02-01"), Some(42));
    }

    #[test]
    fn an_invoice_that_is_due_soon_is_not_announced_twice() {
        assert_eq!(
            level_reached(&USUAL_LEVELS, day("2026-11-01"), day("2026-11-05"), day("2026-11-01")),
            None
        );
        assert_eq!(
            level_reached(&USUAL_LEVELS, day("2026-11-05"), day("2026-11-05"), day("2026-11-05")),
            None
        );
    }

    #[test]
    fn reminders_keep_off_weekends_holidays_and_closures() {
        let half_term =
            ClosedDays { name: "Half term".into(), starts_on: day("2026-10-26"), ends_on: day("2026-10-30") };
        let closures = std::slice::from_ref(&half_term);
        for quiet in ["2026-10-25", "2026-10-26", "2026-10-30", "2026-12-25", "2026-12-28"] {
            assert!(is_quiet(day(quiet), closures), "{quiet}");
        }
        assert!(!is_quiet(day("2026-11-02"), closures));
    }

    proptest! {
        #[test]
        fn levels_never_go_back(offset in 0_i64..400) {
            let (issued, due) = (day("2026-09-10"), day("2026-10-12"));
            let today = issued + chrono::TimeDelta::days(offset);
            let tomorrow = today + chrono::TimeDelta::days(1);
            prop_assert!(level_reached(&USUAL_LEVELS, issued, due, today) <= level_reached(&USUAL_LEVELS, issued, due, tomorrow));
        }
    }
}

//! An alliance is never without somebody who can run it.

use chrono::NaiveDate;

use super::repo;
use crate::{db::Tx, error::Internal, viewer::Permission};

/// Whether, after what this transaction has changed, somebody who can sign in may manage members and people on every
/// day from `today` on. The caller holds the alliance, so two changes at once cannot both count on the other's person.
pub(super) async fn is_administered(tx: &mut Tx, today: NaiveDate) -> Result<bool, Internal> {
    let terms = repo::terms_of(tx, Permission::ManageMembers.everywhere(), today).await?;
    Ok(cover_every_day(today, terms))
}

/// Whether terms of a first day and a last one, if any, leave no day out from `today` on.
fn cover_every_day(today: NaiveDate, mut terms: Vec<(NaiveDate, Option<NaiveDate>)>) -> bool {
    terms.sort_unstable();
    let mut uncovered = Some(today);
    for (first, last) in terms {
        match uncovered {
            Some(day) if first <= day => match last {
                None => return true,
                Some(last) if last >= day => uncovered = last.succ_opt(),
                Some(_) => {}
            },
            // The terms that follow begin later still.
            Some(_) => return false,
            None => return true,
        }
    }
    uncovered.is_none()
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    fn day(at: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 24).unwrap() + Days::new(at)
    }

    proptest! {
        /// The same, asked of each day.
        #[test]
        fn no_day_is_left_out(terms in prop::collection::vec((0_u64..12, prop::option::weighted(0.8, 0_u64..6)), 0..6)) {
            let terms: Vec<_> =
                terms.iter().map(|(from, days)| (day(*from), days.map(|days| day(from + days)))).collect();
            let is_held = |date| terms.iter().any(|(from, to)| *from <= date && to.is_none_or(|to| date <= to));
            // Every term that has an end is over by then.
            let every_day = (5..40).map(day).all(is_held);
            prop_assert_eq!(cover_every_day(day(5), terms.clone()), every_day);
        }
    }
}

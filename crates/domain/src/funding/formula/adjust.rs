//! What changes an amount after the fee.

use super::share_costs::{Case, Stop};
use super::shares::{Contribution, What};
use super::{Adjustment, Rounding};
use crate::money::{BasisPoints, Pence};

/// Applies one adjustment; a step is recorded where the member is affected.
pub(super) fn adjust(
    contribution: &mut Contribution,
    adjustment: &Adjustment,
    case: &Case<'_>,
) -> Result<(), Stop> {
    let before = contribution.amount;
    match adjustment {
        Adjustment::PartYear { .. } => {
            if !case.part.is_whole() {
                let after = case.part.of_amount(before).ok_or(Stop::TooLarge)?;
                contribution.step(What::PartYear { part: case.part }, after);
            }
        }
        Adjustment::TrustDiscount { .. } => {
            if let Some(discount) =
                case.discount.clone().filter(|discount| discount.percent > BasisPoints::ZERO)
            {
                let off = discount.percent.of(before).ok_or(Stop::TooLarge)?;
                contribution.step(What::TrustDiscount(discount), Pence(before.0 - off.0));
            }
        }
        Adjustment::InKind { cap, floor } => {
            let given = case.basis.in_kind;
            if given > Pence::ZERO {
                let counted = cap.map_or(given, |cap| cap.min(given));
                let least = before.min(*floor);
                let after = Pence(before.0 - counted.0).max(least);
                contribution.step(What::InKind { given }, after);
            }
        }
    }
    Ok(())
}

/// Rounds at the end; a step is recorded where it changes the amount.
pub(super) fn round(contribution: &mut Contribution, rounding: Rounding) -> Result<(), Stop> {
    if rounding == Rounding::WholePounds {
        let rounded = contribution.amount.to_whole_pounds().ok_or(Stop::TooLarge)?;
        if rounded != contribution.amount {
            contribution.step(What::WholePounds, rounded);
        }
    }
    Ok(())
}

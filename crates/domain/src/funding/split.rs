//! Splitting an amount so that the parts add up to the whole penny.

use crate::money::Pence;

/// Why an amount could not be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// There is nobody with a weight above zero to carry the amount.
    #[error("there is nobody to share this amount")]
    NoWeight,
}

/// Splits `total` in proportion to the weights by the largest remainder; the parts come in the order given.
///
/// Each part is within a penny of its exact share, a weight of zero gets nothing, and a negative total is the
/// mirror image of its opposite. Where remainders are equal, the odd penny goes to the smaller key, so the
/// result does not depend on the order given.
pub fn split<K: Ord>(total: Pence, weights: &[(K, u64)]) -> Result<Vec<Pence>, SplitError> {
    let sum: u128 = weights.iter().map(|(_, weight)| u128::from(*weight)).sum();
    if sum == 0 {
        return Err(SplitError::NoWeight);
    }
    // |total| is at most 2^63 and a weight below 2^64, so no product reaches 2^128.
    let size = u128::from(total.0.unsigned_abs());
    let mut parts: Vec<u128> = weights.iter().map(|(_, weight)| size * u128::from(*weight) / sum).collect();

    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&at| {
        let (key, weight) = &weights[at];
        (std::cmp::Reverse(size * u128::from(*weight) % sum), key)
    });
    // Fewer pennies are left over than there are remainders above zero.
    let mut left_over = size - parts.iter().sum::<u128>();
    for at in by_remainder {
        if left_over == 0 {
            break;
        }
        parts[at] += 1;
        left_over -= 1;
    }

    let sign = i128::from(total.0.signum());
    let signed = |part: u128| i128::try_from(part).ok().and_then(|part| i64::try_from(part * sign).ok());
    // No part is larger than the total, so each one fits.
    Ok(parts.into_iter().map(|part| Pence(signed(part).unwrap_or(total.0))).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn amounts(total: i64, weights: &[(&str, u64)]) -> Vec<i64> {
        split(Pence(total), weights).unwrap().into_iter().map(|part| part.0).collect()
    }

    #[test]
    fn the_odd_penny_goes_to_the_largest_remainder_and_then_to_the_smaller_key() {
        assert_eq!(amounts(100, &[("a", 1), ("b", 1), ("c", 1)]), [34, 33, 33]);
        assert_eq!(amounts(100, &[("c", 1), ("b", 1), ("a", 1)]), [33, 33, 34]);
        assert_eq!(amounts(10, &[("a", 1), ("b", 2), ("c", 3)]), [2, 3, 5]);
        assert_eq!(amounts(-100, &[("a", 1), ("b", 1), ("c", 1)]), [-34, -33, -33]);
    }

    #[test]
    fn no_weight_gets_nothing_and_all_zero_is_an_error() {
        assert_eq!(amounts(1, &[("a", 0), ("b", 5), ("c", 0)]), [0, 1, 0]);
        assert_eq!(amounts(0, &[("a", 1)]), [0]);
        assert_eq!(split(Pence(1), &[("a", 0)]), Err(SplitError::NoWeight));
        assert_eq!(split::<u8>(Pence(1), &[]), Err(SplitError::NoWeight));
    }

    #[test]
    fn the_largest_numbers_fit() {
        assert_eq!(amounts(i64::MIN, &[("a", u64::MAX)]), [i64::MIN]);
        assert_eq!(amounts(i64::MAX, &[("a", u64::MAX), ("b", u64::MAX)]), [i64::MAX / 2 + 1, i64::MAX / 2]);
    }

    proptest! {
        #[test]
        fn parts_add_up_within_a_penny_in_any_order(
            total: i64,
            weights in prop::collection::vec(any::<u64>(), 1..40)
                .prop_filter("some weight", |weights| weights.iter().any(|weight| *weight > 0)),
        ) {
            let keyed: Vec<(usize, u64)> = weights.iter().copied().enumerate().collect();
            let parts = split(Pence(total), &keyed).unwrap();
            prop_assert_eq!(parts.iter().map(|part| i128::from(part.0)).sum::<i128>(), i128::from(total));

            let sum: u128 = weights.iter().map(|w| u128::from(*w)).sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let floor = u128::from(total.unsigned_abs()) * u128::from(*weight) / sum;
                let part = u128::from(part.0.unsigned_abs());
                prop_assert!(part == floor || part == floor + 1);
                prop_assert!(*weight > 0 || part == 0);
            }

            let mut reversed = keyed.clone();
            reversed.reverse();
            let mut again = split(Pence(total), &reversed).unwrap();
            again.reverse();
            prop_assert_eq!(&parts, &again);

            if let Some(opposite) = Pence(total).checked_neg() {
                let mirrored: Vec<_> = split(opposite, &keyed).unwrap().iter().map(|p| Pence(-p.0)).collect();
                prop_assert_eq!(parts, mirrored);
            }
        }
    }
}

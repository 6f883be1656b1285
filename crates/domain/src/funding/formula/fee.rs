//! The fee of a member by itself: flat, per pupil or banded.

use super::basis::MemberBasis;
use super::share_costs::Stop;
use super::shares::{Contribution, What};
use super::{Base, PhaseBand, RollBand};
use crate::money::{Pence, UnitPrice};

/// The fee before adjustments. A percentage of the budget is no fee and comes to nothing here.
pub(super) fn fee(base: &Base, member: &MemberBasis) -> Result<Contribution, Stop> {
    let mut fee = Contribution::default();
    match base {
        Base::Flat { amount } => fee.step(What::Flat, *amount),
        Base::PerPupil { base_fee, per_pupil, floor, cap } => {
            charge_pupils(&mut fee, member, *base_fee, *per_pupil)?;
            if let Some(floor) = floor.filter(|floor| fee.amount < *floor) {
                fee.step(What::Floor, floor);
            }
            if let Some(cap) = cap.filter(|cap| *cap < fee.amount) {
                fee.step(What::Cap, cap);
            }
        }
        Base::BandedByRoll { bands } => {
            let roll = member.roll_to_charge()?;
            let holds =
                |band: &&RollBand| band.from <= roll.pupils && band.to.is_none_or(|to| roll.pupils <= to);
            // A valid formula has a band for every number of pupils.
            if let Some(RollBand { from, to, amount }) = bands.iter().find(holds).copied() {
                fee.step(What::RollBand { from, to, roll }, amount);
            }
        }
        Base::BandedByPhase { bands } => {
            let PhaseBand { phase, amount } = member.entry_of_phase(bands, |band| &band.phase)?;
            fee.step(What::PhaseBand { phase: phase.trim().to_owned() }, *amount);
        }
        Base::PercentageOfBudget { .. } => {}
    }
    Ok(fee)
}

fn charge_pupils(
    fee: &mut Contribution,
    member: &MemberBasis,
    base_fee: Pence,
    per_pupil: UnitPrice,
) -> Result<(), Stop> {
    let roll = member.roll_to_charge()?;
    if base_fee > Pence::ZERO {
        fee.step(What::BaseFee, base_fee);
    }
    let price = per_pupil.times(roll.pupils).ok_or(Stop::TooLarge)?;
    let sum = fee.amount.checked_add(price).ok_or(Stop::TooLarge)?;
    fee.step(What::Pupils { per_pupil, roll }, sum);
    Ok(())
}

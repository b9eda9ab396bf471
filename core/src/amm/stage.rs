//! The four stages of a pool: what they cost, when they begin, what they burn.

use alloc::string::String;

use super::PoolError;
use crate::amount::{self, Decimals, Units};
use crate::rounding::mul_div_ceil;

/// The largest base fee, one basis point below everything.
pub const FEE_BPS_BASE_MAX: u16 = 9_999;

/// A stage of a pool, 1 to 4. A pool only moves up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stage(u8);

impl Stage {
    /// The stage of a new pool.
    pub const FIRST: Self = Self(1);
    /// The stage that nothing follows.
    pub const LAST: Self = Self(4);

    /// Constructs a stage from its number.
    ///
    /// # Errors
    ///
    /// [`PoolError::InvalidStage`] for anything but 1 to 4.
    pub const fn new(number: u8) -> Result<Self, PoolError> {
        if number >= 1 && number <= 4 {
            Ok(Self(number))
        } else {
            Err(PoolError::InvalidStage { stage: number })
        }
    }

    /// Returns the stage's number, 1 to 4.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// The fee of a stage: the base fee, halved once for every stage above the first, as an exact fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeRate {
    base_bps: u16,
    stage: Stage,
}

impl FeeRate {
    /// No fee at all.
    pub const FREE: Self = Self { base_bps: 0, stage: Stage::FIRST };
    /// The decimals of [`FeeRate::millibps`].
    pub const MILLIBPS: Decimals = match Decimals::new(3) {
        Ok(decimals) => decimals,
        Err(_impossible) => Decimals::MAX,
    };

    /// Constructs the rate of `stage` in a pool with a base fee of `base_bps`.
    ///
    /// # Errors
    ///
    /// [`PoolError::FeeTooHigh`] above 9 999 bps.
    pub const fn new(base_bps: u16, stage: Stage) -> Result<Self, PoolError> {
        if base_bps > FEE_BPS_BASE_MAX {
            return Err(PoolError::FeeTooHigh { fee_bps_base: base_bps });
        }
        Ok(Self { base_bps, stage })
    }

    /// The fraction's numerator, in basis points of the first stage.
    #[must_use]
    pub const fn numerator(self) -> u64 {
        // `u64::from` is not const.
        #[expect(clippy::as_conversions, reason = "widens, in a const function")]
        {
            self.base_bps as u64
        }
    }

    /// The fraction's denominator: 10 000 × 2^(stage − 1).
    #[must_use]
    pub const fn denominator(self) -> u64 {
        match self.stage.0 {
            1 => 10_000,
            2 => 20_000,
            3 => 40_000,
            _ => 80_000,
        }
    }

    /// Computes the fee of an amount.
    ///
    /// # Rounding
    ///
    /// Up to the next base unit, in favour of the pool.
    #[must_use]
    pub fn fee_ceil(self, amount_in: Units) -> Units {
        // The rate is below one, so the fee is at most the amount and always fits.
        mul_div_ceil(amount_in.get(), self.numerator(), u128::from(self.denominator()))
            .and_then(|fee| Units::new(fee).ok())
            .unwrap_or(amount_in)
    }

    /// Returns the rate in thousandths of a basis point, exactly: stage 4 divides by eight, which has three decimals.
    #[must_use]
    pub const fn millibps(self) -> Units {
        let thousandths = match self.stage.0 {
            1 => 1_000_u64,
            2 => 500,
            3 => 250,
            _ => 125,
        };
        // A base fee is below 10 000, so this is below 10 million.
        match Units::new(self.numerator().saturating_mul(thousandths)) {
            Ok(rate) => rate,
            Err(_impossible) => Units::MAX,
        }
    }

    /// Writes the rate in basis points, exactly: `30`, `7.5`, `3.75`.
    #[must_use]
    pub fn bps_text(self) -> String {
        amount::format(self.millibps(), Self::MILLIBPS)
    }
}

/// What each crossing of a threshold burns.
///
/// A pool is given four amounts and has three crossings: 1 → 2 burns the first amount, 2 → 3 the second, 3 → 4
/// the fourth, or the third when there is no fourth. This choice stands here and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BurnSchedule([Units; 3]);

impl BurnSchedule {
    /// Derives the schedule from the four amounts.
    #[must_use]
    pub fn from_amounts(amounts: &[Option<Units>; 4]) -> Self {
        let [first, second, third, fourth] = *amounts;
        Self([first.unwrap_or_default(), second.unwrap_or_default(), fourth.or(third).unwrap_or_default()])
    }

    /// Returns what reaching stages 2, 3 and 4 burns; zero burns nothing.
    #[must_use]
    pub const fn amounts(&self) -> &[Units; 3] {
        &self.0
    }

    /// Adds up the whole schedule, over the thresholds that exist.
    ///
    /// # Errors
    ///
    /// [`PoolError::BurnsTooLarge`] above the largest amount.
    pub fn total(&self, thresholds: &[Option<Units>; 3]) -> Result<Units, PoolError> {
        self.0
            .iter()
            .zip(thresholds)
            .filter(|(_, threshold)| threshold.is_some())
            .try_fold(Units::ZERO, |sum, (amount, _)| sum.checked_add(*amount))
            .map_err(|_too_large| PoolError::BurnsTooLarge)
    }
}

/// Checks that the thresholds that are set are above zero and rise strictly.
pub(super) fn check_thresholds(thresholds: &[Option<Units>; 3]) -> Result<(), PoolError> {
    let mut last = Units::ZERO;
    for (threshold, number) in thresholds.iter().zip(1_u8..) {
        if let Some(threshold) = threshold {
            if *threshold <= last {
                return Err(PoolError::ThresholdOrder { number });
            }
            last = *threshold;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(count: u64) -> Units {
        Units::new(count).expect("the test's amount is in range")
    }

    #[test]
    fn the_fee_halves_exactly_at_each_stage() {
        let texts = [1, 2, 3, 4].map(|stage| {
            FeeRate::new(30, Stage::new(stage).expect("valid")).expect("below 10000").bps_text()
        });
        assert_eq!(texts, ["30", "15", "7.5", "3.75"]);
        let odd = FeeRate::new(1, Stage::LAST).expect("below 10000");
        assert_eq!(odd.bps_text(), "0.125");
        assert_eq!(odd.fee_ceil(units(80_000)).get(), 1);
        assert_eq!(odd.fee_ceil(units(80_001)).get(), 2);
    }

    #[test]
    fn a_fee_is_never_more_than_the_amount() {
        let rate = FeeRate::new(FEE_BPS_BASE_MAX, Stage::FIRST).expect("below 10000");
        assert_eq!(rate.fee_ceil(Units::ZERO), Units::ZERO);
        assert_eq!(rate.fee_ceil(units(1)).get(), 1);
        assert!(rate.fee_ceil(Units::MAX) < Units::MAX);
        assert!(FeeRate::new(10_000, Stage::FIRST).is_err());
    }

    #[test]
    fn the_last_crossing_burns_the_fourth_amount_or_the_third() {
        let amounts = |fourth| [Some(units(100)), Some(units(80)), Some(units(60)), fourth];
        let burned = |fourth| BurnSchedule::from_amounts(&amounts(fourth)).amounts().map(Units::get);
        assert_eq!(burned(Some(units(40))), [100, 80, 40]);
        assert_eq!(burned(None), [100, 80, 60]);
    }

    #[test]
    fn thresholds_rise_strictly() {
        let check = |list: [Option<u64>; 3]| check_thresholds(&list.map(|item| item.map(units)));
        assert!(check([Some(1000), Some(2000), Some(5000)]).is_ok());
        assert!(check([None, Some(1), None]).is_ok());
        assert_eq!(check([Some(0), None, None]), Err(PoolError::ThresholdOrder { number: 1 }));
        assert_eq!(check([Some(5), None, Some(5)]), Err(PoolError::ThresholdOrder { number: 3 }));
    }
}

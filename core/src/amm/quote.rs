//! What a swap would give, exactly: by the amount that goes in or by the amount that comes out.

use super::{FeeRate, Pool, QuoteError, Side, Stage};
use crate::amount::Units;
use crate::rounding::{mul_div_ceil, mul_div_floor};

/// The largest slippage, everything.
pub const SLIPPAGE_BPS_MAX: u16 = 10_000;

/// What a swap gives in one state of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Which token goes in.
    pub side: Side,
    /// The stage whose fee is paid: the one before the swap.
    pub stage: Stage,
    /// What the trader gives, fee included; base units of the input token.
    pub amount_in: Units,
    /// The fee, rounded up; base units of the input token.
    pub fee: Units,
    /// What enters the reserve: `amount_in − fee`.
    pub effective_in: Units,
    /// What the trader gets, rounded down; base units of the output token.
    pub amount_out: Units,
    /// How far the swap's own size moves its price against the trader, fee left out: parts per million, rounded
    /// up.
    pub price_impact_ppm: u32,
    /// The input token's reserve after the swap.
    pub reserve_in_after: Units,
    /// The output token's reserve after the swap; at least 1.
    pub reserve_out_after: Units,
}

impl Pool {
    /// Quotes a swap by the amount that goes in.
    ///
    /// # Units
    ///
    /// `amount_in` is gross, in base units of the input token.
    ///
    /// # Rounding
    ///
    /// The fee up, the output down; each differs from the exact value by less than one base unit.
    ///
    /// # Errors
    ///
    /// * [`QuoteError::NotPositive`]: the amount is zero.
    /// * [`QuoteError::TooSmall`]: the fee eats the input, or nothing would come out.
    /// * [`QuoteError::TooLarge`]: the input reserve would pass 2^63 − 1.
    #[inline]
    pub fn quote_exact_in(&self, side: Side, amount_in: Units) -> Result<Quote, QuoteError> {
        if amount_in.is_zero() {
            return Err(QuoteError::NotPositive);
        }
        let (reserve_in, reserve_out) = self.reserves(side);
        let fee = self.fee_rate().fee_ceil(amount_in);
        let effective_in = amount_in.checked_sub(fee).map_err(|_below| QuoteError::TooSmall)?;
        if effective_in.is_zero() {
            return Err(QuoteError::TooSmall);
        }
        let reserve_in_after = reserve_in.checked_add(effective_in).map_err(|_above| QuoteError::TooLarge)?;
        let divisor = u128::from(reserve_in_after.get());
        let amount_out = mul_div_floor(effective_in.get(), reserve_out.get(), divisor)
            .and_then(|out| Units::new(out).ok())
            .ok_or(QuoteError::PoolExhausted)?;
        if amount_out.is_zero() {
            return Err(QuoteError::TooSmall);
        }
        // effective ÷ (reserve + effective) is below one, so the output is below the reserve.
        let reserve_out_after =
            reserve_out.checked_sub(amount_out).map_err(|_below| QuoteError::PoolExhausted)?;
        Ok(Quote {
            side,
            stage: self.state().stage,
            amount_in,
            fee,
            effective_in,
            amount_out,
            price_impact_ppm: price_impact_ppm_ceil(effective_in, reserve_in_after),
            reserve_in_after,
            reserve_out_after,
        })
    }

    /// Quotes a swap by the amount that is to come out: the smallest input that yields at least that much.
    ///
    /// The trader gets the whole output of that input, which can be a little more than was asked for.
    ///
    /// # Units
    ///
    /// `amount_out` is in base units of the output token.
    ///
    /// # Rounding
    ///
    /// The input up: one base unit less would yield less than was asked for.
    ///
    /// # Errors
    ///
    /// * [`QuoteError::NotPositive`]: the amount is zero.
    /// * [`QuoteError::PoolExhausted`]: the amount is not below the output reserve.
    /// * [`QuoteError::TooLarge`]: the input would pass 2^63 − 1.
    pub fn quote_exact_out(&self, side: Side, amount_out: Units) -> Result<Quote, QuoteError> {
        if amount_out.is_zero() {
            return Err(QuoteError::NotPositive);
        }
        let (reserve_in, reserve_out) = self.reserves(side);
        let rest = reserve_out.checked_sub(amount_out).map_err(|_below| QuoteError::PoolExhausted)?;
        if rest.is_zero() {
            return Err(QuoteError::PoolExhausted);
        }
        // effective × R_out ≥ out × (R_in + effective)  ⇔  effective ≥ out × R_in ÷ (R_out − out)
        let effective = mul_div_ceil(amount_out.get(), reserve_in.get(), u128::from(rest.get()))
            .ok_or(QuoteError::TooLarge)?;
        let amount_in = gross_of_effective_ceil(self.fee_rate(), effective).ok_or(QuoteError::TooLarge)?;
        self.quote_exact_in(side, amount_in)
    }
}

/// The smallest gross amount of which at least `effective` is left after the fee.
///
/// gross − ceil(gross × n ÷ d) = floor(gross × (d − n) ÷ d), so the bound is ceil(effective × d ÷ (d − n)).
fn gross_of_effective_ceil(rate: FeeRate, effective: u64) -> Option<Units> {
    let kept = rate.denominator().checked_sub(rate.numerator())?;
    Units::new(mul_div_ceil(effective, rate.denominator(), u128::from(kept))?).ok()
}

/// effective ÷ (reserve + effective): the share of the mid price that the swap's own size costs.
fn price_impact_ppm_ceil(effective_in: Units, reserve_in_after: Units) -> u32 {
    mul_div_ceil(effective_in.get(), 1_000_000, u128::from(reserve_in_after.get()))
        .and_then(|ppm| u32::try_from(ppm).ok())
        .unwrap_or(1_000_000)
}

/// Computes the least output a trader accepts.
///
/// # Units
///
/// `amount_out` in base units of the output token; `slippage_bps` in basis points of it, chosen by the trader.
///
/// # Rounding
///
/// Up, in favour of the trader: never less than the slippage allows.
///
/// # Errors
///
/// [`QuoteError::InvalidSlippage`] above 10 000 bps.
///
/// # Examples
///
/// ```
/// use postfun_core::{amm::min_amount_out, amount::Units};
/// assert_eq!(min_amount_out(Units::new(1_001)?, 50)?.get(), 996); // 995.995 rounded up
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn min_amount_out(amount_out: Units, slippage_bps: u16) -> Result<Units, QuoteError> {
    let kept = kept_bps(slippage_bps)?;
    let minimum = mul_div_ceil(amount_out.get(), kept, u128::from(SLIPPAGE_BPS_MAX));
    minimum.and_then(|minimum| Units::new(minimum).ok()).ok_or(QuoteError::TooLarge)
}

/// Computes the largest input a trader accepts in an exact-out swap.
///
/// # Units
///
/// `amount_in` in base units of the input token; `slippage_bps` in basis points of it, chosen by the trader.
///
/// # Rounding
///
/// Down, in favour of the trader: never more than the slippage allows.
///
/// # Errors
///
/// * [`QuoteError::InvalidSlippage`]: above 10 000 bps.
/// * [`QuoteError::TooLarge`]: the result would pass 2^63 − 1.
pub fn max_amount_in(amount_in: Units, slippage_bps: u16) -> Result<Units, QuoteError> {
    let kept = kept_bps(slippage_bps)?;
    let factor = u64::from(SLIPPAGE_BPS_MAX).saturating_mul(2).saturating_sub(kept);
    let maximum = mul_div_floor(amount_in.get(), factor, u128::from(SLIPPAGE_BPS_MAX));
    maximum.and_then(|maximum| Units::new(maximum).ok()).ok_or(QuoteError::TooLarge)
}

fn kept_bps(slippage_bps: u16) -> Result<u64, QuoteError> {
    SLIPPAGE_BPS_MAX
        .checked_sub(slippage_bps)
        .map(u64::from)
        .ok_or(QuoteError::InvalidSlippage { slippage_bps })
}

//! A pool: what was fixed when it was made, and what trading has made of it.

use super::stage::check_thresholds;
use super::{BurnSchedule, FeeRate, PoolError, QuoteError, Side, Stage};
use crate::amount::Units;

/// What is fixed when a pool is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolParams {
    /// The first reserve of token A, in its base units; above zero.
    pub reserve_a: Units,
    /// The first reserve of token B, in its base units; above zero.
    pub reserve_b: Units,
    /// The fee of the first stage in basis points, 0 to 9 999.
    pub fee_bps_base: u16,
    /// The volumes of token A, in its base units, at which stages 2, 3 and 4 begin; inclusive. A missing one is
    /// skipped.
    pub thresholds: [Option<Units>; 3],
    /// The four burn amounts, in base units of the burn token; see [`BurnSchedule`].
    pub burns: [Option<Units>; 4],
}

/// What trading has made of a pool. Amounts are base units of the token that the name ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// Reserve of token A; fees are not part of it.
    pub reserve_a: Units,
    /// Reserve of token B; fees are not part of it.
    pub reserve_b: Units,
    /// Token A that went in (gross) or came out, ever; stays at the largest amount once it gets there.
    pub volume_a: Units,
    /// Token B that went in (gross) or came out, ever; for display.
    pub volume_b: Units,
    /// Fees taken in token A and not collected yet.
    pub fees_a: Units,
    /// Fees taken in token B and not collected yet.
    pub fees_b: Units,
    /// The present stage.
    pub stage: Stage,
}

/// A pool whose parameters and state are possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    params: PoolParams,
    schedule: BurnSchedule,
    state: PoolState,
}

impl Pool {
    /// Makes a new pool.
    ///
    /// # Errors
    ///
    /// * [`PoolError::EmptyReserve`]: a reserve is zero.
    /// * [`PoolError::FeeTooHigh`]: the base fee is above 9 999 bps.
    /// * [`PoolError::ThresholdOrder`]: a threshold is zero or not above those before it.
    /// * [`PoolError::BurnsTooLarge`]: the burn schedule is more than one amount can hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use postfun_core::amm::{Pool, PoolParams, Side};
    /// use postfun_core::amount::{self, Decimals};
    /// let (btc, usd) = (Decimals::new(8)?, Decimals::new(6)?);
    /// let pool = Pool::new(&PoolParams {
    ///     reserve_a: amount::parse("1000", btc)?,
    ///     reserve_b: amount::parse("65000000", usd)?,
    ///     fee_bps_base: 30,
    ///     thresholds: [None; 3],
    ///     burns: [None; 4],
    /// })?;
    /// let quote = pool.quote_exact_in(Side::AtoB, amount::parse("1", btc)?)?;
    /// assert_eq!(amount::format(quote.amount_out, usd), "64740.453767");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(params: &PoolParams) -> Result<Self, PoolError> {
        let state = PoolState {
            reserve_a: params.reserve_a,
            reserve_b: params.reserve_b,
            volume_a: Units::ZERO,
            volume_b: Units::ZERO,
            fees_a: Units::ZERO,
            fees_b: Units::ZERO,
            stage: Stage::FIRST,
        };
        Self::restore(params, state)
    }

    /// Brings back a pool from its parameters and a state that was stored.
    ///
    /// # Errors
    ///
    /// As [`Pool::new`], the present reserves counting too.
    #[inline(never)] // The browser package loads each copy that inlining makes.
    pub fn restore(params: &PoolParams, state: PoolState) -> Result<Self, PoolError> {
        let reserves = [params.reserve_a, params.reserve_b, state.reserve_a, state.reserve_b];
        if reserves.iter().any(|reserve| reserve.is_zero()) {
            return Err(PoolError::EmptyReserve);
        }
        FeeRate::new(params.fee_bps_base, state.stage)?;
        check_thresholds(&params.thresholds)?;
        let schedule = BurnSchedule::from_amounts(&params.burns);
        schedule.total(&params.thresholds)?;
        Ok(Self { params: params.clone(), schedule, state })
    }

    /// Returns what was fixed when the pool was made.
    #[must_use]
    pub const fn params(&self) -> &PoolParams {
        &self.params
    }

    /// Returns what trading has made of the pool.
    #[must_use]
    pub const fn state(&self) -> &PoolState {
        &self.state
    }

    /// Returns what each crossing burns.
    #[must_use]
    pub const fn burn_schedule(&self) -> &BurnSchedule {
        &self.schedule
    }

    /// Returns the fee of the present stage.
    #[must_use]
    pub fn fee_rate(&self) -> FeeRate {
        // `restore` has checked the base fee; a rate of zero is the neutral answer of the impossible branch.
        FeeRate::new(self.params.fee_bps_base, self.state.stage).unwrap_or(FeeRate::FREE)
    }

    /// Returns the reserves as (in, out) for a swap of `side`.
    #[must_use]
    pub const fn reserves(&self, side: Side) -> (Units, Units) {
        match side {
            Side::AtoB => (self.state.reserve_a, self.state.reserve_b),
            Side::BtoA => (self.state.reserve_b, self.state.reserve_a),
        }
    }

    /// Takes fees out of what has accumulated.
    ///
    /// # Errors
    ///
    /// [`QuoteError::PoolExhausted`] for more than has accumulated.
    pub fn collect_fees(&mut self, amount_a: Units, amount_b: Units) -> Result<(), QuoteError> {
        let taken =
            |fees: Units, amount| fees.checked_sub(amount).map_err(|_below| QuoteError::PoolExhausted);
        let (fees_a, fees_b) = (taken(self.state.fees_a, amount_a)?, taken(self.state.fees_b, amount_b)?);
        (self.state.fees_a, self.state.fees_b) = (fees_a, fees_b);
        Ok(())
    }

    /// Replaces the state; the caller is the transition in `swap`.
    pub(super) const fn set_state(&mut self, state: PoolState) {
        self.state = state;
    }
}

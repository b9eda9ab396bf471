//! The transition of a pool by a swap.

use super::{Pool, PoolState, Quote, QuoteError, Side, Stage};
use crate::amount::Units;

/// What reaching a stage burns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burn {
    /// The stage that was reached, 2 to 4.
    pub stage: Stage,
    /// How much is burned, in base units of the pool's burn token; above zero.
    pub amount: Units,
}

/// What a swap did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swap {
    /// The quote that was carried out.
    pub quote: Quote,
    /// The stage after the swap.
    pub stage_after: Stage,
    /// One burn for each threshold that was crossed and burns something, in order.
    pub burns: [Option<Burn>; 3],
}

impl Swap {
    /// Adds up the burns of the swap.
    #[must_use]
    pub fn burned(&self) -> Units {
        self.burns.iter().flatten().fold(Units::ZERO, |sum, burn| sum.saturating_add(burn.amount))
    }
}

impl Pool {
    /// Quotes a swap by the amount that goes in and carries it out.
    ///
    /// # Errors
    ///
    /// As [`Pool::quote_exact_in`] and [`Pool::swap`]; the pool is then unchanged.
    pub fn swap_exact_in(&mut self, side: Side, amount_in: Units) -> Result<Swap, QuoteError> {
        let quote = self.quote_exact_in(side, amount_in)?;
        self.swap(&quote)
    }

    /// Carries out a quote of this state of the pool.
    ///
    /// Reserves, fees and volumes move, then the volume of token A decides the stage: thresholds are inclusive,
    /// one swap can cross several, and each crossing burns once.
    ///
    /// # Errors
    ///
    /// The pool is unchanged when there is one.
    ///
    /// * [`QuoteError::Stale`]: the quote was made in another state.
    /// * [`QuoteError::TooLarge`]: the accumulated fees would pass 2^63 − 1.
    /// * [`QuoteError::InvariantBroken`]: the product of the reserves would fall; cannot happen.
    pub fn swap(&mut self, quote: &Quote) -> Result<Swap, QuoteError> {
        let (reserve_in, reserve_out) = self.reserves(quote.side);
        let added = quote.reserve_in_after.checked_sub(reserve_in);
        let removed = reserve_out.checked_sub(quote.reserve_out_after);
        let is_of_this_state = added == Ok(quote.effective_in)
            && removed == Ok(quote.amount_out)
            && quote.stage == self.state().stage;
        if !is_of_this_state {
            return Err(QuoteError::Stale);
        }
        let product = |a: Units, b: Units| u128::from(a.get()).saturating_mul(u128::from(b.get()));
        if product(quote.reserve_in_after, quote.reserve_out_after) < product(reserve_in, reserve_out) {
            return Err(QuoteError::InvariantBroken);
        }
        let moved = moved(self.state(), quote)?;
        let (stage_after, burns) = self.crossings(moved.volume_a);
        self.set_state(PoolState { stage: stage_after, ..moved });
        Ok(Swap { quote: *quote, stage_after, burns })
    }

    /// The stage that a volume of token A reaches, and what the crossings on the way burn.
    #[inline(never)] // The browser package loads each copy that inlining makes.
    pub(super) fn crossings(&self, volume_a: Units) -> (Stage, [Option<Burn>; 3]) {
        let mut stage = self.state().stage;
        let mut burns = [None; 3];
        let reached = [2_u8, 3, 4];
        let schedule = self.burn_schedule().amounts().iter();
        for (((threshold, number), amount), burn) in
            self.params().thresholds.iter().zip(reached).zip(schedule).zip(&mut burns)
        {
            let is_crossed = number > stage.get() && threshold.is_some_and(|threshold| volume_a >= threshold);
            if let (true, Ok(next)) = (is_crossed, Stage::new(number)) {
                stage = next;
                *burn = (!amount.is_zero()).then_some(Burn { stage: next, amount: *amount });
            }
        }
        (stage, burns)
    }
}

/// The state after a quote's amounts have moved; the stage is still the old one.
fn moved(state: &PoolState, quote: &Quote) -> Result<PoolState, QuoteError> {
    let grown = |fees: Units| fees.checked_add(quote.fee).map_err(|_above| QuoteError::TooLarge);
    Ok(match quote.side {
        Side::AtoB => PoolState {
            reserve_a: quote.reserve_in_after,
            reserve_b: quote.reserve_out_after,
            volume_a: state.volume_a.saturating_add(quote.amount_in),
            volume_b: state.volume_b.saturating_add(quote.amount_out),
            fees_a: grown(state.fees_a)?,
            ..*state
        },
        Side::BtoA => PoolState {
            reserve_b: quote.reserve_in_after,
            reserve_a: quote.reserve_out_after,
            volume_b: state.volume_b.saturating_add(quote.amount_in),
            volume_a: state.volume_a.saturating_add(quote.amount_out),
            fees_b: grown(state.fees_b)?,
            ..*state
        },
    })
}

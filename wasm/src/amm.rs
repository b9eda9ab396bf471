//! Pools and quotes.
//!
//! A quote is asked for thousands of times a second, so its answer allocates nothing: it is written to `RESULT`,
//! which JavaScript reads through a view of the memory.

use core::sync::atomic::{AtomicU64, Ordering};

use postfun_core::amm::{self, FeeRate, Pool, PoolParams, PoolState, Quote, QuoteError, Side, Stage, Swap};
use postfun_core::amount::{Decimals, Units};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{CoreError, refusal};

/// How many 64-bit slots an answer has: eight of the quote, the stage after the swap, a burn for each crossing.
const RESULT_LEN: usize = 12;

/// The answer of the last quote or swap. Atomic only because a static may not be written otherwise; a page, a
/// worker and Node each run their own copy on one thread.
static RESULT: [AtomicU64; RESULT_LEN] = [const { AtomicU64::new(0) }; RESULT_LEN];

/// Where a pool's amounts stand in the list that crosses the boundary: reserves, volumes and fees of A and B,
/// three thresholds, four burns.
const AMOUNTS_LEN: usize = 13;

/// Stands for a missing amount in such a list; no amount can be it.
const NONE: u64 = u64::MAX;

/// Returns the address of the answer's first slot.
#[wasm_bindgen(js_name = resultAddress)]
#[must_use]
pub fn result_address() -> usize {
    RESULT.as_ptr().addr()
}

/// Returns the number of the answer's slots.
#[wasm_bindgen(js_name = resultLength)]
#[must_use]
pub fn result_length() -> usize {
    RESULT_LEN
}

/// A pool, and why its last quote was refused.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawPool {
    pool: Pool,
    refusal: Option<QuoteError>,
}

#[wasm_bindgen]
impl RawPool {
    /// Brings back a pool from its list of amounts.
    ///
    /// # Errors
    ///
    /// The codes of [`amm::PoolError`]; `amount_out_of_range` for an amount above 2^63 − 1.
    #[wasm_bindgen(constructor)]
    pub fn new(fee_bps_base: u16, stage: u8, amounts: &[u64]) -> Result<Self, CoreError> {
        Ok(Self { pool: pool_from_amounts(fee_bps_base, Stage::new(stage)?, amounts)?, refusal: None })
    }

    /// Quotes by the amount that goes in and says whether there is a quote.
    #[wasm_bindgen(js_name = quoteExactIn)]
    pub fn quote_exact_in(&mut self, is_a_to_b: bool, amount_in: u64) -> bool {
        let quote = units(amount_in).and_then(|amount| self.pool.quote_exact_in(side(is_a_to_b), amount));
        self.answer(quote, write_quote)
    }

    /// Quotes by the amount that comes out and says whether there is a quote.
    #[wasm_bindgen(js_name = quoteExactOut)]
    pub fn quote_exact_out(&mut self, is_a_to_b: bool, amount_out: u64) -> bool {
        let quote = units(amount_out).and_then(|amount| self.pool.quote_exact_out(side(is_a_to_b), amount));
        self.answer(quote, write_quote)
    }

    /// Swaps by the amount that goes in and says whether the pool moved.
    #[wasm_bindgen(js_name = swapExactIn)]
    pub fn swap_exact_in(&mut self, is_a_to_b: bool, amount_in: u64) -> bool {
        let swap = units(amount_in).and_then(|amount| self.pool.swap_exact_in(side(is_a_to_b), amount));
        self.answer(swap, write_swap)
    }

    /// Returns why the last call said no.
    #[wasm_bindgen(js_name = takeRefusal)]
    pub fn take_refusal(&mut self) -> Option<CoreError> {
        self.refusal.take().map(CoreError::from)
    }

    /// Returns the base fee in basis points.
    #[wasm_bindgen(js_name = feeBpsBase)]
    #[must_use]
    pub fn fee_bps_base(&self) -> u16 {
        self.pool.params().fee_bps_base
    }

    /// Returns the present stage.
    #[must_use]
    pub fn stage(&self) -> u8 {
        self.pool.state().stage.get()
    }

    /// Returns the list of amounts that brings this pool back.
    #[must_use]
    pub fn amounts(&self) -> Vec<u64> {
        amounts_of(&self.pool)
    }
}

impl RawPool {
    fn answer<T>(&mut self, result: Result<T, QuoteError>, write: impl FnOnce(&T)) -> bool {
        match result {
            Ok(value) => {
                write(&value);
                true
            }
            Err(error) => {
                self.refusal = Some(error);
                false
            }
        }
    }
}

/// Computes the least output a trader accepts; see [`amm::min_amount_out`].
///
/// # Errors
///
/// The codes of [`QuoteError`].
#[wasm_bindgen(js_name = minAmountOut)]
pub fn min_amount_out(amount_out: u64, slippage_bps: u16) -> Result<u64, CoreError> {
    Ok(amm::min_amount_out(Units::new(amount_out)?, slippage_bps)?.get())
}

/// Computes the largest input a trader accepts; see [`amm::max_amount_in`].
///
/// # Errors
///
/// The codes of [`QuoteError`].
#[wasm_bindgen(js_name = maxAmountIn)]
pub fn max_amount_in(amount_in: u64, slippage_bps: u16) -> Result<u64, CoreError> {
    Ok(amm::max_amount_in(Units::new(amount_in)?, slippage_bps)?.get())
}

/// Writes the fee of a stage in basis points; see [`FeeRate::bps_text`].
///
/// # Errors
///
/// The codes of [`amm::PoolError`].
#[wasm_bindgen(js_name = feeBpsText)]
pub fn fee_bps_text(fee_bps_base: u16, stage: u8) -> Result<String, CoreError> {
    Ok(FeeRate::new(fee_bps_base, Stage::new(stage)?)?.bps_text())
}

/// Writes a price; see [`amm::price_text`].
///
/// # Errors
///
/// `amount_in_must_be_positive` for an input of zero; the codes of [`postfun_core::amount::AmountError`].
#[wasm_bindgen(js_name = priceText)]
pub fn price_text(
    amount_out: u64,
    decimals_out: u8,
    amount_in: u64,
    decimals_in: u8,
    significant_digits: u8,
) -> Result<String, CoreError> {
    let (amount_out, amount_in) = (Units::new(amount_out)?, Units::new(amount_in)?);
    let (decimals_out, decimals_in) = (Decimals::new(decimals_out)?, Decimals::new(decimals_in)?);
    let price = amm::price_text(amount_out, decimals_out, amount_in, decimals_in, significant_digits);
    price.ok_or_else(|| QuoteError::NotPositive.into())
}

/// Lists a pool's amounts in the order of [`AMOUNTS_LEN`].
pub(crate) fn amounts_of(pool: &Pool) -> Vec<u64> {
    let (params, state) = (pool.params(), pool.state());
    let present =
        [state.reserve_a, state.reserve_b, state.volume_a, state.volume_b, state.fees_a, state.fees_b];
    let sparse = params.thresholds.iter().chain(&params.burns);
    let sparse = sparse.map(|amount| amount.map_or(NONE, Units::get));
    present.into_iter().map(Units::get).chain(sparse).collect()
}

fn pool_from_amounts(fee_bps_base: u16, stage: Stage, amounts: &[u64]) -> Result<Pool, CoreError> {
    let Ok(amounts) = <[u64; AMOUNTS_LEN]>::try_from(amounts) else {
        return Err(refusal("invalid_argument", &"a pool has 13 amounts"));
    };
    let [reserve_a, reserve_b, volume_a, volume_b, fees_a, fees_b, t1, t2, t3, b1, b2, b3, b4] = amounts;
    let sparse = |amount| if amount == NONE { Ok(None) } else { Units::new(amount).map(Some) };
    let params = PoolParams {
        reserve_a: Units::new(reserve_a)?,
        reserve_b: Units::new(reserve_b)?,
        fee_bps_base,
        thresholds: [sparse(t1)?, sparse(t2)?, sparse(t3)?],
        burns: [sparse(b1)?, sparse(b2)?, sparse(b3)?, sparse(b4)?],
    };
    let traded = PoolState {
        reserve_a: params.reserve_a,
        reserve_b: params.reserve_b,
        volume_a: Units::new(volume_a)?,
        volume_b: Units::new(volume_b)?,
        fees_a: Units::new(fees_a)?,
        fees_b: Units::new(fees_b)?,
        stage,
    };
    Ok(Pool::restore(&params, traded)?)
}

const fn side(is_a_to_b: bool) -> Side {
    if is_a_to_b { Side::AtoB } else { Side::BtoA }
}

fn units(amount: u64) -> Result<Units, QuoteError> {
    Units::new(amount).map_err(|_above| QuoteError::TooLarge)
}

fn write(first: usize, values: impl IntoIterator<Item = u64>) {
    for (slot, value) in RESULT.iter().skip(first).zip(values) {
        slot.store(value, Ordering::Relaxed);
    }
}

fn write_quote(quote: &Quote) {
    let amounts = [
        quote.amount_in,
        quote.fee,
        quote.effective_in,
        quote.amount_out,
        quote.reserve_in_after,
        quote.reserve_out_after,
    ];
    let numbers = [u64::from(quote.price_impact_ppm), u64::from(quote.stage.get())];
    write(0, amounts.into_iter().map(Units::get).chain(numbers));
}

fn write_swap(swap: &Swap) {
    write_quote(&swap.quote);
    write(8, [u64::from(swap.stage_after.get()), burned(swap, 2), burned(swap, 3), burned(swap, 4)]);
}

/// What reaching a stage burned, zero when it burned nothing.
fn burned(swap: &Swap, stage: u8) -> u64 {
    let burn = swap.burns.iter().flatten().find(|burn| burn.stage.get() == stage);
    burn.map_or(0, |burn| burn.amount.get())
}

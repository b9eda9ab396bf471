//! Prices as decimal text.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};

use crate::amount::{Decimals, Units};
use crate::rounding::LongDivision;

/// How many digits a price can be asked to have.
const SIGNIFICANT_DIGITS_MAX: u8 = 28;

/// Writes how many output tokens one input token gives.
///
/// # Units
///
/// The amounts are base units, the result is whole tokens of the output per whole token of the input, with
/// `significant_digits` (1 to 28) digits from the first that is not zero; trailing zeros are left out.
///
/// # Rounding
///
/// Down: digits are cut, so the price shown is never better than the one paid.
///
/// # Errors
///
/// `None` for an input of zero.
///
/// # Examples
///
/// ```
/// use postfun_core::{amm::price_text, amount::{Decimals, Units}};
/// let (btc, usd) = (Decimals::new(8)?, Decimals::new(6)?);
/// let price = price_text(Units::new(64_740_453_767)?, usd, Units::new(100_000_000)?, btc, 7);
/// assert_eq!(price.as_deref(), Some("64740.45"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn price_text(
    amount_out: Units,
    decimals_out: Decimals,
    amount_in: Units,
    decimals_in: Decimals,
    significant_digits: u8,
) -> Option<String> {
    // out ÷ 10^decimals_out ÷ (in ÷ 10^decimals_in); amounts are below 2^63 and scales at most 10^11, so both
    // products are below 2^100.
    let scaled = |amount: Units, decimals: Decimals| {
        10_u128
            .checked_pow(u32::from(decimals.get()))
            .and_then(|scale| scale.checked_mul(u128::from(amount.get())))
    };
    let mut division = LongDivision::new(scaled(amount_out, decimals_in)?, scaled(amount_in, decimals_out)?)?;
    let mut text = division.whole().to_string();
    let wanted = significant_digits.clamp(1, SIGNIFICANT_DIGITS_MAX);
    let mut shown = if division.whole() == 0 { 0 } else { u8::try_from(text.len()).unwrap_or(u8::MAX) };
    if shown >= wanted || division.is_exact() {
        return Some(text);
    }
    text.push('.');
    // A quotient of two 64-bit amounts has its first digit within 42 places of the point.
    while shown < wanted && !division.is_exact() {
        let digit = division.next_digit();
        text.push(char::from(b'0'.saturating_add(digit)));
        if shown > 0 || digit > 0 {
            shown = shown.saturating_add(1);
        }
    }
    Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(out: u64, decimals_out: u8, input: u64, decimals_in: u8, digits: u8) -> Option<String> {
        let units = |count| Units::new(count).expect("in range");
        let decimals = |count| Decimals::new(count).expect("in range");
        price_text(units(out), decimals(decimals_out), units(input), decimals(decimals_in), digits)
    }

    #[test]
    fn prices_are_cut_to_their_digits() {
        assert_eq!(price(2, 0, 3, 0, 3).as_deref(), Some("0.666"));
        assert_eq!(price(1, 8, 65_000_000_000, 6, 4).as_deref(), Some("0.0000000000001538"));
        assert_eq!(price(10, 0, 5, 0, 9).as_deref(), Some("2"));
        assert_eq!(price(123_456, 0, 1, 0, 3).as_deref(), Some("123456"));
        assert_eq!(price(5, 1, 1, 0, 3).as_deref(), Some("0.5"));
    }

    #[test]
    fn the_extremes_have_a_price() {
        assert_eq!(price(1, 11, u64::MAX >> 1, 0, 1).as_deref(), Some("0.000000000000000000000000000001"));
        assert_eq!(price(0, 0, 1, 0, 5).as_deref(), Some("0"));
        assert_eq!(price(1, 0, 0, 0, 5), None);
    }
}

//! The only place of the crate that divides: products are exact in 128 bits, the side is in the name.

/// Computes `a × b ÷ divisor`, rounded **down**.
///
/// # Units
///
/// `a` and `b` are any 64-bit counts, `divisor` is of the unit that cancels one of them.
///
/// # Rounding
///
/// Down; the result is less than one below the exact value.
///
/// # Errors
///
/// `None` when the divisor is zero or the result does not fit 64 bits.
///
/// # Examples
///
/// ```
/// use postfun_core::rounding::mul_div_floor;
/// assert_eq!(mul_div_floor(99_700_000, 65_000_000_000_000, 100_099_700_000), Some(64_740_453_767));
/// ```
#[must_use]
pub fn mul_div_floor(a: u64, b: u64, divisor: u128) -> Option<u64> {
    mul_div(a, b, divisor).map(|(floor, _is_exact)| floor)
}

/// Computes `a × b ÷ divisor`, rounded **up**.
///
/// # Units
///
/// `a` and `b` are any 64-bit counts, `divisor` is of the unit that cancels one of them.
///
/// # Rounding
///
/// Up; the result is less than one above the exact value.
///
/// # Errors
///
/// `None` when the divisor is zero or the result does not fit 64 bits.
///
/// # Examples
///
/// ```
/// use postfun_core::rounding::{mul_div_ceil, mul_div_floor};
/// assert_eq!(mul_div_ceil(1, 30, 10_000), Some(1)); // a fee never vanishes
/// assert_eq!(mul_div_floor(1, 30, 10_000), Some(0));
/// ```
#[must_use]
pub fn mul_div_ceil(a: u64, b: u64, divisor: u128) -> Option<u64> {
    let (floor, is_exact) = mul_div(a, b, divisor)?;
    if is_exact { Some(floor) } else { floor.checked_add(1) }
}

/// The quotient cut to a whole number, and whether that is all of it.
fn mul_div(a: u64, b: u64, divisor: u128) -> Option<(u64, bool)> {
    // Two numbers of 64 bits have a product of at most 128: nothing is lost here.
    let product = u128::from(a).wrapping_mul(u128::from(b));
    // Most divisions fit one machine word, which wasm does several times faster than a 128-bit one.
    if let (Ok(product), Ok(divisor)) = (u64::try_from(product), u64::try_from(divisor)) {
        let floor = product.checked_div(divisor)?;
        return Some((floor, floor.wrapping_mul(divisor) == product));
    }
    let floor = product.checked_div(divisor)?;
    Some((u64::try_from(floor).ok()?, floor.wrapping_mul(divisor) == product))
}

/// The digits of a quotient, most significant first: its whole part, then one decimal digit a call.
///
/// Serves prices, which are quotients of two amounts and are shown cut, never rounded up.
#[derive(Debug, Clone)]
pub(crate) struct LongDivision {
    whole: u128,
    remainder: u128,
    divisor: u128,
}

impl LongDivision {
    /// Starts `dividend ÷ divisor`; `None` for a zero divisor or one above 2^124, where a digit would overflow.
    pub(crate) fn new(dividend: u128, divisor: u128) -> Option<Self> {
        if divisor.leading_zeros() < 4 {
            return None;
        }
        let whole = dividend.checked_div(divisor)?;
        let remainder = dividend.checked_rem(divisor)?;
        Some(Self { whole, remainder, divisor })
    }

    /// The whole part, rounded down.
    pub(crate) fn whole(&self) -> u128 {
        self.whole
    }

    /// Whether digits other than zero are still to come.
    pub(crate) fn is_exact(&self) -> bool {
        self.remainder == 0
    }

    /// The next digit behind the point, 0 to 9.
    pub(crate) fn next_digit(&mut self) -> u8 {
        // `new` keeps the divisor above zero and, like the remainder, below 2^124: ten times that fits.
        let scaled = self.remainder.saturating_mul(10);
        self.remainder = scaled.checked_rem(self.divisor).unwrap_or(0);
        scaled.checked_div(self.divisor).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_and_ceil_differ_by_one_unless_exact() {
        assert_eq!(mul_div_floor(7, 3, 2), Some(10));
        assert_eq!(mul_div_ceil(7, 3, 2), Some(11));
        assert_eq!(mul_div_floor(6, 3, 2), mul_div_ceil(6, 3, 2));
    }

    #[test]
    fn the_largest_product_is_exact() {
        let max = u64::MAX;
        assert_eq!(mul_div_floor(max, max, u128::from(max)), Some(max));
        assert_eq!(mul_div_ceil(max, max, u128::from(max)), Some(max));
        assert_eq!(mul_div_floor(max, max, u128::from(max) - 1), None);
        assert_eq!(mul_div_floor(max, max, u128::MAX), Some(0));
        assert_eq!(mul_div_ceil(max, max, u128::MAX), Some(1));
    }

    #[test]
    fn a_zero_divisor_is_refused() {
        assert_eq!(mul_div_floor(1, 1, 0), None);
        assert_eq!(mul_div_ceil(1, 1, 0), None);
        assert!(LongDivision::new(1, 0).is_none());
    }

    #[test]
    fn long_division_gives_digits_cut_not_rounded() {
        let mut division = LongDivision::new(200, 3).expect("the divisor is small");
        assert_eq!(division.whole(), 66);
        let digits: [u8; 3] = core::array::from_fn(|_| division.next_digit());
        assert_eq!(digits, [6, 6, 6]);
        assert!(!division.is_exact());
    }
}

//! The most that paying an invoice may cost beside its amount: the same answer on the page and in the server.

use crate::rounding::mul_div_ceil;

/// The least fee cap where an operator sets none, in msat.
const FEE_CAP_MSAT_MIN: u64 = 20_000;
/// The fee cap of larger amounts, where an operator sets none: one hundredth, because LNbits sets aside as much.
const FEE_CAP_DIVISOR: u128 = 100;

/// Returns the most that the fee of a withdrawal may be: as an operator has set it, else the larger of 20 sats and one
/// hundredth of the amount.
///
/// Amount and fee cap are set aside before anything is sent, and what the fee does not use comes back.
///
/// # Units
///
/// `amount_msat` and the result in msat; `fee_sats_max` in sats, chosen by the operator.
///
/// # Rounding
///
/// The hundredth is rounded up to whole msat, less than one above the exact value. What does not fit 64 bits is
/// [`u64::MAX`], which nobody has.
///
/// # Examples
///
/// ```
/// use postfun_core::bolt11::fee_cap_msat;
/// assert_eq!(fee_cap_msat(21_000_000, None), 210_000);
/// assert_eq!(fee_cap_msat(1_000, None), 20_000);
/// assert_eq!(fee_cap_msat(21_000_000, Some(5)), 5_000);
/// ```
#[must_use]
pub fn fee_cap_msat(amount_msat: u64, fee_sats_max: Option<u64>) -> u64 {
    match fee_sats_max {
        Some(sats) => sats.saturating_mul(super::SAT_MSAT),
        None => mul_div_ceil(amount_msat, 1, FEE_CAP_DIVISOR).unwrap_or(u64::MAX).max(FEE_CAP_MSAT_MIN),
    }
}

#[cfg(test)]
mod tests {
    use super::fee_cap_msat;

    #[test]
    fn the_cap_is_twenty_sats_or_a_hundredth_unless_it_is_set() {
        for (amount_msat, cap_msat) in [
            (0, 20_000),
            (1_000, 20_000),
            (2_000_000, 20_000),
            (2_000_001, 20_001),
            (500_000_000, 5_000_000),
            (u64::MAX, 184_467_440_737_095_517),
        ] {
            assert_eq!(fee_cap_msat(amount_msat, None), cap_msat, "{amount_msat}");
        }
        for (sats, cap_msat) in [(0, 0), (7, 7_000), (u64::MAX, u64::MAX)] {
            assert_eq!(fee_cap_msat(500_000_000, Some(sats)), cap_msat);
        }
    }
}

//! Base units of a token and their decimal text.
//!
//! Text becomes base units exactly or not at all: what a token cannot express is refused, never rounded.

use alloc::string::{String, ToString};

use rust_decimal::Decimal;

/// The longest amount text that is read: 19 digits and a sign of an exponent fit many times over.
pub const TEXT_LEN_MAX: usize = 64;

mod units {
    use super::AmountError;

    /// A whole number of base units of one token, at most 2^63 − 1 so that every database column holds it.
    ///
    /// Which token is meant is known from where the value stands; amounts of two tokens never meet in one sum.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
    pub struct Units(u64);

    impl Units {
        /// No base unit.
        pub const ZERO: Self = Self(0);
        /// The largest amount there is, 2^63 − 1 base units.
        pub const MAX: Self = Self(u64::MAX >> 1);

        /// Constructs an amount from a count of base units.
        ///
        /// # Errors
        ///
        /// [`AmountError::OutOfRange`] above 2^63 − 1.
        pub const fn new(units: u64) -> Result<Self, AmountError> {
            if units > Self::MAX.0 { Err(AmountError::OutOfRange) } else { Ok(Self(units)) }
        }

        /// Returns the count of base units.
        #[must_use]
        pub const fn get(self) -> u64 {
            self.0
        }
    }
}

mod decimals {
    use super::AmountError;

    /// How many decimal digits a token has: one token is 10^decimals base units. At most 11, the millisatoshi's.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub struct Decimals(u8);

    impl Decimals {
        /// The finest division there is, that of bitcoin into millisatoshis.
        pub const MAX: Self = Self(11);

        /// Constructs a number of decimals.
        ///
        /// # Errors
        ///
        /// [`AmountError::Decimals`] above 11.
        pub const fn new(decimals: u8) -> Result<Self, AmountError> {
            if decimals > Self::MAX.0 { Err(AmountError::Decimals { decimals }) } else { Ok(Self(decimals)) }
        }

        /// Returns the number of digits.
        #[must_use]
        pub const fn get(self) -> u8 {
            self.0
        }
    }
}

pub use decimals::Decimals;
pub use units::Units;

impl Units {
    /// Adds two amounts of the same token.
    ///
    /// # Errors
    ///
    /// [`AmountError::OutOfRange`] above 2^63 − 1.
    pub fn checked_add(self, other: Self) -> Result<Self, AmountError> {
        self.get().checked_add(other.get()).ok_or(AmountError::OutOfRange).and_then(Self::new)
    }

    /// Subtracts an amount of the same token.
    ///
    /// # Errors
    ///
    /// [`AmountError::OutOfRange`] below zero.
    pub fn checked_sub(self, other: Self) -> Result<Self, AmountError> {
        self.get().checked_sub(other.get()).ok_or(AmountError::OutOfRange).and_then(Self::new)
    }

    /// Adds two amounts and stays at [`Units::MAX`] when the sum is beyond it.
    ///
    /// For counters that only grow, such as a pool's volume; never for balances.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        self.checked_add(other).unwrap_or(Self::MAX)
    }

    /// Whether there is no base unit at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.get() == 0
    }
}

/// Why an amount was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// The text is no decimal number.
    #[error("not a decimal number")]
    Malformed,
    /// The text has a minus sign.
    #[error("an amount cannot be negative")]
    Negative,
    /// The token has fewer decimals than the text needs.
    #[error("the token has only {decimals} decimals")]
    Precision {
        /// How many the token has.
        decimals: u8,
    },
    /// The amount, or the sum of two, is outside 0 to 2^63 − 1 base units.
    #[error("the amount is out of range")]
    OutOfRange,
    /// A token was given more than 11 decimals.
    #[error("{decimals} decimals are more than the 11 allowed")]
    Decimals {
        /// How many were given.
        decimals: u8,
    },
}

impl AmountError {
    /// Every code that [`AmountError::code`] returns.
    pub const CODES: [&'static str; 5] = [
        "amount_malformed",
        "amount_negative",
        "amount_precision",
        "amount_out_of_range",
        "decimals_out_of_range",
    ];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "amount_malformed",
            Self::Negative => "amount_negative",
            Self::Precision { .. } => "amount_precision",
            Self::OutOfRange => "amount_out_of_range",
            Self::Decimals { .. } => "decimals_out_of_range",
        }
    }
}

/// Reads a decimal number of tokens as base units, exactly.
///
/// The grammar is JSON's number (RFC 8259 §6): digits, at most one point with digits on both sides, and an
/// exponent, because JavaScript prints small numbers as `1e-7`. Zeros behind the last decimal are no precision.
///
/// # Units
///
/// `text` counts tokens, the result base units (10^`decimals` a token).
///
/// # Errors
///
/// * [`AmountError::Malformed`]: anything else than such a number, or a text above [`TEXT_LEN_MAX`] bytes.
/// * [`AmountError::Negative`]: a minus sign, also before zero.
/// * [`AmountError::Precision`]: a digit other than zero behind the token's last decimal.
/// * [`AmountError::OutOfRange`]: more than 2^63 − 1 base units.
///
/// # Examples
///
/// ```
/// use postfun_core::amount::{self, Decimals};
/// let btc = Decimals::new(8)?;
/// assert_eq!(amount::parse("0.5", btc)?.get(), 50_000_000);
/// assert_eq!(amount::parse("1e-7", btc)?.get(), 10);
/// assert_eq!(amount::parse("0.123456789", btc).unwrap_err().code(), "amount_precision");
/// # Ok::<(), amount::AmountError>(())
/// ```
pub fn parse(text: &str, decimals: Decimals) -> Result<Units, AmountError> {
    let number = Number::read(text)?;
    let digits = number.digits();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(Units::ZERO);
    }
    // The value in base units is digits × 10^scale.
    let scale = number
        .exponent
        .checked_sub(i64::try_from(number.fraction.len()).map_err(|_ignored| AmountError::OutOfRange)?)
        .and_then(|scale| scale.checked_add(i64::from(decimals.get())))
        .ok_or(AmountError::OutOfRange)?;
    let significant = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len().saturating_sub(significant.len())).unwrap_or(i64::MAX);
    let scale = scale.saturating_add(zeros);
    if scale < 0 {
        return Err(AmountError::Precision { decimals: decimals.get() });
    }
    from_scaled(significant, scale)
}

/// Computes `significant × 10^scale` base units.
fn from_scaled(significant: &str, scale: i64) -> Result<Units, AmountError> {
    let mut units = significant.parse::<u64>().map_err(|_ignored| AmountError::OutOfRange)?;
    // A 64-bit number other than zero has room for 19 more zeros at the most.
    if scale > 19 {
        return Err(AmountError::OutOfRange);
    }
    for _ in 0..scale {
        units = units.checked_mul(10).ok_or(AmountError::OutOfRange)?;
    }
    Units::new(units)
}

/// A JSON number taken apart, its value unchanged.
struct Number<'a> {
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Number<'a> {
    fn read(text: &'a str) -> Result<Self, AmountError> {
        if text.len() > TEXT_LEN_MAX {
            return Err(AmountError::Malformed);
        }
        let (text, is_negative) = match text.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return Err(AmountError::Malformed),
            Some((whole, fraction)) => (whole, fraction),
            None => (mantissa, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || leading_zero || !all_digits(whole) || !all_digits(fraction) {
            return Err(AmountError::Malformed);
        }
        if is_negative { Err(AmountError::Negative) } else { Ok(Self { whole, fraction, exponent }) }
    }

    fn digits(&self) -> String {
        let mut digits = String::from(self.whole);
        digits.push_str(self.fraction);
        digits
    }
}

fn read_exponent(text: &str) -> Result<i64, AmountError> {
    let (digits, is_negative) = match text.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (text.strip_prefix('+').unwrap_or(text), false),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AmountError::Malformed);
    }
    // An exponent of more than 18 digits is out of any range; its sign decides which refusal follows.
    let exponent = digits.parse::<i64>().unwrap_or(i64::MAX >> 1);
    Ok(if is_negative { exponent.saturating_neg() } else { exponent })
}

/// Writes an amount as the shortest decimal number of tokens that is exactly it.
///
/// # Units
///
/// `units` counts base units, the text tokens.
///
/// # Examples
///
/// ```
/// use postfun_core::amount::{self, Decimals, Units};
/// let usd = Decimals::new(6)?;
/// assert_eq!(amount::format(Units::new(64_740_453_767)?, usd), "64740.453767");
/// assert_eq!(amount::format(Units::new(1_500_000)?, usd), "1.5");
/// # Ok::<(), amount::AmountError>(())
/// ```
#[must_use]
pub fn format(units: Units, decimals: Decimals) -> String {
    // 19 digits and a scale of 11 are far within `Decimal`'s 28 digits, so this is exact.
    Decimal::from_i128_with_scale(i128::from(units.get()), u32::from(decimals.get())).normalize().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, decimals: u8) -> Result<u64, &'static str> {
        let decimals = Decimals::new(decimals).expect("the test's decimals are allowed");
        parse(text, decimals).map(Units::get).map_err(|error| error.code())
    }

    #[test]
    fn exact_texts_are_read() {
        for (text, decimals, units) in [
            ("0", 8, 0),
            ("0.0", 0, 0),
            ("0e99999999999999999999", 8, 0),
            ("1", 8, 100_000_000),
            ("1.50", 6, 1_500_000),
            ("1.500000000000", 1, 15),
            ("1e-7", 8, 10),
            ("1.5E+3", 2, 150_000),
            ("100e-2", 0, 1),
            ("92233720368.54775807", 8, Units::MAX.get()),
        ] {
            assert_eq!(parsed(text, decimals), Ok(units), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        for (text, decimals, code) in [
            ("", 8, "amount_malformed"),
            (" 1", 8, "amount_malformed"),
            ("+1", 8, "amount_malformed"),
            (".5", 8, "amount_malformed"),
            ("5.", 8, "amount_malformed"),
            ("01", 8, "amount_malformed"),
            ("1_000", 8, "amount_malformed"),
            ("1,5", 8, "amount_malformed"),
            ("1e", 8, "amount_malformed"),
            ("1e1.5", 8, "amount_malformed"),
            ("0x10", 8, "amount_malformed"),
            ("NaN", 8, "amount_malformed"),
            ("Infinity", 8, "amount_malformed"),
            ("\u{661}", 8, "amount_malformed"),
            ("-1", 8, "amount_negative"),
            ("-0", 8, "amount_negative"),
            ("0.000000001", 8, "amount_precision"),
            ("1e-9", 8, "amount_precision"),
            ("1e-99999999999999999999", 8, "amount_precision"),
            ("92233720368.54775808", 8, "amount_out_of_range"),
            ("18446744073709551616", 0, "amount_out_of_range"),
            ("1e19", 0, "amount_out_of_range"),
            ("1e99999999999999999999", 8, "amount_out_of_range"),
        ] {
            assert_eq!(parsed(text, decimals), Err(code), "{text}");
        }
        assert_eq!(parsed(&"1".repeat(65), 0), Err("amount_malformed"));
        assert_eq!(parsed(&"1".repeat(64), 0), Err("amount_out_of_range"));
    }

    #[test]
    fn texts_are_shortest() {
        for (units, decimals, text) in
            [(0, 8, "0"), (1, 11, "0.00000000001"), (100_000_000, 8, "1"), (10, 0, "10"), (150, 2, "1.5")]
        {
            let units = Units::new(units).expect("the test's amount is in range");
            assert_eq!(format(units, Decimals::new(decimals).expect("allowed")), text);
        }
    }

    #[test]
    fn codes_are_listed_once() {
        let errors = [
            AmountError::Malformed,
            AmountError::Negative,
            AmountError::Precision { decimals: 8 },
            AmountError::OutOfRange,
            AmountError::Decimals { decimals: 12 },
        ];
        assert_eq!(errors.map(|error| error.code()), AmountError::CODES);
    }
}

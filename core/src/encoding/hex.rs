//! Lower-case hexadecimal, two digits a byte.
//!
//! Upper case is refused, as NIP-01 demands of ids, keys and signatures: with one spelling for each value, equal
//! texts are equal bytes.

use alloc::string::String;

const DIGITS: [u8; 16] = *b"0123456789abcdef";

/// Why a hexadecimal text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HexError {
    /// The text has not two digits for each byte.
    #[error("{length} characters where {expected} hexadecimal digits are expected")]
    Length {
        /// The length of the text in bytes.
        length: usize,
        /// The length it should have.
        expected: usize,
    },
    /// A character is none of `0` to `9` and `a` to `f`.
    #[error("the character at {position} is no lower-case hexadecimal digit")]
    Digit {
        /// Where it stands, counted in bytes from 0.
        position: usize,
    },
}

impl HexError {
    /// Every code that [`HexError::code`] returns.
    pub const CODES: [&'static str; 2] = ["hex_length", "hex_digit"];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "hex_length",
            Self::Digit { .. } => "hex_digit",
        }
    }
}

/// Writes bytes as lower-case digits.
///
/// # Examples
///
/// ```
/// assert_eq!(postfun_core::encoding::hex::encode_lower(&[0x3b, 0xf0, 0xc6]), "3bf0c6");
/// ```
#[must_use]
pub fn encode_lower(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    push_lower(&mut text, bytes);
    text
}

/// Appends bytes as lower-case digits.
pub(crate) fn push_lower(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0x0f));
    }
}

/// The digit of a value below 16.
fn digit(value: u8) -> char {
    char::from(DIGITS.get(usize::from(value)).copied().unwrap_or(b'0'))
}

/// Reads exactly `N` bytes.
///
/// # Errors
///
/// * [`HexError::Length`]: the text has not `2 × N` characters.
/// * [`HexError::Digit`]: one of them is no lower-case hexadecimal digit.
///
/// # Examples
///
/// ```
/// use postfun_core::encoding::hex;
/// assert_eq!(hex::decode_array::<3>("3bf0c6"), Ok([0x3b, 0xf0, 0xc6]));
/// assert_eq!(hex::decode_array::<3>("3BF0C6").unwrap_err().code(), "hex_digit");
/// ```
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let mut bytes = [0; N];
    decode_into(text, &mut bytes)?;
    Ok(bytes)
}

#[inline(never)] // The browser package loads each copy that inlining makes.
fn decode_into(text: &str, bytes: &mut [u8]) -> Result<(), HexError> {
    let expected = bytes.len().saturating_mul(2);
    if text.len() != expected {
        return Err(HexError::Length { length: text.len(), expected });
    }
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    for (index, (byte, [high, low])) in bytes.iter_mut().zip(pairs).enumerate() {
        let position = index.saturating_mul(2);
        let high = value(*high).ok_or(HexError::Digit { position })?;
        let low = value(*low).ok_or(HexError::Digit { position: position.saturating_add(1) })?;
        *byte = (high << 4) | low;
    }
    Ok(())
}

/// The value of a lower-case digit.
const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a' - 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_spelling() {
        for byte in 0..=u8::MAX {
            let text = encode_lower(&[byte]);
            assert_eq!(text.len(), 2);
            assert_eq!(decode_array::<1>(&text), Ok([byte]));
        }
        assert_eq!(decode_array::<0>(""), Ok([]));
    }

    #[test]
    fn anything_else_is_refused_where_it_stands() {
        assert_eq!(decode_array::<2>("00f"), Err(HexError::Length { length: 3, expected: 4 }));
        assert_eq!(decode_array::<2>("00f00"), Err(HexError::Length { length: 5, expected: 4 }));
        assert_eq!(decode_array::<2>("00fF"), Err(HexError::Digit { position: 3 }));
        assert_eq!(decode_array::<2>("0g00"), Err(HexError::Digit { position: 1 }));
        assert_eq!(decode_array::<2>("00é"), Err(HexError::Digit { position: 2 }));
        assert_eq!(decode_array::<2>("0x00"), Err(HexError::Digit { position: 1 }));
        for neighbour in ['/', ':', '`', 'g', 'A', ' '] {
            let text: String = ['0', neighbour].iter().collect();
            assert_eq!(decode_array::<1>(&text), Err(HexError::Digit { position: 1 }), "{neighbour}");
        }
    }

    #[test]
    fn codes_are_listed_once() {
        let errors = [HexError::Length { length: 1, expected: 2 }, HexError::Digit { position: 0 }];
        assert_eq!(errors.map(|error| error.code()), HexError::CODES);
    }
}

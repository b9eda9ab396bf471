//! Ethereum addresses: 20 bytes, written in hexadecimal whose upper case is a checksum.

use core::fmt;
use core::str::FromStr;

use sha3::{Digest, Keccak256};

use crate::encoding::hex;

/// What an address begins with.
const PREFIX: &str = "0x";

/// An address; compares without regard to how it was spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvmAddress([u8; 20]);

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvmAddressError {
    /// Not `0x` and 40 hexadecimal digits.
    #[error("an address is 0x and 40 hexadecimal digits")]
    Malformed,
    /// Upper and lower case do not fit the digits: a digit is wrong.
    #[error("the upper-case letters of the address do not fit its digits; copy it again")]
    ChecksumMismatch,
}

impl EvmAddressError {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "address_malformed",
            Self::ChecksumMismatch => "address_checksum_mismatch",
        }
    }
}

impl EvmAddress {
    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl FromStr for EvmAddress {
    type Err = EvmAddressError;

    /// Reads an address; one in a single case carries no checksum, one in both cases must carry the right one.
    ///
    /// # Errors
    ///
    /// [`EvmAddressError`].
    ///
    /// # Sources
    ///
    /// EIP-55.
    fn from_str(text: &str) -> Result<Self, EvmAddressError> {
        let digits = text.strip_prefix(PREFIX).ok_or(EvmAddressError::Malformed)?;
        let lower = digits.to_ascii_lowercase();
        let bytes = hex::decode_array::<20>(&lower).map_err(|_malformed| EvmAddressError::Malformed)?;
        let has = |case: fn(&char) -> bool| digits.chars().any(|c| case(&c));
        if has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase) && !is_checksummed(digits, &lower) {
            return Err(EvmAddressError::ChecksumMismatch);
        }
        Ok(Self(bytes))
    }
}

/// Whether each letter is upper case exactly where the digit of the hash at its place is eight or more.
fn is_checksummed(digits: &str, lower: &str) -> bool {
    let hash = hex::encode_lower(&Keccak256::digest(lower.as_bytes()));
    digits
        .chars()
        .zip(hash.chars())
        .all(|(c, of_hash)| !c.is_ascii_alphabetic() || c.is_ascii_uppercase() == (of_hash >= '8'))
}

impl fmt::Display for EvmAddress {
    /// Writes `0x` and lower-case digits, the form in which addresses are stored and compared.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        f.write_str(&hex::encode_lower(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::{EvmAddress, EvmAddressError};

    /// The examples of EIP-55.
    const EXAMPLES: [&str; 8] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn the_standards_examples_are_read_in_every_case() {
        for text in EXAMPLES {
            let address: EvmAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text.to_lowercase());
            let digits = text.strip_prefix("0x").unwrap();
            for spelled in [digits.to_lowercase(), digits.to_uppercase()] {
                assert_eq!(alloc::format!("0x{spelled}").parse(), Ok(address), "{text}");
            }
        }
    }

    #[test]
    fn a_wrong_letter_is_noticed_and_other_texts_are_no_address() {
        let (mixed, mut noticed) = ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", 0);
        for at in 2..mixed.len() {
            let mut wrong = mixed.as_bytes().to_vec();
            wrong[at] = if wrong[at].is_ascii_uppercase() {
                wrong[at].to_ascii_lowercase()
            } else {
                wrong[at].to_ascii_uppercase()
            };
            let wrong = alloc::string::String::from_utf8(wrong).unwrap();
            if wrong != mixed {
                assert_eq!(wrong.parse::<EvmAddress>(), Err(EvmAddressError::ChecksumMismatch), "{wrong}");
                noticed += 1;
            }
        }
        assert!(noticed > 10, "{noticed}");
        for text in [
            "",
            "0x",
            "0X52908400098527886E0F7030069857D2E4169EE7",
            "52908400098527886E0F7030069857D2E4169EE7",
            "0x52908400098527886E0F7030069857D2E4169EE",
            "0x52908400098527886E0F7030069857D2E4169EE70",
            "0xg2908400098527886E0F7030069857D2E4169EE7",
        ] {
            assert_eq!(text.parse::<EvmAddress>(), Err(EvmAddressError::Malformed), "{text}");
        }
        assert_eq!(EvmAddressError::Malformed.code(), "address_malformed");
        assert_eq!(EvmAddressError::ChecksumMismatch.code(), "address_checksum_mismatch");
    }
}

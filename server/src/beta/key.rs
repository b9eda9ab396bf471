//! A key to the beta, and who redeemed it.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::id::{Entropy, random};

/// Digits of a key.
const DIGITS: usize = 6;
/// How many keys there can be.
const KEYS: u64 = 1_000_000;

/// Six digits that let one e-mail address in; its `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct ReferralKey(String);

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key has six digits")]
pub struct NoKey;

/// How far a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BetaStatus {
    /// Nobody has redeemed it.
    Pending,
    /// Somebody has.
    Active,
}

/// A key, and the address that redeemed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BetaUser {
    /// The id.
    pub id: Uuid,
    /// The key.
    pub key: ReferralKey,
    /// How far it is.
    pub status: BetaStatus,
    /// Who redeemed it, in lower case; not proven.
    pub email: Option<String>,
    /// In milliseconds since the epoch.
    pub created_at_ms: i64,
    /// In milliseconds since the epoch.
    pub updated_at_ms: i64,
}

impl ReferralKey {
    /// Draws a key; 64 random bits make no digit likelier than another by more than one in 10^13.
    pub(super) fn draw(entropy: &dyn Entropy) -> Self {
        Self(format!("{:06}", u64::from_be_bytes(random(entropy)) % KEYS))
    }

    /// Returns the digits.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the number under which attempts at the key are counted; it is larger than any shared counter's.
    pub(super) fn limit_key(&self) -> u128 {
        (1 << 64) | self.0.parse::<u128>().unwrap_or(0)
    }
}

impl fmt::Debug for ReferralKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReferralKey(…)")
    }
}

impl FromStr for ReferralKey {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let is_key = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_key { Ok(Self(text.to_owned())) } else { Err(NoKey) }
    }
}

impl BetaStatus {
    /// Returns the name that the database holds and clients see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
        }
    }

    /// Reads such a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Active].into_iter().find(|status| status.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::ReferralKey;
    use crate::id::SeededEntropy;

    #[test]
    fn a_key_is_six_digits_and_nothing_else() {
        for text in ["000000", "012345", "999999"] {
            assert_eq!(text.parse::<ReferralKey>().unwrap().expose(), text);
        }
        for text in ["", "12345", "1234567", "12345a", "１２３４５６", " 12345", "12345\0", "-12345"] {
            assert!(text.parse::<ReferralKey>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn drawn_keys_are_keys_of_every_kind_and_debug_hides_them() {
        let entropy = SeededEntropy::new(1);
        let drawn: Vec<ReferralKey> = (0..2_000).map(|_| ReferralKey::draw(&entropy)).collect();
        for digit in '0'..='9' {
            let first = drawn.iter().filter(|key| key.expose().starts_with(digit)).count();
            assert!((120..=280).contains(&first), "{digit} is first {first} times");
        }
        for key in &drawn {
            assert_eq!(key.expose().parse().as_ref(), Ok(key));
            assert!(!format!("{key:?}").contains(key.expose()));
        }
    }

    #[test]
    fn attempts_at_two_keys_are_counted_apart() {
        let limit_key = |text: &str| text.parse::<ReferralKey>().unwrap().limit_key();
        assert_ne!(limit_key("000000"), limit_key("000001"));
        assert!(limit_key("000000") > u128::from(u64::MAX));
    }
}

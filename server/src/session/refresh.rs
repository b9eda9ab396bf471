//! Refresh tokens: what they look like, and what a presented one means.
//!
//! A token is `family ‖ n ‖ HMAC(key, family ‖ n)`, where the family is a session in one of its generations and `n`
//! counts its tokens from zero. The database holds two numbers and no secret: the newest `n` that was handed out, and
//! the largest that came back, in a refresh or in an access token made beside it (claim `rn`).
//!
//! | Presented | Newest came back | Means | Answer |
//! |---|---|---|---|
//! | the newest | – | it is in use from now on | its successor |
//! | the one before | no | the answer with the newest was lost, or crossed another | the newest once more |
//! | the one before | yes | two hold tokens of one family, and one of them stole it | the family ends |
//! | an older one | – | the same | the family ends |
//! | one never handed out | – | the database is older than the token | refused |
//!
//! # Sources
//!
//! RFC 9700 §4.14.2 (rotation, and ending the family at reuse).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::config::Secret;
use crate::keys;

const KEY_LABEL: &str = "postfun/first-party-refresh/v1";
/// Shows what a text is to whoever finds it where it does not belong.
const PREFIX: &str = "pfr_";
const FAMILY_LEN: usize = 24;
const SIGNED_LEN: usize = FAMILY_LEN + 8;
const TOKEN_LEN: usize = SIGNED_LEN + 32;
/// Its length in base64 without padding.
const TEXT_LEN: usize = (TOKEN_LEN * 4).div_ceil(3);

/// A token as the client gets it. Whoever holds it is the user, so it is never logged.
#[derive(Clone)]
pub struct RefreshToken(String);

impl RefreshToken {
    /// Returns the text that goes to the client.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RefreshToken(…)")
    }
}

/// What a token of ours says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Presented {
    pub(super) session_id: Uuid,
    pub(super) generation: i64,
    pub(super) n: i64,
}

/// What a presented number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is the newest: hand out its successor.
    Advance,
    /// Its successor was handed out and never came back: hand it out again.
    Repeat,
    /// Its successor is in use: somebody has it who should not.
    Reuse,
    /// It was never handed out.
    Unknown,
}

impl Meaning {
    /// Says what the number `n` means where `newest` was handed out last and `used` is the largest that came back.
    pub(super) const fn of(n: i64, newest: i64, used: i64) -> Self {
        if n > newest || n < 0 {
            return Self::Unknown;
        }
        if n == newest {
            return Self::Advance;
        }
        if n == newest - 1 && used < newest { Self::Repeat } else { Self::Reuse }
    }
}

/// The key of this token family.
pub(super) struct Keys(Hmac<Sha256>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Keys(…)")
    }
}

impl Keys {
    pub(super) fn derive(secret: &Secret) -> Self {
        // A key shorter than the hash's block is filled up with zeros (RFC 2104 §2).
        let mut block = [0; 64];
        block[..32].copy_from_slice(&keys::derive(secret, KEY_LABEL));
        Self(Hmac::new(&block.into()))
    }

    /// Makes a token; the same numbers always make the same.
    pub(super) fn sign(&self, presented: Presented) -> RefreshToken {
        let mut bytes = Vec::with_capacity(TOKEN_LEN);
        bytes.extend_from_slice(presented.session_id.as_bytes());
        bytes.extend_from_slice(&presented.generation.to_be_bytes());
        bytes.extend_from_slice(&presented.n.to_be_bytes());
        let mac = self.0.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&mac);
        RefreshToken(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes)))
    }

    /// Reads a token that this key made; none for everything else.
    pub(super) fn verify(&self, text: &str) -> Option<Presented> {
        let text = text.strip_prefix(PREFIX)?;
        if text.len() != TEXT_LEN {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signed, mac) = bytes.split_at_checked(SIGNED_LEN)?;
        self.0.clone().chain_update(signed).verify_slice(mac).ok()?;
        let (family, n) = signed.split_at_checked(FAMILY_LEN)?;
        let (id, generation) = family.split_first_chunk::<16>()?;
        Some(Presented {
            session_id: Uuid::from_bytes(*id),
            generation: i64::from_be_bytes(generation.try_into().ok()?),
            n: i64::from_be_bytes(n.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secret: &str) -> Keys {
        Keys::derive(&Secret::new(secret))
    }

    const PRESENTED: Presented = Presented { session_id: Uuid::from_u128(7), generation: 3, n: 41 };

    #[test]
    fn a_presented_number_means_what_the_table_says() {
        for (n, newest, used, meaning) in [
            (0, 0, 0, Meaning::Advance),
            (1, 1, 0, Meaning::Advance),
            (1, 1, 1, Meaning::Advance),
            (0, 1, 0, Meaning::Repeat),
            (0, 1, 1, Meaning::Reuse),
            (4, 5, 4, Meaning::Repeat),
            (4, 5, 5, Meaning::Reuse),
            (3, 5, 4, Meaning::Reuse),
            (0, 5, 4, Meaning::Reuse),
            (6, 5, 5, Meaning::Unknown),
            (i64::MAX, 5, 5, Meaning::Unknown),
            (-1, 0, 0, Meaning::Unknown),
            (i64::MIN, 0, 0, Meaning::Unknown),
        ] {
            assert_eq!(Meaning::of(n, newest, used), meaning, "{n} of {newest}, {used} used");
        }
    }

    #[test]
    fn the_same_numbers_make_the_same_token_and_it_reads_back() {
        let (keys, other) =
            (keys("a secret of the test, long enough"), keys("another secret of the test......"));
        let token = keys.sign(PRESENTED);
        assert_eq!(token.expose(), keys.sign(PRESENTED).expose());
        assert_eq!(keys.verify(token.expose()), Some(PRESENTED));
        assert_eq!(other.verify(token.expose()), None);
        assert_ne!(token.expose(), keys.sign(Presented { n: 42, ..PRESENTED }).expose());
        assert_eq!(format!("{token:?} {keys:?}"), "RefreshToken(…) Keys(…)");
    }

    #[test]
    fn no_damaged_token_reads() {
        let keys = keys("a secret of the test, long enough");
        let token = keys.sign(PRESENTED).expose().to_owned();
        for at in 0..token.len() {
            let mut damaged = token.clone().into_bytes();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(keys.verify(&String::from_utf8(damaged).unwrap()), None, "{at}");
            assert_eq!(keys.verify(&token[..at]), None, "cut at {at}");
        }
        for text in [
            "",
            "pfr_",
            "pfr_AAAA",
            &token[4..],
            &format!("{token}A"),
            &format!("{token}="),
            &format!(" {token}"),
        ] {
            assert_eq!(keys.verify(text), None, "{text}");
        }
    }
}

//! A challenge: random text that a proof must contain.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postfun_core::challenge::Purpose;
use uuid::Uuid;

use super::SignInError;
use crate::id::{Entropy, random, uuid_v4};

/// How many proofs that are not valid a challenge bears.
pub const ATTEMPTS_MAX: i64 = 10;

/// A challenge as it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Names it; a random UUID.
    pub id: String,
    /// 32 random bytes in URL-safe base64 without padding.
    pub challenge: String,
    /// What a signature over it is good for, and who may use it.
    pub ask: Ask,
    /// Proofs so far that were not valid.
    pub attempts: i64,
    /// When it was given out, in milliseconds since the epoch.
    pub created_at_ms: i64,
    /// From when on it is expired, in milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// When a valid proof consumed it, in milliseconds since the epoch.
    pub consumed_at_ms: Option<i64>,
}

/// What a challenge is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// What it is good for, and nothing else.
    pub purpose: Purpose,
    /// The user who may use it; nobody is signed in yet where it is for signing in.
    pub user_id: Option<Uuid>,
    /// The only Nostr key that may answer, when one was named.
    pub bound_pubkey: Option<[u8; 32]>,
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Challenge").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Challenge {
    pub(super) fn new(now_ms: i64, ttl_s: u64, ask: Ask, entropy: &dyn Entropy) -> Self {
        let ttl_ms = i64::try_from(ttl_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Self {
            id: uuid_v4(entropy).to_string(),
            challenge: URL_SAFE_NO_PAD.encode(random::<32>(entropy)),
            ask,
            attempts: 0,
            created_at_ms: now_ms,
            expires_at_ms: now_ms.saturating_add(ttl_ms),
            consumed_at_ms: None,
        }
    }

    /// Checks that the challenge can still be answered.
    pub(super) fn check_alive(&self, now_ms: i64) -> Result<(), SignInError> {
        if now_ms >= self.expires_at_ms {
            return Err(SignInError::ChallengeExpired);
        }
        if self.consumed_at_ms.is_some() {
            return Err(SignInError::ChallengeUsed);
        }
        if self.attempts >= ATTEMPTS_MAX { Err(SignInError::AttemptsExceeded) } else { Ok(()) }
    }
}

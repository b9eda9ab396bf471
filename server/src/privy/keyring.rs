//! The key set that Privy publishes, kept for an hour.
//!
//! A token that names a key which is not in the set may announce a new one, or be a stranger's. So the set is fetched
//! again for it, but not more often than every ten minutes.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::error::PrivyError;
use super::key::{KeySet, PrivyKey};
use super::remote::Remote;
use super::token::TokenFault;
use crate::clock::Clock;

/// For how long a set is good, in milliseconds.
const FRESH_MS: i64 = 60 * 60 * 1_000;
/// How long an unknown key waits for the next look, in milliseconds.
const UNKNOWN_PAUSE_MS: i64 = 10 * 60 * 1_000;
/// How long to leave Privy alone after it did not answer, in milliseconds.
const FAILURE_PAUSE_MS: i64 = 5 * 1_000;

/// The keys as they were fetched last.
#[derive(Debug)]
pub(super) struct Keyring {
    clock: Arc<dyn Clock>,
    // Held while fetching, so that many sign-ins at once ask Privy once.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keys: Option<KeySet>,
    fetched_at_ms: i64,
    tried_at_ms: Option<i64>,
}

impl State {
    fn is_fresh(&self, now_ms: i64) -> bool {
        self.keys.is_some() && (0..FRESH_MS).contains(&now_ms.saturating_sub(self.fetched_at_ms))
    }

    fn may_fetch(&self, now_ms: i64) -> bool {
        let pause_ms = if self.is_fresh(now_ms) { UNKNOWN_PAUSE_MS } else { FAILURE_PAUSE_MS };
        // A clock that went back has told nothing about how long ago that was.
        self.tried_at_ms.is_none_or(|at_ms| !(0..pause_ms).contains(&now_ms.saturating_sub(at_ms)))
    }

    fn find(&self, kid: Option<&str>) -> Option<PrivyKey> {
        self.keys.as_ref().and_then(|keys| keys.find(kid)).cloned()
    }
}

impl Keyring {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// Finds the key that a token names.
    pub(super) async fn find(&self, remote: &Remote, kid: Option<&str>) -> Result<PrivyKey, PrivyError> {
        let mut state = self.state.lock().await;
        let now_ms = self.clock.now_ms();
        let was_fresh = state.is_fresh(now_ms);
        if let Some(key) = state.find(kid).filter(|_| was_fresh) {
            return Ok(key);
        }
        if !state.may_fetch(now_ms) {
            return Err(if was_fresh { TokenFault::Invalid.into() } else { PrivyError::Unreachable });
        }
        state.tried_at_ms = Some(now_ms);
        match remote.keys().await {
            Ok(keys) => {
                state.keys = Some(keys);
                state.fetched_at_ms = now_ms;
                state.find(kid).ok_or(PrivyError::Token(TokenFault::Invalid))
            }
            Err(fault) => {
                tracing::warn!(error = %crate::db::error_chain(&fault), "Privy's keys could not be fetched");
                Err(if was_fresh { TokenFault::Invalid.into() } else { PrivyError::Unreachable })
            }
        }
    }
}

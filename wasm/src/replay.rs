//! A pool's history.

use postfun_core::amm::{self, EventToken, Replay};
use postfun_core::encoding::hex;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::amm::amounts_of;
use crate::error::CoreError;

/// A history that was replayed without fault.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawReplay {
    replay: Replay,
}

/// Replays a whole log; see [`amm::replay_log`].
///
/// # Errors
///
/// The codes of [`amm::ReplayError`], with the place of the event that is wrong.
#[wasm_bindgen(js_name = replayLog)]
pub fn replay_log(log: &[u8]) -> Result<RawReplay, CoreError> {
    Ok(RawReplay { replay: amm::replay_log(log)? })
}

#[wasm_bindgen]
impl RawReplay {
    /// Returns the pool's number.
    #[wasm_bindgen(js_name = poolId)]
    #[must_use]
    pub fn pool_id(&self) -> u64 {
        self.replay.created().pool_id
    }

    /// Returns token A, token B and the burn token, by number 0 to 2.
    #[must_use]
    pub fn token(&self, number: u8) -> Option<RawToken> {
        let created = self.replay.created();
        let token = match number {
            0 => Some(&created.token_a),
            1 => Some(&created.token_b),
            _ => created.burn_token.as_ref(),
        };
        token.cloned().map(RawToken)
    }

    /// Returns the number of events.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.replay.seq()
    }

    /// Returns the number of swaps.
    #[must_use]
    pub fn swaps(&self) -> u64 {
        self.replay.swaps()
    }

    /// Returns what was burned, in base units of the burn token.
    #[must_use]
    pub fn burned(&self) -> u64 {
        self.replay.burned().get()
    }

    /// Returns the hash of the last event in hexadecimal.
    #[must_use]
    pub fn head(&self) -> String {
        hex::encode_lower(self.replay.head())
    }

    /// Returns the base fee in basis points.
    #[wasm_bindgen(js_name = feeBpsBase)]
    #[must_use]
    pub fn fee_bps_base(&self) -> u16 {
        self.replay.pool().params().fee_bps_base
    }

    /// Returns the stage after the last event.
    #[must_use]
    pub fn stage(&self) -> u8 {
        self.replay.pool().state().stage.get()
    }

    /// Returns the pool's amounts after the last event, as [`crate::amm::RawPool`] takes them.
    #[must_use]
    pub fn amounts(&self) -> Vec<u64> {
        amounts_of(self.replay.pool())
    }
}

/// A token of a history.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawToken(EventToken);

#[wasm_bindgen]
impl RawToken {
    /// Returns the server's number of the token.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Returns the token's symbol.
    #[must_use]
    pub fn symbol(&self) -> String {
        self.0.symbol.clone()
    }

    /// Returns the token's decimals.
    #[must_use]
    pub fn decimals(&self) -> u8 {
        self.0.decimals.get()
    }
}

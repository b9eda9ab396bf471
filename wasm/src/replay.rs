//! A pool's history.

use postfun_core::amm::{Checkpoint, EventToken, Head, Playback, Replay};
use postfun_core::encoding::hex;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::amm::amounts_of;
use crate::error::CoreError;

/// A history that is replayed while it arrives.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RawPlayback(Playback);

#[wasm_bindgen]
impl RawPlayback {
    /// Begins before the first event, or behind a checkpoint.
    ///
    /// # Errors
    ///
    /// The codes of [`postfun_core::amm::CheckpointError`].
    #[wasm_bindgen(constructor)]
    pub fn new(checkpoint: Option<Vec<u8>>) -> Result<Self, CoreError> {
        Ok(Self(match checkpoint {
            Some(bytes) => Playback::resume(Replay::resume(&Checkpoint::from_bytes(bytes))?),
            None => Playback::new(),
        }))
    }

    /// Replays a piece of the log; see [`Playback::push`].
    ///
    /// # Errors
    ///
    /// The codes of [`postfun_core::amm::ReplayError`], with the place of the event that is wrong.
    pub fn push(&mut self, log: &[u8]) -> Result<(), CoreError> {
        Ok(self.0.push(log)?)
    }

    /// Checks that the history does not end within a record, and has begun; see [`Playback::end`].
    ///
    /// # Errors
    ///
    /// As [`RawPlayback::push`].
    pub fn end(&self) -> Result<(), CoreError> {
        self.0.end()?;
        Ok(())
    }

    /// Returns the bytes of a checkpoint behind the last event; like everything below, nothing before the first event.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Vec<u8>> {
        self.0.replay().map(|replay| replay.checkpoint().as_bytes().to_vec())
    }

    /// Returns the numbers: the pool's, of events, of swaps, then what was burned in base units of the burn token.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<u64>> {
        let numbers = |replay: &Replay| {
            [replay.created().pool_id, replay.seq(), replay.swaps(), replay.burned().get()].to_vec()
        };
        self.0.replay().map(numbers)
    }

    /// Returns the hash of the last event in hexadecimal.
    #[must_use]
    pub fn head(&self) -> Option<String> {
        self.0.replay().map(|replay| hex::encode_lower(replay.head()))
    }

    /// Returns the number of token A, of token B or of the burn token, which are 0 to 2.
    #[wasm_bindgen(js_name = tokenId)]
    #[must_use]
    pub fn token_id(&self, which: u8) -> Option<u64> {
        self.token(which).map(|token| token.id)
    }

    /// Returns the symbol of a token.
    #[wasm_bindgen(js_name = tokenSymbol)]
    #[must_use]
    pub fn token_symbol(&self, which: u8) -> Option<String> {
        self.token(which).map(|token| token.symbol.clone())
    }

    /// Returns the decimals of a token.
    #[wasm_bindgen(js_name = tokenDecimals)]
    #[must_use]
    pub fn token_decimals(&self, which: u8) -> Option<u8> {
        self.token(which).map(|token| token.decimals.get())
    }

    /// Returns the base fee in basis points.
    #[wasm_bindgen(js_name = feeBpsBase)]
    #[must_use]
    pub fn fee_bps_base(&self) -> Option<u16> {
        self.0.replay().map(|replay| replay.pool().params().fee_bps_base)
    }

    /// Returns the stage after the last event.
    #[must_use]
    pub fn stage(&self) -> Option<u8> {
        self.0.replay().map(|replay| replay.pool().state().stage.get())
    }

    /// Returns the pool's amounts after the last event, as [`crate::amm::RawPool`] takes them.
    #[must_use]
    pub fn amounts(&self) -> Option<Vec<u64>> {
        self.0.replay().map(|replay| amounts_of(replay.pool()))
    }
}

impl RawPlayback {
    fn token(&self, which: u8) -> Option<&EventToken> {
        let created = self.0.replay()?.created();
        match which {
            0 => Some(&created.token_a),
            1 => Some(&created.token_b),
            _ => created.burn_token.as_ref(),
        }
    }
}

/// Whether a head was signed by a key; keys, hashes and signatures are hexadecimal.
#[wasm_bindgen(js_name = verifyHead)]
#[must_use]
pub fn verify_head(pool_id: u64, seq: u64, head: &str, pubkey: &str, signature: &str) -> bool {
    let hash = hex::decode_array(head);
    let (key, signature) = (hex::decode_array(pubkey), hex::decode_array(signature));
    match (hash, key, signature) {
        (Ok(hash), Ok(key), Ok(signature)) => Head { pool_id, seq, hash }.verify(&key, &signature).is_ok(),
        _ => false,
    }
}

/// Whether a checkpoint was signed by a key; key and signature are hexadecimal.
#[wasm_bindgen(js_name = verifyCheckpoint)]
#[must_use]
pub fn verify_checkpoint(checkpoint: Vec<u8>, pubkey: &str, signature: &str) -> bool {
    match (hex::decode_array(pubkey), hex::decode_array(signature)) {
        (Ok(key), Ok(signature)) => Checkpoint::from_bytes(checkpoint).verify(&key, &signature).is_ok(),
        _ => false,
    }
}

//! What the server signs about the end of a pool's history.

use alloc::vec::Vec;

use super::chain::{self, ChainHash};
use crate::signature::SignatureError;
use crate::signature::schnorr::{self, AUX_LEN, KEY_LEN, SIGNATURE_LEN, SecretKey};

/// Separates these signatures from every other use of the key.
const TAG: &str = "postfun/pool-head/v1";

/// Signatures are deterministic, so that any process of a server gives the same one; BIP-340 allows it.
pub(super) const AUX: [u8; AUX_LEN] = [0; AUX_LEN];

/// The end of a pool's history: which event was the last, and the hash that covers it and every event before.
///
/// Whoever holds two of them with the same pool and place, other hashes and good signatures of one key, holds the
/// proof that the server told two stories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Head {
    /// The server's number of the pool.
    pub pool_id: u64,
    /// The place of the event; the first is 1.
    pub seq: u64,
    /// The event's chain hash.
    pub hash: ChainHash,
}

impl Head {
    /// Computes what is signed: the tagged hash of pool, place (8 bytes each, big-endian) and chain hash.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut message = Vec::with_capacity(48);
        message.extend_from_slice(&self.pool_id.to_be_bytes());
        message.extend_from_slice(&self.seq.to_be_bytes());
        message.extend_from_slice(&self.hash);
        chain::tagged(TAG, &message)
    }

    /// Signs the head; the same key and head always give the same signature.
    #[must_use]
    pub fn sign(&self, key: &SecretKey) -> [u8; SIGNATURE_LEN] {
        key.sign(&self.digest(), &AUX)
    }

    /// Checks the signature of the head.
    ///
    /// # Errors
    ///
    /// As [`schnorr::verify`].
    ///
    /// # Examples
    ///
    /// ```
    /// use postfun_core::amm::Head;
    /// use postfun_core::signature::schnorr::SecretKey;
    /// let key = SecretKey::from_bytes(&[7; 32])?;
    /// let head = Head { pool_id: 1, seq: 42, hash: [9; 32] };
    /// let signature = head.sign(&key);
    /// head.verify(&key.public_key(), &signature)?;
    /// assert!(Head { seq: 43, ..head }.verify(&key.public_key(), &signature).is_err());
    /// # Ok::<(), postfun_core::signature::SignatureError>(())
    /// ```
    pub fn verify(
        &self,
        public_key: &[u8; KEY_LEN],
        signature: &[u8; SIGNATURE_LEN],
    ) -> Result<(), SignatureError> {
        schnorr::verify(public_key, &self.digest(), signature)
    }
}

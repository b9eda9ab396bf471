//! The hash that links each event of a pool to the one before.

use sha2::{Digest, Sha256};

use crate::digest::sha256;

/// A link of the chain.
pub type ChainHash = [u8; 32];

/// Separates these hashes from every other use of SHA-256.
pub const DOMAIN: &[u8] = b"postfun/pool-event";

/// What stands before the first event.
pub const GENESIS: ChainHash = [0; 32];

/// Computes `SHA-256(domain ‖ previous ‖ bytes)`.
///
/// The domain and the previous hash have fixed lengths and an event's bytes say where each of its fields ends,
/// so no two histories share an input.
///
/// # Sources
///
/// FIPS 180-4 (SHA-256).
#[must_use]
pub fn link(previous: &ChainHash, bytes: &[u8]) -> ChainHash {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    hasher.update(previous);
    hasher.update(bytes);
    hasher.finalize().into()
}

/// Computes a tagged hash: `SHA-256(SHA-256(tag) ‖ SHA-256(tag) ‖ message)`, for what is signed.
///
/// # Sources
///
/// BIP-340, "Design", *Tagged Hashes*.
pub(super) fn tagged(tag: &str, message: &[u8]) -> [u8; 32] {
    let tag = sha256(tag.as_bytes());
    sha256(&[&tag, &tag, message].concat())
}

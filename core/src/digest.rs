//! SHA-256, once.

use sha2::{Digest, Sha256};

/// Computes SHA-256.
///
/// # Sources
///
/// FIPS 180-4.
#[inline(never)] // The browser package loads each copy that inlining makes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

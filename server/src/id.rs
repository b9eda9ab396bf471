//! Randomness as a port, and the ids made from it.
//!
//! Ids of rows are time-ordered UUIDs (version 7), because they are keys of growing tables; ids that must not tell
//! when they were made are version 4. This is the only file that may ask the operating system for random bytes
//! (`clippy.toml` bans it elsewhere).

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// Fills buffers with bytes nobody can foresee.
pub trait Entropy: Send + Sync + Debug {
    /// Overwrites the whole buffer with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's random source, fit for keys and challenges.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// Overwrites the buffer from the operating system.
    ///
    /// # Panics
    ///
    /// When the system has no random source; going on would hand out keys that can be guessed.
    #[expect(clippy::disallowed_methods, reason = "the one place where the system's randomness is read")]
    #[expect(clippy::expect_used, reason = "no answer is better than a predictable one")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// Bytes that repeat for the same seed, for tests and simulations; never for keys.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    blocks: AtomicU64,
}

impl SeededEntropy {
    /// Starts a sequence; two sequences with one seed are equal.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, blocks: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = self.blocks.fetch_add(1, Ordering::SeqCst);
            let digest = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(block.to_be_bytes())
                .finalize();
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

/// Returns an array of random bytes.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// Makes a time-ordered id (RFC 9562 version 7).
///
/// # Units
///
/// `now_ms` is milliseconds since the Unix epoch; times before it count as the epoch.
#[must_use]
pub fn uuid_v7(now_ms: i64, entropy: &dyn Entropy) -> Uuid {
    Builder::from_unix_timestamp_millis(u64::try_from(now_ms).unwrap_or(0), &random(entropy)).into_uuid()
}

/// Makes an id of random bits only (RFC 9562 version 4).
#[must_use]
pub fn uuid_v4(entropy: &dyn Entropy) -> Uuid {
    Builder::from_random_bytes(random(entropy)).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::{Entropy, OsEntropy, SeededEntropy, random, uuid_v4, uuid_v7};

    #[test]
    fn one_seed_gives_one_sequence() {
        let (first, second, other) = (SeededEntropy::new(1), SeededEntropy::new(1), SeededEntropy::new(2));
        let (a, b, c) = (random::<70>(&first), random::<70>(&second), random::<70>(&other));
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert_ne!(a, random::<70>(&first));
    }

    #[test]
    fn system_entropy_fills_the_whole_buffer() {
        let mut bytes = [0_u8; 64];
        OsEntropy.fill(&mut bytes);
        assert!(bytes[..16].iter().any(|b| *b != 0) && bytes[48..].iter().any(|b| *b != 0));
    }

    #[test]
    fn version_seven_sorts_by_time() {
        let entropy = SeededEntropy::new(3);
        let (early, late) = (uuid_v7(1_700_000_000_000, &entropy), uuid_v7(1_700_000_000_001, &entropy));
        assert!(early < late);
        assert_eq!((early.get_version_num(), uuid_v4(&entropy).get_version_num()), (7, 4));
    }
}

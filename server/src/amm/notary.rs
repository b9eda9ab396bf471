//! The server's signature under the end of each pool's history, and under its checkpoints.

use postfun_core::amm::{Checkpoint, Head};
use postfun_core::encoding::hex;
use postfun_core::nostr::npub;
use postfun_core::signature::schnorr::{KEY_LEN, SIGNATURE_LEN, SecretKey};
use quick_cache::sync::Cache;

use crate::config::Secret;
use crate::keys;

/// Browsers remember the public key that follows from this label and from the secret.
const KEY_LABEL: &str = "postfun/pool-head/v1";
/// Signatures that are remembered, so that a head is signed once however often it is asked for.
const SIGNATURES_MAX: usize = 10_000;

/// Signs heads and checkpoints, when they are asked for; a swap never waits for a signature.
///
/// Every process with the same secret gives the same signatures.
pub struct Notary {
    key: SecretKey,
    public_key: [u8; KEY_LEN],
    /// By what was signed: the digests of heads and checkpoints never meet.
    signed: Cache<[u8; 32], [u8; SIGNATURE_LEN]>,
}

impl std::fmt::Debug for Notary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Notary({})", self.pubkey())
    }
}

impl Notary {
    /// Makes the notary of a server from its secret.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        let key = keys::signing_key(secret, KEY_LABEL);
        let public_key = key.public_key();
        Self { key, public_key, signed: Cache::new(SIGNATURES_MAX) }
    }

    /// Returns the public key in hexadecimal.
    #[must_use]
    pub fn pubkey(&self) -> String {
        hex::encode_lower(&self.public_key)
    }

    /// Returns the public key as people compare it.
    #[must_use]
    pub fn npub(&self) -> String {
        npub::encode(&self.public_key)
    }

    /// Returns the signature of a head in hexadecimal.
    #[must_use]
    pub fn sign_head(&self, head: &Head) -> String {
        self.once(head.digest(), || head.sign(&self.key))
    }

    /// Returns the signature of a checkpoint in hexadecimal.
    #[must_use]
    pub fn sign_checkpoint(&self, checkpoint: &Checkpoint) -> String {
        self.once(checkpoint.digest(), || checkpoint.sign(&self.key))
    }

    fn once(&self, digest: [u8; 32], sign: impl FnOnce() -> [u8; SIGNATURE_LEN]) -> String {
        let signature = self.signed.get(&digest).unwrap_or_else(|| {
            let signature = sign();
            self.signed.insert(digest, signature);
            signature
        });
        hex::encode_lower(&signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_made_once_and_is_good() {
        let notary = Notary::new(&Secret::new("a secret of the test, long enough"));
        let head = Head { pool_id: 1, seq: 2, hash: [3; 32] };
        let first = notary.sign_head(&head);
        let signature = hex::decode_array(&first).expect("64 bytes");
        head.verify(&notary.public_key, &signature).expect("the notary's own");
        let again = notary.once(head.digest(), || panic!("it is known already"));
        assert_eq!(again, first);
    }

    #[test]
    fn formatting_shows_the_public_key_only() {
        let notary = Notary::new(&Secret::new("a secret of the test, long enough"));
        assert_eq!(format!("{notary:?}"), format!("Notary({})", notary.pubkey()));
    }
}

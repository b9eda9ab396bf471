//! Keys for one purpose each, derived from the configured secret.
//!
//! A key tells nothing of the secret nor of another key, so what is made for one purpose passes nowhere else.
//! A label is part of what it protects: changing one invalidates everything that was made with it.

use hkdf::Hkdf;
use postfun_core::signature::schnorr::SecretKey;
use sha2::Sha256;

use crate::config::Secret;

/// Derives the key of 32 bytes that `label` names.
///
/// # Sources
///
/// RFC 5869 (HKDF) with SHA-256, without salt, the label as `info`.
#[must_use]
pub fn derive(secret: &Secret, label: &str) -> [u8; 32] {
    let mut key = [0_u8; 32];
    // Expanding to 32 bytes is far below HKDF's limit of 255 blocks, so it cannot fail.
    let expanded = Hkdf::<Sha256>::new(None, secret.expose()).expand(label.as_bytes(), &mut key);
    debug_assert!(expanded.is_ok(), "32 bytes can always be expanded");
    key
}

/// Derives the key that `label` names for Schnorr signatures.
///
/// Bytes that are no secret key (fewer than one in 2^127) are derived again from themselves.
#[must_use]
pub fn signing_key(secret: &Secret, label: &str) -> SecretKey {
    let mut bytes = derive(secret, label);
    loop {
        if let Ok(key) = SecretKey::from_bytes(&bytes) {
            return key;
        }
        bytes = derive(&Secret::new(bytes), label);
    }
}

#[cfg(test)]
mod tests {
    use postfun_core::encoding::hex;

    use super::*;

    #[test]
    fn the_derivation_never_changes_because_tokens_and_pins_depend_on_it() {
        let secret = Secret::new("a secret of the test, long enough");
        let key = |label| hex::encode_lower(&derive(&secret, label));
        assert_eq!(
            key("postfun/first-party-access/v1"),
            "1bbcc551a546519af8139a10172679e4aad7ec3693bed30db137f1b85bd96ff1"
        );
        assert_eq!(
            key("postfun/pool-head/v1"),
            "f485e7056381154d19927418ecb772016ffb7fee53905ac73dd20315953df0ff"
        );
    }

    #[test]
    fn another_secret_or_label_gives_another_key() {
        let keys = ["one secret", "other secret"]
            .map(|text| ["a", "b"].map(|label| signing_key(&Secret::new(text), label).public_key()));
        let mut all = keys.concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 4);
    }
}

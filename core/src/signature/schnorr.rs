//! BIP-340 Schnorr signatures over secp256k1, with messages of any length.

use core::fmt;

use k256::NonZeroScalar;
use k256::schnorr::{Signature, SigningKey, VerifyingKey};

use super::SignatureError;

/// The length of a public and of a secret key in bytes.
pub const KEY_LEN: usize = 32;
/// The length of a signature in bytes.
pub const SIGNATURE_LEN: usize = 64;
/// The length in bytes of the randomness that a signature is made with.
pub const AUX_LEN: usize = 32;

/// Checks that a signature of the message was made with the public key's secret.
///
/// # Units
///
/// `public_key` is the x coordinate of the key's point, big-endian; `signature` is `r` and `s`, 32 bytes each.
///
/// # Errors
///
/// * [`SignatureError::PublicKey`]: the key is not on the curve, or not below the field's prime.
/// * [`SignatureError::Malformed`]: `r` is not below the field's prime, or `s` is zero or not below the order.
/// * [`SignatureError::Mismatch`]: the signature is of another key or message, or was altered.
///
/// # Examples
///
/// ```
/// use postfun_core::signature::schnorr::{self, SecretKey};
/// let key = SecretKey::from_bytes(&[7; 32])?;
/// let signature = key.sign(b"1 gBTC for gUSD", &[0; 32]);
/// schnorr::verify(&key.public_key(), b"1 gBTC for gUSD", &signature)?;
/// assert!(schnorr::verify(&key.public_key(), b"2 gBTC for gUSD", &signature).is_err());
/// # Ok::<(), postfun_core::signature::SignatureError>(())
/// ```
///
/// # Sources
///
/// BIP-340, "Verification".
pub fn verify(
    public_key: &[u8; KEY_LEN],
    message: &[u8],
    signature: &[u8; SIGNATURE_LEN],
) -> Result<(), SignatureError> {
    let key = VerifyingKey::from_bytes(public_key.into()).map_err(|_opaque| SignatureError::PublicKey)?;
    let signature = Signature::from_bytes(signature).map_err(|_opaque| SignatureError::Malformed)?;
    key.verify_raw(message, &signature).map_err(|_opaque| SignatureError::Mismatch)
}

/// A secret key: a number from 1 to below the order of the curve.
///
/// It is overwritten with zeros when dropped, and its `Debug` text does not contain it.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Reads a secret key from 32 big-endian bytes, of which the caller still holds a copy.
    ///
    /// # Errors
    ///
    /// [`SignatureError::SecretKey`] for zero and from the order of the curve on: fewer than one in 2^127 of random keys.
    pub fn from_bytes(bytes: &[u8; KEY_LEN]) -> Result<Self, SignatureError> {
        SigningKey::from_bytes(bytes.into()).map(Self).map_err(|_opaque| SignatureError::SecretKey)
    }

    /// Computes the public key, the x coordinate of its point, big-endian.
    #[must_use]
    pub fn public_key(&self) -> [u8; KEY_LEN] {
        self.0.verifying_key().to_bytes().into()
    }

    /// Signs a message of any length.
    ///
    /// `aux` should be fresh randomness, which hardens the signer against side channels; the signature is
    /// secure, and always the same, if it is constant.
    ///
    /// In the case that BIP-340 leaves without a signature (a nonce of zero: nobody will ever see it) the result
    /// is 64 zero bytes, which no key verifies.
    ///
    /// # Sources
    ///
    /// BIP-340, "Default Signing".
    #[must_use]
    pub fn sign(&self, message: &[u8], aux: &[u8; AUX_LEN]) -> [u8; SIGNATURE_LEN] {
        self.0.sign_raw(message, aux).map_or([0; SIGNATURE_LEN], |signature| signature.to_bytes())
    }
}

impl SecretKey {
    /// The number itself, or its negative: the one whose point has an even y.
    pub(crate) fn scalar(&self) -> &NonZeroScalar {
        self.0.as_nonzero_scalar()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::encoding::hex;

    #[test]
    fn keys_out_of_range_are_refused() {
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
        let order = hex::decode_array::<32>(order).expect("the order is hexadecimal");
        for bytes in [[0; 32], order, [0xff; 32]] {
            assert_eq!(SecretKey::from_bytes(&bytes).unwrap_err(), SignatureError::SecretKey);
        }
        let mut last = order;
        last[31] -= 1;
        assert!(SecretKey::from_bytes(&last).is_ok());
    }

    #[test]
    fn debug_text_does_not_hold_the_secret() {
        let key = SecretKey::from_bytes(&[0x5a; 32]).expect("in range");
        let text = format!("{key:?}");
        assert_eq!(text, "SecretKey(redacted)");
    }

    #[test]
    fn each_reason_of_a_refusal_is_told_apart() {
        let key = SecretKey::from_bytes(&[7; 32]).expect("in range");
        let signature = key.sign(b"message", &[0; 32]);
        assert_eq!(verify(&[0; 32], b"message", &signature), Err(SignatureError::PublicKey));
        assert_eq!(verify(&key.public_key(), b"message", &[0xff; 64]), Err(SignatureError::Malformed));
        assert_eq!(verify(&key.public_key(), b"message", &[0; 64]), Err(SignatureError::Malformed));
        assert_eq!(verify(&key.public_key(), b"massage", &signature), Err(SignatureError::Mismatch));
    }
}

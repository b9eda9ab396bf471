//! Who signed an invoice: ECDSA over secp256k1, the key recovered from the signature where it is not named.

use bech32::{Fe32, Fe32IterExt};
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::Bolt11Error;
use super::fields::{Data, array};

/// The length of a compressed public key in bytes.
const KEY_LEN: usize = 33;

/// Checks the signature and returns the payee's public key, compressed.
///
/// A payee who is named has to have signed with a low `s`; one who is recovered may have signed with either.
///
/// # Sources
///
/// BOLT 11, "Data Part" and the requirements on the `n` field.
pub(super) fn payee(hrp: &str, data: &Data<'_>) -> Result<[u8; KEY_LEN], Bolt11Error> {
    let bytes: [u8; 65] = array(data.signature)?;
    let [signature @ .., recovery] = &bytes;
    let signature = Signature::from_slice(signature).map_err(|_opaque| Bolt11Error::Signature)?;
    let recovery = RecoveryId::from_byte(*recovery).ok_or(Bolt11Error::Signature)?;
    let hash = hash(hrp, data.signed);
    let Some(named) = data.fields.payee else {
        let key = VerifyingKey::recover_from_prehash(&hash, &signature, recovery);
        return compressed(&key.map_err(|_opaque| Bolt11Error::Signature)?);
    };
    let named: [u8; KEY_LEN] = array(named)?;
    let key = VerifyingKey::from_sec1_bytes(&named).map_err(|_opaque| Bolt11Error::Signature)?;
    // A high s is refused within.
    key.verify_prehash(&hash, &signature).map_err(|_opaque| Bolt11Error::Signature)?;
    Ok(named)
}

/// Signs, and returns the 64 bytes of the signature with the recovery byte behind them.
pub(super) fn sign(hrp: &str, signed: &[Fe32], key: &SigningKey) -> [u8; 65] {
    let (signature, recovery) = key.sign_prehash_recoverable(&hash(hrp, signed));
    let mut bytes = [0; 65];
    for (to, from) in bytes.iter_mut().zip(signature.to_bytes().into_iter().chain([recovery.to_byte()])) {
        *to = from;
    }
    bytes
}

/// What is signed: the readable part in lower case and the data, with zero bits up to a whole byte.
fn hash(hrp: &str, signed: &[Fe32]) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(hrp);
    for byte in signed.iter().copied().fes_to_bytes_zeropad() {
        hasher.update([byte]);
    }
    hasher.finalize().into()
}

fn compressed(key: &VerifyingKey) -> Result<[u8; KEY_LEN], Bolt11Error> {
    key.to_sec1_point(true).as_bytes().try_into().map_err(|_length| Bolt11Error::Signature)
}

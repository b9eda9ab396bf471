//! Keys, and bare signatures for the test vectors of BIP-340.

use postfun_core::encoding::hex;
use postfun_core::signature::schnorr::{self, SecretKey};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{CoreError, refusal};

/// Whether the bytes are a secret key; they are overwritten with zeros.
#[wasm_bindgen(js_name = isSecretKey)]
pub fn is_secret_key(secret: &mut [u8]) -> bool {
    take_secret(secret).is_ok()
}

/// Computes the public key in hexadecimal; the secret is overwritten with zeros.
///
/// # Errors
///
/// The codes of [`postfun_core::signature::SignatureError`].
#[wasm_bindgen(js_name = publicKey)]
pub fn public_key(secret: &mut [u8]) -> Result<String, CoreError> {
    Ok(hex::encode_lower(&take_secret(secret)?.public_key()))
}

/// Signs bytes; the secret is overwritten with zeros. Not part of the package's surface.
///
/// # Errors
///
/// The codes of [`postfun_core::signature::SignatureError`].
#[wasm_bindgen(js_name = schnorrSign)]
pub fn schnorr_sign(secret: &mut [u8], message: &[u8], aux: &[u8]) -> Result<Vec<u8>, CoreError> {
    let secret = take_secret(secret)?;
    Ok(secret.sign(message, fixed(aux)?).to_vec())
}

/// Checks the signature of bytes. Not part of the package's surface.
///
/// # Errors
///
/// The codes of [`postfun_core::signature::SignatureError`].
#[wasm_bindgen(js_name = schnorrVerify)]
pub fn schnorr_verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), CoreError> {
    Ok(schnorr::verify(fixed(public_key)?, message, fixed(signature)?)?)
}

/// Reads a secret key and wipes the bytes it was read from: they are the copy that crossed the boundary.
pub(crate) fn take_secret(bytes: &mut [u8]) -> Result<SecretKey, CoreError> {
    let secret = fixed(bytes).and_then(|bytes| Ok(SecretKey::from_bytes(bytes)?));
    bytes.fill(0);
    secret
}

/// Takes bytes as an array of exactly their length.
pub(crate) fn fixed<const N: usize>(bytes: &[u8]) -> Result<&[u8; N], CoreError> {
    bytes
        .try_into()
        .map_err(|_other_length| refusal("invalid_argument", &format_args!("{N} bytes are expected")))
}

//! The public keys that Privy signs with: points on P-256, from a PEM text or a JSON Web Key Set.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::VerifyingKey;
use serde::Deserialize;
use serde_json::Value;

/// What an uncompressed P-256 key begins with in `SubjectPublicKeyInfo` (RFC 5480); the point follows.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// The tag of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;
const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";
/// Keys of a set that are looked at; Privy has one or two.
const KEYS_MAX: usize = 32;

/// The text is no P-256 public key in PEM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no public key of the curve P-256 in PEM, as Privy's dashboard shows it under its verification key")]
pub struct InvalidKey;

/// The answer is no key set, or holds no key that Privy could sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is no set of keys that holds one for ES256")]
pub struct InvalidKeySet;

/// A key that a Privy app signs with.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivyKey(pub(super) VerifyingKey);

impl fmt::Debug for PrivyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivyKey(…)")
    }
}

impl PrivyKey {
    /// Reads a PEM text; line breaks may be written as `\n`, as environment files do.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`]: another curve, another kind of key, or no point on the curve.
    pub fn from_pem(text: &str) -> Result<Self, InvalidKey> {
        let text = text.replace("\\n", "\n");
        let inner = text.trim().strip_prefix(PEM_BEGIN).and_then(|rest| rest.strip_suffix(PEM_END));
        let base64: String = inner.ok_or(InvalidKey)?.split_whitespace().collect();
        let der = STANDARD.decode(base64).map_err(|_malformed| InvalidKey)?;
        let point = der.strip_prefix(&SPKI_PREFIX).ok_or(InvalidKey)?;
        Self::from_point(point).ok_or(InvalidKey)
    }

    fn from_point(point: &[u8]) -> Option<Self> {
        let is_uncompressed = point.len() == 65 && point.first() == Some(&UNCOMPRESSED);
        VerifyingKey::from_sec1_bytes(point).ok().filter(|_| is_uncompressed).map(Self)
    }
}

/// The keys of an app by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet(Vec<(String, PrivyKey)>);

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    crv: String,
    x: String,
    y: String,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    alg: Option<String>,
}

impl Jwk {
    fn read(&self) -> Option<PrivyKey> {
        let is_ours = self.kty == "EC"
            && self.crv == "P-256"
            && self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.alg.as_deref().is_none_or(|alg| alg == "ES256");
        let coordinate = |text: &str| URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 32);
        let (x, y) = (coordinate(&self.x)?, coordinate(&self.y)?);
        PrivyKey::from_point(&[&[UNCOMPRESSED], &*x, &*y].concat()).filter(|_| is_ours)
    }
}

impl KeySet {
    /// Reads a JSON Web Key Set (RFC 7517); keys of other kinds, uses and algorithms are skipped.
    ///
    /// # Errors
    ///
    /// [`InvalidKeySet`].
    pub fn from_json(text: &[u8]) -> Result<Self, InvalidKeySet> {
        let set: JwkSet = serde_json::from_slice(text).map_err(|_malformed| InvalidKeySet)?;
        let named = |value: Value| {
            let jwk: Jwk = serde_json::from_value(value).ok()?;
            jwk.read().map(|key| (jwk.kid, key))
        };
        let keys: Vec<_> = set.keys.into_iter().take(KEYS_MAX).filter_map(named).collect();
        if keys.is_empty() { Err(InvalidKeySet) } else { Ok(Self(keys)) }
    }

    /// Finds the key of a name; a token without one means the only key there is.
    #[must_use]
    pub fn find(&self, kid: Option<&str>) -> Option<&PrivyKey> {
        match (kid, self.0.as_slice()) {
            (None, [(_, only)]) => Some(only),
            (None, _) => None,
            (Some(kid), keys) => keys.iter().find(|(name, _)| name == kid).map(|(_, key)| key),
        }
    }
}

//! Privy's tokens: JSON Web Tokens under ES256, and nothing else.
//!
//! The signature is checked with the curve's own code. No other algorithm is compiled in here, so a header can ask for
//! one, but nothing can be confused with another.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Verifier;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::key::PrivyKey;

/// Who makes them.
const ISSUER: &str = "privy.io";
/// What a Privy user's name begins with.
const DID_PREFIX: &str = "did:privy:";
/// Longest name of a user, in bytes; seed 004's column.
const DID_LEN_MAX: usize = 255;
/// By how much Privy's clock and ours may differ, in seconds.
const LEEWAY_S: i64 = 10;
/// Longest token that is looked at, in bytes; an identity token holds all accounts of a user.
pub(super) const TOKEN_LEN_MAX: usize = 32 * 1024;

/// Why a token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// No token of this app, or one that somebody changed.
    #[error("it is no token of Privy for this app")]
    Invalid,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
}

/// What an access token proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The user, `did:privy:…`.
    pub did: String,
    /// When Privy made the token, in seconds since the epoch.
    pub issued_at_s: i64,
    /// From when on it is worth nothing, in seconds since the epoch.
    pub expires_at_s: i64,
}

/// What a token is measured by.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The app that it must be for.
    pub app_id: &'a str,
    /// Now, in seconds since the epoch.
    pub now_s: i64,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood; we understand none.
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    sub: String,
    iat: i64,
    exp: i64,
    nbf: Option<i64>,
    sid: Option<String>,
    linked_accounts: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A token cut into its parts; nothing in it is true yet.
#[derive(Debug)]
pub(super) struct Unverified<'a> {
    signed: &'a str,
    claims: &'a str,
    signature: Signature,
    /// The name of the key that is said to have signed.
    pub(super) kid: Option<String>,
}

impl<'a> Unverified<'a> {
    /// Cuts a token; refuses every algorithm but ES256.
    pub(super) fn read(token: &'a str) -> Result<Self, TokenFault> {
        if token.len() > TOKEN_LEN_MAX {
            return Err(TokenFault::Invalid);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Invalid)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenFault::Invalid)?;
        let header: Header = json(header)?;
        if header.alg != "ES256" || header.crit.is_some() {
            return Err(TokenFault::Invalid);
        }
        let signature = decode(signature)?;
        let signature = Signature::from_slice(&signature).map_err(|_malformed| TokenFault::Invalid)?;
        Ok(Self { signed, claims, signature, kid: header.kid })
    }

    fn verify(&self, key: &PrivyKey, rules: Rules<'_>) -> Result<Claims, TokenFault> {
        key.0.verify(self.signed.as_bytes(), &self.signature).map_err(|_forged| TokenFault::Invalid)?;
        let claims: Claims = json(self.claims)?;
        claims.check(rules)?;
        Ok(claims)
    }

    /// Checks an access token. Identity tokens, which name no session, do not pass.
    pub(super) fn access(&self, key: &PrivyKey, rules: Rules<'_>) -> Result<Access, TokenFault> {
        let claims = self.verify(key, rules)?;
        if claims.sid.as_deref().is_none_or(str::is_empty) {
            return Err(TokenFault::Invalid);
        }
        Ok(Access { did: claims.sub, issued_at_s: claims.iat, expires_at_s: claims.exp })
    }

    /// Checks an identity token of a user and returns their accounts as Privy lists them.
    pub(super) fn identity(
        &self,
        key: &PrivyKey,
        rules: Rules<'_>,
        did: &str,
    ) -> Result<Vec<Value>, TokenFault> {
        let claims = self.verify(key, rules)?;
        if claims.sub != did {
            return Err(TokenFault::Invalid);
        }
        let accounts = match claims.linked_accounts {
            Some(Value::String(text)) => serde_json::from_str(&text),
            Some(list) => serde_json::from_value(list),
            None => return Err(TokenFault::Invalid),
        };
        accounts.map_err(|_malformed| TokenFault::Invalid)
    }
}

impl Claims {
    fn check(&self, rules: Rules<'_>) -> Result<(), TokenFault> {
        let is_for_app = match &self.aud {
            Audience::One(app) => app == rules.app_id,
            Audience::Many(apps) => apps.iter().any(|app| app == rules.app_id),
        };
        let latest_s = rules.now_s.saturating_add(LEEWAY_S);
        let has_begun = self.iat <= latest_s && self.nbf.is_none_or(|from| from <= latest_s);
        if self.iss != ISSUER || !is_for_app || !is_did(&self.sub) || !has_begun {
            return Err(TokenFault::Invalid);
        }
        if self.exp.saturating_add(LEEWAY_S) <= rules.now_s { Err(TokenFault::Expired) } else { Ok(()) }
    }
}

/// Whether a text can be the name of a Privy user.
pub(crate) fn is_did(text: &str) -> bool {
    let name = text.strip_prefix(DID_PREFIX).unwrap_or_default();
    !name.is_empty() && text.len() <= DID_LEN_MAX && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn decode(part: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_malformed| TokenFault::Invalid)
}

fn json<T: DeserializeOwned>(part: &str) -> Result<T, TokenFault> {
    let bytes = decode(part)?;
    // The decoder would take an array for an object whose keys go by position.
    if bytes.first() != Some(&b'{') {
        return Err(TokenFault::Invalid);
    }
    serde_json::from_slice(&bytes).map_err(|_malformed| TokenFault::Invalid)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Rules, TokenFault, Unverified};
    use crate::privy::key::{KeySet, PrivyKey};
    use crate::privy::profile::Profile;

    fn file() -> Value {
        serde_json::from_str(include_str!("../../../tests/vectors/privy_tokens.json")).unwrap()
    }

    fn rules(file: &Value) -> Rules<'_> {
        Rules { app_id: file["app_id"].as_str().unwrap(), now_s: file["now_s"].as_i64().unwrap() }
    }

    fn verdict<T>(result: &Result<T, TokenFault>) -> &'static str {
        match result {
            Ok(_) => "ok",
            Err(TokenFault::Invalid) => "invalid",
            Err(TokenFault::Expired) => "expired",
        }
    }

    /// Holds every case of a list against its verdict.
    fn judge(file: &Value, list: &str, judge: impl Fn(&str) -> &'static str) {
        let cases = file[list].as_array().unwrap();
        assert!(cases.len() > 5, "{list}");
        for case in cases {
            assert_eq!(judge(case["token"].as_str().unwrap()), case["verdict"], "{list}: {}", case["name"]);
        }
    }

    #[test]
    fn only_good_tokens_pass_under_the_apps_key() {
        let file = file();
        let key = PrivyKey::from_pem(file["verification_key"].as_str().unwrap()).unwrap();
        judge(&file, "access", |token| {
            verdict(&Unverified::read(token).and_then(|read| read.access(&key, rules(&file))))
        });
    }

    #[test]
    fn the_key_is_the_one_that_the_token_names() {
        let file = file();
        let set = KeySet::from_json(file["jwks"].to_string().as_bytes()).unwrap();
        judge(&file, "by_key_set", |token| {
            let read = Unverified::read(token).unwrap();
            set.find(read.kid.as_deref())
                .map_or("unknown_key", |key| verdict(&read.access(key, rules(&file))))
        });
    }

    #[test]
    fn identity_tokens_tell_about_their_own_user_only() {
        let file = file();
        let key = PrivyKey::from_pem(file["verification_key"].as_str().unwrap()).unwrap();
        let did = file["did"].as_str().unwrap();
        judge(&file, "identity", |token| {
            verdict(&Unverified::read(token).and_then(|read| read.identity(&key, rules(&file), did)))
        });
        let token = file["identity"][0]["token"].as_str().unwrap();
        let accounts = Unverified::read(token).unwrap().identity(&key, rules(&file), did).unwrap();
        let profile = Profile::of(&accounts);
        assert_eq!(profile.email.as_deref(), Some("Ada@Example.org"));
        assert_eq!(profile.phone.as_deref(), Some("+15550100"));
        let wallet = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
        assert_eq!(profile.wallet.map(|wallet| wallet.to_string()).as_deref(), Some(wallet));
    }

    #[test]
    fn keys_of_other_kinds_are_refused() {
        let file = file();
        for name in ["other_curve_key", "rsa_key"] {
            assert!(PrivyKey::from_pem(file[name].as_str().unwrap()).is_err(), "{name}");
        }
        let pem = file["verification_key"].as_str().unwrap();
        assert!(PrivyKey::from_pem(&pem.replace('\n', "\\n")).is_ok());
        let off_the_curve = pem.replacen("dg==", "dQ==", 1);
        for wrong in
            ["", "your-privy-verification-key", &pem[..40], &pem.replace("PUBLIC", "PRIVATE"), &off_the_curve]
        {
            assert!(wrong == pem || PrivyKey::from_pem(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "[]", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}"#] {
            assert!(KeySet::from_json(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}

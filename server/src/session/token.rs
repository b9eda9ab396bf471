//! First-party access tokens: HS256 JWTs that name a session.
//!
//! The key is derived from the configured secret for this family alone, and `iss`, `aud` and `typ` are checked, so
//! that no token of another family, nor one that another program made with the same secret, passes here.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use postfun_core::encoding::hex;
use postfun_core::nostr::npub;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Session;
use crate::config::Secret;
use crate::identity::{IdentityKind, User};
use crate::keys;

const ISSUER: &str = "postfun";
const AUDIENCE: &str = "postfun:first-party";
const TYPE: &str = "at+jwt";
const KEY_LABEL: &str = "postfun/first-party-access/v1";

/// A token as the client gets it. Whoever holds it is the user, so it is never logged.
#[derive(Clone)]
pub struct AccessToken(String);

impl AccessToken {
    /// Returns the text that goes to the client.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AccessToken(…)")
    }
}

/// Why a token was refused; clients only hear that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not a token of this family.
    #[error("not a token of this server")]
    Foreign,
    /// Past its time.
    #[error("the token has expired")]
    Expired,
}

/// What a token says. `uid`, `userId`, `npub` and `privyId` are there for the seeds' clients to show; the server reads none
/// of them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    #[serde(rename = "gen")]
    generation: i64,
    /// The number of the refresh token that was handed out beside it; before there were any, none.
    #[serde(default)]
    rn: i64,
    jti: Uuid,
    iat: i64,
    exp: i64,
    uid: i64,
    #[serde(rename = "userId", default)]
    user_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    npub: Option<String>,
    #[serde(rename = "privyId", skip_serializing_if = "Option::is_none")]
    privy_id: Option<String>,
}

/// What the server takes from a token that it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verified {
    pub(super) user_id: Uuid,
    pub(super) session_id: Uuid,
    pub(super) generation: i64,
    pub(super) expires_at_s: i64,
    pub(super) refresh_n: i64,
}

/// When a token was made and when it ends, in seconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    pub(super) from_s: i64,
    pub(super) until_s: i64,
}

impl Claims {
    pub(super) fn of(session: &Session, user: &User, life: Life, jti: Uuid) -> Self {
        let privy_key = session.key.as_ref().filter(|key| key.kind == IdentityKind::Privy.as_str());
        let npub = user.nostr_pubkey.as_deref().and_then(|key| hex::decode_array::<32>(key).ok());
        Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user.id,
            sid: session.id,
            generation: session.generation,
            rn: session.refresh_n,
            jti,
            iat: life.from_s,
            exp: life.until_s,
            uid: user.number,
            user_id: Some(user.id),
            npub: npub.map(|key| npub::encode(&key)),
            privy_id: privy_key.map(|key| key.subject.clone()),
        }
    }
}

/// The keys of this token family.
pub(super) struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Keys(…)")
    }
}

impl Keys {
    pub(super) fn derive(secret: &Secret) -> Self {
        let key = keys::derive(secret, KEY_LABEL);
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The time is the injected clock's, which this library does not know.
        validation.validate_exp = false;
        Self {
            encoding: EncodingKey::from_secret(&key),
            decoding: DecodingKey::from_secret(&key),
            validation,
        }
    }

    #[expect(clippy::expect_used, reason = "HS256 over plain claims has no way to fail")]
    pub(super) fn sign(&self, claims: &Claims) -> AccessToken {
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::HS256) };
        AccessToken(jsonwebtoken::encode(&header, claims, &self.encoding).expect("claims are plain JSON"))
    }

    pub(super) fn verify(&self, token: &str, now_s: i64) -> Result<Verified, TokenError> {
        let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|_refusal| TokenError::Foreign)?;
        if data.header.typ.as_deref() != Some(TYPE) {
            return Err(TokenError::Foreign);
        }
        let claims = data.claims;
        if claims.exp <= now_s {
            return Err(TokenError::Expired);
        }
        Ok(Verified {
            user_id: claims.sub,
            session_id: claims.sid,
            generation: claims.generation,
            expires_at_s: claims.exp,
            refresh_n: claims.rn,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Role, UserStatus};
    use crate::session::{Device, ProvenKey};

    const SECRET: &str = "a secret of the test, long enough";

    fn token(keys: &Keys) -> String {
        token_after(keys, None)
    }

    fn token_after(keys: &Keys, proven: Option<(IdentityKind, &str)>) -> String {
        let user = User {
            id: Uuid::from_u128(1),
            number: 7,
            role: Role::Admin,
            status: UserStatus::Active,
            display_name: None,
            nostr_pubkey: Some("3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d".to_owned()),
            created_at_ms: 0,
        };
        let session = Session {
            id: Uuid::from_u128(2),
            user_id: user.id,
            generation: 3,
            refresh_n: 5,
            used_n: 4,
            version: 1,
            key: proven.map(|(kind, subject)| ProvenKey {
                kind: kind.as_str().to_owned(),
                subject: subject.to_owned(),
            }),
            device: Device::default(),
            push_token_updated_at_ms: None,
            ip_address: None,
            is_single: false,
            created_at_ms: 1_000_000,
            last_activity_at_ms: 1_000_000,
            expires_at_ms: 9_000_000,
            ended: None,
        };
        let life = Life { from_s: 1_000, until_s: 2_000 };
        keys.sign(&Claims::of(&session, &user, life, Uuid::from_u128(4))).expose().to_owned()
    }

    #[test]
    fn clients_find_the_claims_that_they_read() {
        let keys = Keys::derive(&Secret::new(SECRET));
        for (proven, privy_id) in [
            (Some((IdentityKind::Privy, "did:privy:ada")), serde_json::json!("did:privy:ada")),
            (Some((IdentityKind::Nostr, "3bf0")), serde_json::Value::Null),
            (None, serde_json::Value::Null),
        ] {
            let token = token_after(&keys, proven);
            let claims: serde_json::Value =
                jsonwebtoken::decode(&token, &keys.decoding, &keys.validation).unwrap().claims;
            assert_eq!((&claims["privyId"], &claims["uid"]), (&privy_id, &7.into()));
            assert_eq!(claims["userId"], claims["sub"]);
            assert!(claims["npub"].as_str().unwrap().starts_with("npub1"));
            assert!(claims.get("email").is_none(), "an e-mail address does not belong into a token");
        }
    }

    #[test]
    fn our_own_token_passes_until_it_expires() {
        let keys = Keys::derive(&Secret::new(SECRET));
        let token = token(&keys);
        let verified = keys.verify(&token, 1_999).expect("one second is left");
        assert_eq!(
            (verified.session_id, verified.generation, verified.refresh_n),
            (Uuid::from_u128(2), 3, 5)
        );
        assert_eq!(keys.verify(&token, 2_000), Err(TokenError::Expired));
    }

    #[test]
    fn tokens_of_others_are_foreign() {
        let keys = Keys::derive(&Secret::new(SECRET));
        let other = Keys::derive(&Secret::new("another secret of the test......"));
        assert_eq!(keys.verify(&token(&other), 1_000), Err(TokenError::Foreign));
        for text in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", &token(&keys)[1..]] {
            assert_eq!(keys.verify(text, 1_000), Err(TokenError::Foreign), "{text}");
        }
    }

    #[test]
    fn a_token_of_another_family_under_the_same_key_is_foreign() {
        let keys = Keys::derive(&Secret::new(SECRET));
        let claims = |aud: &str| {
            serde_json::json!({
                "iss": ISSUER, "aud": aud, "sub": Uuid::from_u128(1), "sid": Uuid::from_u128(2), "gen": 1,
                "jti": Uuid::from_u128(3), "iat": 0, "exp": 5_000, "uid": 1,
            })
        };
        let sign = |typ: Option<&str>, aud: &str, algorithm| {
            let header = Header { typ: typ.map(str::to_owned), ..Header::new(algorithm) };
            jsonwebtoken::encode(&header, &claims(aud), &keys.encoding).expect("plain JSON")
        };
        assert!(keys.verify(&sign(Some(TYPE), AUDIENCE, Algorithm::HS256), 0).is_ok());
        assert!(keys.verify(&sign(Some("JWT"), AUDIENCE, Algorithm::HS256), 0).is_err());
        assert!(keys.verify(&sign(None, AUDIENCE, Algorithm::HS256), 0).is_err());
        assert!(keys.verify(&sign(Some(TYPE), "postfun:oauth", Algorithm::HS256), 0).is_err());
        assert!(keys.verify(&sign(Some(TYPE), AUDIENCE, Algorithm::HS512), 0).is_err());
    }

    #[test]
    fn formatting_shows_no_token() {
        let keys = Keys::derive(&Secret::new(SECRET));
        let token = AccessToken(token(&keys));
        assert_eq!(format!("{token:?} {keys:?}"), "AccessToken(…) Keys(…)");
    }
}

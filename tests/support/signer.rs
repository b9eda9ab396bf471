//! Somebody with a Nostr key.

use postfun_core::challenge::Purpose;
use postfun_core::encoding::hex;
use postfun_core::nostr::login::{KIND_AUTH, LoginRequest};
use postfun_core::nostr::{Event, UnsignedEvent, npub};
use postfun_core::signature::schnorr::SecretKey;

use crate::client::Answer;

/// How long the sign-ins of [`Signer::login`] may be used.
const EXPIRES_IN_S: u64 = 300;

/// A key that signs. The same number is always the same key.
#[derive(Debug)]
pub struct Signer {
    secret: SecretKey,
}

/// A challenge as the server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Which challenge it is.
    pub id: String,
    /// What is to be signed.
    pub text: String,
    /// The domain that the server goes by.
    pub domain: String,
}

impl Challenge {
    /// Reads the answer to `POST /auth/challenge`.
    #[must_use]
    #[track_caller]
    pub fn read(answer: &Answer) -> Self {
        Self {
            id: answer.string("challenge_id"),
            text: answer.string("challenge"),
            domain: answer.string("domain"),
        }
    }

    /// Reads the same from JSON.
    ///
    /// # Panics
    ///
    /// When it is something else.
    #[must_use]
    pub fn of(answer: &serde_json::Value) -> Self {
        let member = |name: &str| answer[name].as_str().expect("a challenge is made of texts").to_owned();
        Self { id: member("challenge_id"), text: member("challenge"), domain: member("domain") }
    }
}

impl Signer {
    /// Returns the key of a number.
    ///
    /// # Panics
    ///
    /// Never: the first byte keeps the number within the order of the curve, and above zero.
    #[must_use]
    pub fn numbered(number: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[0] = 7;
        bytes[24..].copy_from_slice(&number.to_be_bytes());
        Self { secret: SecretKey::from_bytes(&bytes).expect("the number lies below the order of the curve") }
    }

    /// Returns the public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.secret.public_key()
    }

    /// Returns the public key in lower-case hex.
    #[must_use]
    pub fn pubkey(&self) -> String {
        hex::encode_lower(&self.public_key())
    }

    /// Returns the public key as people see it.
    #[must_use]
    pub fn npub(&self) -> String {
        npub::encode(&self.public_key())
    }

    /// Signs an event; the same event always gets the same signature.
    #[must_use]
    pub fn sign(&self, event: UnsignedEvent) -> Event {
        event.sign(&self.secret, &[0; 32])
    }

    /// Builds the event that signs in, unsigned.
    #[must_use]
    pub fn unsigned_login(&self, challenge: &Challenge, now_s: u64) -> UnsignedEvent {
        self.unsigned(challenge, Purpose::Login, now_s)
    }

    /// Builds the event that answers a challenge, unsigned.
    pub(crate) fn unsigned(&self, challenge: &Challenge, purpose: Purpose, now_s: u64) -> UnsignedEvent {
        let Challenge { id, text, domain } = challenge;
        LoginRequest {
            pubkey: self.public_key(),
            challenge_id: id,
            challenge: text,
            domain,
            now_s,
            expires_in_s: EXPIRES_IN_S,
            kind: KIND_AUTH,
            purpose,
        }
        .build()
    }

    /// Builds the body of `POST /auth/verify`, after a change to the event before it is signed.
    #[must_use]
    pub fn login(
        &self,
        challenge: &Challenge,
        now_s: u64,
        change: impl FnOnce(&mut UnsignedEvent),
    ) -> String {
        let mut event = self.unsigned_login(challenge, now_s);
        change(&mut event);
        format!(r#"{{"event":{}}}"#, self.sign(event).to_json())
    }
}

//! Linking and unlinking keys.

use postfun_core::challenge::{Purpose, UserKey};
use postfun_core::encoding::hex;
use postfun_core::nostr::{Event, UnsignedEvent};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::privy;
use crate::signer::{Challenge, Signer};

/// A challenge about a key, as the server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChallenge {
    /// Which challenge, and what is to be signed.
    pub challenge: Challenge,
    /// What for, computed here.
    pub purpose: Purpose,
    /// The kind of key.
    pub kind: String,
    /// The key.
    pub subject: String,
}

impl KeyChallenge {
    /// Reads the answer to `POST /api/me/identities/challenge`.
    ///
    /// # Panics
    ///
    /// When the server computed another hash than is computed here.
    #[must_use]
    pub fn read(answer: &Answer) -> Self {
        let [user_id, kind, subject] = ["user_id", "kind", "subject"].map(|name| answer.string(name));
        let key = UserKey { user_id: &user_id, kind: &kind, subject: &subject };
        let purpose = Purpose::named(&answer.string("purpose"), Some(&key)).expect("a purpose about a key");
        let data = purpose.data().map(|data| hex::encode_lower(data));
        assert_eq!(data, Some(answer.string("data")), "{}", answer.text);
        Self { challenge: Challenge::read(answer), purpose, kind, subject }
    }
}

/// Returns the proof of a Privy user, good for five minutes less one from the beginning of a story.
#[must_use]
pub fn privy_proof(number: usize) -> Value {
    json!({"privy_token": privy::token(number)})
}

impl Signer {
    /// Builds the event that answers a challenge about a key, unsigned.
    #[must_use]
    pub fn unsigned_answer(&self, challenge: &KeyChallenge, now_s: u64) -> UnsignedEvent {
        self.unsigned(&challenge.challenge, challenge.purpose, now_s)
    }

    /// Proves this key, after a change to the event before it is signed.
    ///
    /// # Panics
    ///
    /// Never; an event's JSON is JSON.
    #[must_use]
    pub fn proof(
        &self,
        challenge: &KeyChallenge,
        now_s: u64,
        change: impl FnOnce(&mut UnsignedEvent),
    ) -> Value {
        let mut event = self.unsigned_answer(challenge, now_s);
        change(&mut event);
        event_proof(&self.sign(event))
    }
}

/// Makes a proof of an event.
///
/// # Panics
///
/// Never; an event's JSON is JSON.
#[must_use]
pub fn event_proof(event: &Event) -> Value {
    json!({"event": serde_json::from_str::<Value>(&event.to_json()).expect("an event is JSON")})
}

impl Client {
    /// Asks for a challenge about a key.
    pub async fn ask_about_key(&self, purpose: &str, kind: &str, subject: &str) -> Answer {
        let body = json!({"purpose": purpose, "kind": kind, "subject": subject});
        self.post("/api/me/identities/challenge", body.to_string()).await
    }

    /// Asks for a challenge about a key and gets it.
    ///
    /// # Panics
    ///
    /// When the server gives none.
    pub async fn key_challenge(&self, purpose: &str, kind: &str, subject: &str) -> KeyChallenge {
        KeyChallenge::read(&self.ask_about_key(purpose, kind, subject).await.ok(201))
    }

    /// Links the key that a proof proves.
    pub async fn link(&self, challenge: &KeyChallenge, key: Value, proof: Value) -> Answer {
        let body = json!({"challenge_id": challenge.challenge.id, "key": key, "proof": proof});
        self.post("/api/me/identities", body.to_string()).await
    }

    /// Unlinks the key that a challenge is about.
    pub async fn unlink(&self, challenge: &KeyChallenge, proof: Value) -> Answer {
        let KeyChallenge { challenge, kind, subject, .. } = challenge;
        let body = json!({"challenge_id": challenge.id, "kind": kind, "subject": subject, "proof": proof});
        self.post("/api/me/identities/unlink", body.to_string()).await
    }

    /// Links a Nostr key, proving one that this client has.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn link_nostr(&self, own: &Signer, new: &Signer) -> Answer {
        let challenge = self.key_challenge("link", "nostr", &new.pubkey()).await;
        let now_s = self.app().now_s();
        let [new, own] = [new, own].map(|signer| signer.proof(&challenge, now_s, |_| {}));
        self.link(&challenge, new, own).await.ok(201)
    }

    /// Links a Privy user, proving a Nostr key that this client has.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn link_privy(&self, own: &Signer, number: usize) -> Answer {
        let challenge = self.key_challenge("link", "privy", &privy::did(number)).await;
        let own = own.proof(&challenge, self.app().now_s(), |_| {});
        self.link(&challenge, privy_proof(number), own).await.ok(201)
    }

    /// Unlinks a key, proving a Nostr key that this client keeps.
    pub async fn unlink_with(&self, own: &Signer, kind: &str, subject: &str) -> Answer {
        let challenge = self.key_challenge("unlink", kind, subject).await;
        let own = own.proof(&challenge, self.app().now_s(), |_| {});
        self.unlink(&challenge, own).await
    }
}

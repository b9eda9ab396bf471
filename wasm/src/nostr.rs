//! Events, `npub` and the sign-in event. Events cross the boundary as the JSON that relays carry.

use postfun_core::challenge::{Purpose, UserKey};
use postfun_core::encoding::hex;
use postfun_core::encoding::json::{self, Reader};
use postfun_core::nostr::login::{self, Expected, LoginContent};
use postfun_core::nostr::{Event, UnsignedEvent, npub};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{CoreError, refusal};
use crate::signature::{fixed, take_secret};

/// Writes a public key as an `npub`.
///
/// # Errors
///
/// The codes of [`hex::HexError`].
#[wasm_bindgen(js_name = npubEncode)]
pub fn npub_encode(public_key: &str) -> Result<String, CoreError> {
    Ok(npub::encode(&hex::decode_array(public_key)?))
}

/// Reads an `npub`.
///
/// # Errors
///
/// The codes of [`postfun_core::nostr::NpubError`].
#[wasm_bindgen(js_name = npubDecode)]
pub fn npub_decode(text: &str) -> Result<String, CoreError> {
    Ok(hex::encode_lower(&npub::decode(text)?))
}

/// Computes the id of an event from its JSON.
///
/// # Errors
///
/// The codes of [`postfun_core::nostr::EventError`].
#[wasm_bindgen(js_name = eventId)]
pub fn event_id(unsigned: &str) -> Result<String, CoreError> {
    Ok(hex::encode_lower(&UnsignedEvent::from_json(unsigned)?.id()))
}

/// Whether the JSON is an event whose id and signature are right.
#[wasm_bindgen(js_name = verifyEvent)]
#[must_use]
pub fn verify_event(event: &str) -> bool {
    Event::from_json(event).is_ok_and(|event| event.verify().is_ok())
}

/// Checks that the JSON is an event whose id and signature are right.
///
/// # Errors
///
/// The codes of [`postfun_core::nostr::EventError`].
#[wasm_bindgen(js_name = checkEvent)]
pub fn check_event(event: &str) -> Result<(), CoreError> {
    Ok(Event::from_json(event)?.verify()?)
}

/// Signs an event and returns its JSON; the secret is overwritten with zeros.
///
/// # Errors
///
/// The codes of [`postfun_core::nostr::EventError`] and [`postfun_core::signature::SignatureError`].
#[wasm_bindgen(js_name = signEvent)]
pub fn sign_event(unsigned: &str, secret: &mut [u8], aux: &[u8]) -> Result<String, CoreError> {
    let secret = take_secret(secret)?;
    let unsigned = UnsignedEvent::from_json(unsigned)?;
    Ok(unsigned.sign(&secret, fixed(aux)?).to_json())
}

/// Builds the event that answers a challenge; request and event are JSON.
///
/// # Errors
///
/// The codes of [`hex::HexError`] for the key.
#[wasm_bindgen(js_name = buildLoginEvent)]
pub fn build_login_event(request: &str, kind: u16) -> Result<String, CoreError> {
    let request = Login::read(request)?;
    let purpose = request.purpose()?;
    let event = login::LoginRequest {
        pubkey: hex::decode_array(&request.pubkey.unwrap_or_default())?,
        challenge_id: &request.challenge_id,
        challenge: &request.challenge,
        domain: &request.domain,
        now_s: request.now_s,
        expires_in_s: request.expires_in_s,
        kind,
        purpose,
    };
    Ok(event.build().to_json())
}

/// Checks a signed sign-in event in the order in which the server does; event and expectation are JSON.
///
/// # Errors
///
/// The codes of [`postfun_core::nostr::EventError`] and [`postfun_core::nostr::LoginError`], and those of
/// [`hex::HexError`] for the key that is expected.
#[wasm_bindgen(js_name = checkLoginEvent)]
pub fn check_login_event(event: &str, expected: &str, domain_required: bool) -> Result<(), CoreError> {
    let event = Event::from_json(event)?;
    let content = LoginContent::parse(&event)?;
    let expected = Login::read(expected)?;
    let purpose = expected.purpose()?;
    let bound_pubkey = expected.pubkey.map(|key| hex::decode_array(&key)).transpose()?;
    let expected = Expected {
        challenge_id: &expected.challenge_id,
        challenge: &expected.challenge,
        bound_pubkey: bound_pubkey.as_ref(),
        domain: &expected.domain,
        domain_required,
        now_s: expected.now_s,
        skew_s: expected.skew_s,
        ttl_s: expected.ttl_s,
        url: expected.url.as_deref(),
        method: &expected.method,
        purpose,
    };
    login::check(&event, &content, &expected)?;
    Ok(event.verify()?)
}

/// What the package's own entry writes for both: a request lacks four of the members, an expectation the lifetime.
#[derive(Default)]
struct Login {
    pubkey: Option<String>,
    challenge_id: String,
    challenge: String,
    domain: String,
    now_s: u64,
    expires_in_s: u64,
    skew_s: u64,
    ttl_s: u64,
    url: Option<String>,
    method: String,
    purpose: String,
    /// Whose key the challenge is about; without a user it is about none.
    user_id: Option<String>,
    key_kind: String,
    subject: String,
}

impl Login {
    fn read(text: &str) -> Result<Self, CoreError> {
        let mut login = Self::default();
        let read = json::object(text, |reader, name| {
            match name {
                "pubkey" => login.pubkey = reader.optional(Reader::string)?,
                "challengeId" => login.challenge_id = reader.string()?,
                "challenge" => login.challenge = reader.string()?,
                "domain" => login.domain = reader.string()?,
                "nowSeconds" => login.now_s = reader.unsigned()?,
                "expiresInSeconds" => login.expires_in_s = reader.unsigned()?,
                "skewSeconds" => login.skew_s = reader.unsigned()?,
                "ttlSeconds" => login.ttl_s = reader.unsigned()?,
                "url" => login.url = reader.optional(Reader::string)?,
                "method" => login.method = reader.string()?,
                "purpose" => login.purpose = reader.string()?,
                "userId" => login.user_id = reader.optional(Reader::string)?,
                "keyKind" => login.key_kind = reader.string()?,
                "subject" => login.subject = reader.string()?,
                _ => return Err(reader.error("a member of a sign-in")),
            }
            Ok(())
        });
        read.map_err(|error| refusal("invalid_argument", &error))?;
        Ok(login)
    }

    fn purpose(&self) -> Result<Purpose, CoreError> {
        let Self { key_kind: kind, subject, .. } = self;
        let key = self.user_id.as_deref().map(|user_id| UserKey { user_id, kind, subject });
        let purpose = Purpose::named(&self.purpose, key.as_ref());
        purpose.ok_or_else(|| refusal("invalid_argument", &"no such purpose, or not with this key"))
    }
}

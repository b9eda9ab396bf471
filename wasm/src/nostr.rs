//! Events, `npub` and the sign-in event. Events cross the boundary as the JSON that relays carry.

use postfun_core::encoding::hex;
use postfun_core::nostr::login::{self, Expected, LoginContent};
use postfun_core::nostr::{Event, UnsignedEvent, npub};
use serde::Deserialize;
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

/// Builds the event that answers a sign-in challenge; request and event are JSON.
///
/// # Errors
///
/// The codes of [`hex::HexError`] for the key.
#[wasm_bindgen(js_name = buildLoginEvent)]
pub fn build_login_event(request: &str) -> Result<String, CoreError> {
    let request: LoginRequest = read(request)?;
    let event = login::LoginRequest {
        pubkey: hex::decode_array(&request.pubkey)?,
        challenge_id: &request.challenge_id,
        challenge: &request.challenge,
        domain: &request.domain,
        now_s: request.now_seconds,
        expires_in_s: request.expires_in_seconds,
        kind: request.kind,
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
pub fn check_login_event(event: &str, expected: &str) -> Result<(), CoreError> {
    let event = Event::from_json(event)?;
    let content = LoginContent::parse(&event)?;
    let expected: LoginExpected = read(expected)?;
    let bound_pubkey = expected.bound_pubkey.map(|key| hex::decode_array(&key)).transpose()?;
    let expected = Expected {
        challenge_id: &expected.challenge_id,
        challenge: &expected.challenge,
        bound_pubkey: bound_pubkey.as_ref(),
        domain: &expected.domain,
        domain_required: expected.domain_required,
        now_s: expected.now_seconds,
        skew_s: expected.skew_seconds,
        ttl_s: expected.ttl_seconds,
        url: expected.url.as_deref(),
        method: &expected.method,
    };
    login::check(&event, &content, &expected)?;
    Ok(event.verify()?)
}

/// [`login::LoginRequest`] as the package's JSON has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginRequest {
    pubkey: String,
    challenge_id: String,
    challenge: String,
    domain: String,
    now_seconds: u64,
    expires_in_seconds: u64,
    kind: u16,
}

/// [`Expected`] as the package's JSON has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginExpected {
    challenge_id: String,
    challenge: String,
    bound_pubkey: Option<String>,
    domain: String,
    domain_required: bool,
    now_seconds: u64,
    skew_seconds: u64,
    ttl_seconds: u64,
    url: Option<String>,
    method: String,
}

/// Reads what the package's own entry has written.
fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, CoreError> {
    serde_json::from_str(json).map_err(|error| refusal("invalid_argument", &error))
}

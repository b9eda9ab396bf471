//! Nostr against vectors that were computed by other code; the JavaScript tests read the same files.
#![expect(clippy::expect_used, reason = "set-up that fails is a failed test")]

use std::collections::BTreeSet;

use postfun_core::challenge::{Purpose, UserKey};
use postfun_core::encoding::hex;
use postfun_core::nostr::login::{self, Expected, LoginContent, LoginRequest};
use postfun_core::nostr::{Event, EventError, LoginError, NpubError, UnsignedEvent, npub};
use postfun_core::signature::schnorr::SecretKey;
use serde_json::Value;

fn cases(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).expect("the vectors are JSON");
    let cases = file["cases"].as_array().expect("a list").clone();
    assert!(!cases.is_empty());
    cases
}

macro_rules! vectors {
    ($name:literal) => {
        cases(include_str!(concat!("../../tests/vectors/", $name)))
    };
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    hex::decode_array(text(value)).expect("hexadecimal")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a whole number")
}

fn event(value: &Value) -> Event {
    Event::from_json(&value.to_string()).expect("a well-formed event")
}

#[test]
fn canonical_forms_ids_and_signatures_are_those_of_the_vectors() {
    for case in vectors!("nip01.json") {
        let event = event(&case["event"]);
        assert_eq!(event.verify(), Ok(()), "{case}");
        let unsigned = UnsignedEvent::from_json(&event.to_json()).expect("its own JSON");
        assert_eq!(unsigned.canonical(), text(&case["canonical"]), "{case}");
        assert_eq!(unsigned.id(), array(&case["event"]["id"]), "{case}");
        let key = SecretKey::from_bytes(&array(&case["secret_key"])).expect("in range");
        assert_eq!(unsigned.sign(&key, &array(&case["aux"])), event, "{case}");
    }
}

#[test]
fn an_event_is_written_as_json_that_others_read_as_the_same() {
    for case in vectors!("nip01.json") {
        let read: Value = serde_json::from_str(&event(&case["event"]).to_json()).expect("JSON");
        assert_eq!(read, case["event"]);
    }
}

#[test]
fn other_spellings_are_the_same_event() {
    for case in vectors!("nip01_spellings.json") {
        let read = Event::from_json(text(&case["json"])).expect("a well-formed event");
        assert_eq!(read, event(&case["event"]), "{case}");
        assert_eq!(read.verify(), Ok(()), "{case}");
    }
}

#[test]
fn refused_events_are_refused_with_their_reason() {
    let mut seen = BTreeSet::new();
    for case in vectors!("nip01_refused.json") {
        let refusal = Event::from_json(text(&case["json"]))
            .and_then(|event| event.verify())
            .expect_err(text(&case["name"]));
        assert_eq!(refusal.code(), text(&case["code"]), "{}: {refusal}", case["name"]);
        seen.insert(refusal.code());
    }
    assert_eq!(seen, BTreeSet::from(EventError::CODES), "every reason has a vector");
}

#[test]
fn npubs_are_read_and_written_or_refused_with_their_reason() {
    let mut seen = BTreeSet::new();
    for case in vectors!("nip19.json") {
        let decoded = npub::decode(text(&case["npub"]));
        let refusal = decoded.err().map(|refusal| refusal.code());
        assert_eq!(refusal, case["code"].as_str(), "{case}");
        if let Ok(key) = decoded {
            assert_eq!(key, array(&case["public_key"]), "{case}");
            assert_eq!(npub::encode(&key), text(&case["canonical"]), "{case}");
        }
        seen.extend(refusal);
    }
    assert_eq!(seen, BTreeSet::from(NpubError::CODES), "every reason has a vector");
}

/// The purpose of a case; those that name none are sign-ins.
fn purpose(case: &Value) -> Purpose {
    let member = |name: &str| case[name].as_str();
    let key = member("user_id").zip(member("key_kind")).zip(member("subject"));
    let key = key.map(|((user_id, kind), subject)| UserKey { user_id, kind, subject });
    Purpose::named(member("purpose").unwrap_or("login"), key.as_ref()).expect("a purpose")
}

#[test]
fn hashes_of_what_a_challenge_is_about_are_those_of_the_vectors() {
    for case in vectors!("challenge_data.json") {
        assert_eq!(purpose(&case).data(), Some(&array(&case["data"])), "{case}");
    }
}

fn sign_in(event: &Event, expected: &Expected<'_>) -> Result<(), LoginError> {
    let content = LoginContent::parse(event)?;
    login::check(event, &content, expected)
}

#[test]
fn sign_ins_pass_or_are_refused_with_their_reason() {
    let mut seen = BTreeSet::new();
    for case in vectors!("login.json") {
        let event = event(&case["event"]);
        assert_eq!(event.verify(), Ok(()), "only the sign-in is wrong: {case}");
        let given = &case["expected"];
        let bound: Option<[u8; 32]> =
            (!given["bound_pubkey"].is_null()).then(|| array(&given["bound_pubkey"]));
        let expected = Expected {
            challenge_id: text(&given["challenge_id"]),
            challenge: text(&given["challenge"]),
            bound_pubkey: bound.as_ref(),
            domain: text(&given["domain"]),
            domain_required: given["domain_required"].as_bool().expect("a truth value"),
            now_s: number(&given["now_s"]),
            skew_s: number(&given["skew_s"]),
            ttl_s: number(&given["ttl_s"]),
            url: given["url"].as_str(),
            method: text(&given["method"]),
            purpose: purpose(given),
        };
        let refusal = sign_in(&event, &expected).err();
        assert_eq!(refusal.as_ref().map(LoginError::code), case["code"].as_str(), "{case}: {refusal:?}");
        seen.extend(refusal.map(|refusal| refusal.code()));
    }
    assert_eq!(seen, BTreeSet::from(LoginError::CODES), "every reason has a vector");
}

#[test]
fn sign_in_events_are_built_as_the_vectors_say() {
    for case in vectors!("login_build.json") {
        let request = &case["request"];
        let event = LoginRequest {
            pubkey: array(&request["pubkey"]),
            challenge_id: text(&request["challenge_id"]),
            challenge: text(&request["challenge"]),
            domain: text(&request["domain"]),
            now_s: number(&request["now_s"]),
            expires_in_s: number(&request["expires_in_s"]),
            kind: u16::try_from(number(&request["kind"])).expect("a kind"),
            purpose: purpose(request),
        }
        .build();
        assert_eq!(
            event,
            UnsignedEvent::from_json(&case["unsigned"].to_string()).expect("an event"),
            "{case}"
        );
        assert_eq!(event.id(), array(&case["id"]), "{case}");
    }
}

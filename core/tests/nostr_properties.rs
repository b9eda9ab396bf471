//! Properties of events, `npub`s and sign-ins that hold for every input.

use postfun_core::challenge::Purpose;
use postfun_core::encoding::hex;
use postfun_core::nostr::event::{CREATED_AT_MAX, TAG_VALUES_MAX, TAGS_MAX};
use postfun_core::nostr::login::{self, Expected, LoginContent, LoginRequest};
use postfun_core::nostr::{Event, UnsignedEvent, npub};
use postfun_core::signature::schnorr::SecretKey;
use proptest::collection::vec;
use proptest::prelude::*;

/// Any text, control characters and astral planes included.
fn text(len_max: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![any::<char>(), (0_u8..0x80).prop_map(char::from)];
    vec(character, 0..len_max).prop_map(|characters| characters.into_iter().collect())
}

fn key() -> impl Strategy<Value = SecretKey> {
    any::<[u8; 32]>().prop_filter_map("below the order", |bytes| SecretKey::from_bytes(&bytes).ok())
}

prop_compose! {
    fn unsigned()(
        pubkey: [u8; 32],
        created_at in 0..=CREATED_AT_MAX,
        kind: u16,
        tags in vec(vec(text(8), 0..5), 0..8),
        content in text(200),
    ) -> UnsignedEvent {
        UnsignedEvent { pubkey, created_at, kind, tags, content }
    }
}

prop_compose! {
    fn signed()(unsigned in unsigned(), key in key(), aux: [u8; 32]) -> Event {
        unsigned.sign(&key, &aux)
    }
}

proptest! {
    #[test]
    fn json_gives_back_the_same_event(event in unsigned()) {
        prop_assert_eq!(UnsignedEvent::from_json(&event.to_json()), Ok(event));
    }

    #[test]
    fn different_events_have_different_canonical_forms(first in unsigned(), second in unsigned()) {
        prop_assert_eq!(first == second, first.canonical() == second.canonical());
    }

    #[test]
    fn without_bare_control_characters_the_canonical_form_is_json(mut event in unsigned()) {
        let is_json = |c: char| c >= ' ' || "\n\r\t\u{8}\u{c}".contains(c);
        event.content.retain(is_json);
        event.tags.iter_mut().flatten().for_each(|text| text.retain(is_json));
        let read: serde_json::Value = serde_json::from_str(&event.canonical()).expect("JSON");
        let pubkey = hex::encode_lower(&event.pubkey);
        let expected = serde_json::json!([0, pubkey, event.created_at, event.kind, event.tags, event.content]);
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_text_is_read_or_refused(text in text(300)) {
        if let Ok(event) = Event::from_json(&text) {
            prop_assert_eq!(Event::from_json(&event.to_json()), Ok(event));
        }
    }

    #[test]
    fn damaged_json_never_verifies_as_another_event(event in signed(), position: prop::sample::Index, byte: u8) {
        let mut json = event.to_json().into_bytes();
        let position = position.index(json.len());
        json[position] = byte;
        if let Ok(json) = String::from_utf8(json)
            && let Ok(read) = Event::from_json(&json)
            && read.verify().is_ok()
        {
            // Another letter case of an escape spells the same event.
            prop_assert_eq!(read, event);
        }
    }

    #[test]
    fn an_npub_gives_back_its_key(key: [u8; 32]) {
        let text = npub::encode(&key);
        prop_assert_eq!(npub::decode(&text), Ok(key));
        prop_assert_eq!(npub::decode(&text.to_uppercase()), Ok(key));
    }

    #[test]
    fn one_other_character_breaks_an_npub(key: [u8; 32], position in 0_usize..63, character in "[a-z0-9]") {
        let text = npub::encode(&key);
        let mut damaged = text.clone();
        damaged.replace_range(position..=position, &character);
        prop_assert_eq!(npub::decode(&damaged).is_ok(), damaged == text);
    }

    #[test]
    fn hexadecimal_gives_back_its_bytes(bytes: [u8; 32], other in text(70)) {
        prop_assert_eq!(hex::decode_array(&hex::encode_lower(&bytes)), Ok(bytes));
        if let Ok(read) = hex::decode_array::<32>(&other) {
            prop_assert_eq!(hex::encode_lower(&read), other);
        }
    }

    #[test]
    fn a_built_sign_in_passes_and_only_within_the_skew(
        pubkey: [u8; 32],
        challenge_id in text(40),
        challenge in text(60),
        domain in text(40),
        kind in prop_oneof![Just(login::KIND_AUTH), Just(login::KIND_NOTE)],
        later_s in 0_u64..700,
    ) {
        let now_s = 1_732_147_200;
        let (challenge_id, challenge, domain) = (&*challenge_id, &*challenge, &*domain);
        let purpose = Purpose::Login;
        let built =
            LoginRequest { pubkey, challenge_id, challenge, domain, now_s, expires_in_s: 600, kind, purpose }
                .build();
        let key = SecretKey::from_bytes(&[1; 32]).expect("in range");
        let event = built.sign(&key, &[0; 32]);
        let content = LoginContent::parse(&event).expect("our own content");
        let expected = Expected {
            challenge_id,
            challenge,
            bound_pubkey: Some(event.pubkey()),
            domain,
            domain_required: true,
            now_s: now_s + later_s,
            skew_s: 300,
            ttl_s: 600,
            url: None,
            method: "POST",
            purpose,
        };
        prop_assert_eq!(login::check(&event, &content, &expected).is_ok(), later_s <= 300);
    }
}

proptest! {
    // A signature a case: fewer of them.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_signed_event_verifies_and_survives_json(event in signed()) {
        prop_assert_eq!(event.verify(), Ok(()));
        prop_assert_eq!(Event::from_json(&event.to_json()), Ok(event));
    }

    #[test]
    fn one_flipped_bit_of_id_key_or_signature_is_refused(event in signed(), bit in 0_usize..1024) {
        let mut bytes = [event.id().as_slice(), event.pubkey(), event.sig()].concat();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let json = event
            .to_json()
            .replacen(&hex::encode_lower(event.id()), &hex::encode_lower(&bytes[..32]), 1)
            .replacen(&hex::encode_lower(event.pubkey()), &hex::encode_lower(&bytes[32..64]), 1)
            .replacen(&hex::encode_lower(event.sig()), &hex::encode_lower(&bytes[64..]), 1);
        let damaged = Event::from_json(&json).expect("still well-formed");
        let refusal = damaged.verify().expect_err("a bit differs");
        // The id covers the key, but not the signature.
        prop_assert_eq!(refusal.code(), if bit < 512 { "id_mismatch" } else { "signature_invalid" });
    }
}

#[test]
fn the_limits_are_exact() {
    let event = |tags: Vec<Vec<String>>| {
        let event = UnsignedEvent { pubkey: [0; 32], created_at: 0, kind: 1, tags, content: String::new() };
        UnsignedEvent::from_json(&event.to_json()).err().map(|error| error.code())
    };
    assert_eq!(event(vec![vec![]; TAGS_MAX]), None);
    assert_eq!(event(vec![vec![]; TAGS_MAX + 1]), Some("event_too_many_tags"));
    assert_eq!(event(vec![vec![String::new(); TAG_VALUES_MAX]]), None);
    assert_eq!(event(vec![vec![String::new(); TAG_VALUES_MAX + 1]]), Some("event_too_many_tags"));
}

/// What the bech32 crate, which reads invoices here, makes of a text.
fn npub_by_the_crate(text: &str) -> Option<[u8; 32]> {
    use bech32::primitives::decode::CheckedHrpstring;
    let checked = CheckedHrpstring::new::<bech32::Bech32>(text).ok()?;
    checked.validate_segwit_padding().ok()?;
    let bytes: Vec<u8> = checked.byte_iter().collect();
    if checked.hrp() == bech32::Hrp::parse_unchecked("npub") { bytes.try_into().ok() } else { None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn npubs_are_those_of_the_bech32_crate(
        key in any::<[u8; 32]>(), place in any::<prop::sample::Index>(), other in "[ -~]", upper in any::<bool>(),
    ) {
        let text = npub::encode(&key);
        prop_assert_eq!(&text, &bech32::encode::<bech32::Bech32>(bech32::Hrp::parse_unchecked("npub"), &key).expect("short"));
        let text = if upper { text.to_uppercase() } else { text };
        prop_assert_eq!(npub::decode(&text), Ok(key));
        let at = place.index(text.len());
        let changed = [&text[..at], &other, &text[at + 1..]].concat();
        prop_assert_eq!(npub::decode(&changed).ok(), npub_by_the_crate(&changed));
    }

    #[test]
    fn texts_of_any_length_and_prefix_are_read_like_the_bech32_crate(
        prefix in "[!-~]{0,5}|npub|nsec", bytes in prop::collection::vec(any::<u8>(), 0..70), cut in any::<bool>(),
    ) {
        let Ok(prefix) = bech32::Hrp::parse(&prefix) else { return Ok(()) };
        let mut text = bech32::encode_lower::<bech32::Bech32>(prefix, &bytes).expect("short");
        if cut {
            text.pop();
        }
        prop_assert_eq!(npub::decode(&text).ok(), npub_by_the_crate(&text));
    }
}

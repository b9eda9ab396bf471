//! The content of a sign-in: what passes names this challenge, this domain and a time within the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postfun_core::challenge::Purpose;
use postfun_core::nostr::login::{self, Expected, LoginContent};
use postfun_core::nostr::{Event, UnsignedEvent};

const NOW_S: u64 = 1_732_147_200;

fuzz_target!(|input: (u16, bool, i16, &str)| {
    let (kind, domain_required, late_s, content) = input;
    let unsigned = UnsignedEvent {
        pubkey: [0; 32],
        created_at: NOW_S.saturating_add_signed(late_s.into()),
        kind: login::KINDS.get(usize::from(kind)).copied().unwrap_or(kind),
        tags: Vec::new(),
        content: content.to_owned(),
    };
    let (zeros, zeros_twice) = ("0".repeat(64), "0".repeat(128));
    let json =
        unsigned.to_json().replacen('{', &format!("{{\"id\":\"{zeros}\",\"sig\":\"{zeros_twice}\","), 1);
    let Ok(event) = Event::from_json(&json) else { return };
    let Ok(content) = LoginContent::parse(&event) else { return };
    let expected = Expected {
        challenge_id: "id",
        challenge: "challenge",
        bound_pubkey: None,
        domain: "postfun",
        domain_required,
        now_s: NOW_S,
        skew_s: 300,
        ttl_s: 600,
        url: None,
        method: "POST",
        purpose: Purpose::Login,
    };
    if login::check(&event, &content, &expected).is_ok() {
        assert_eq!(content.challenge, "challenge");
        assert!(content.challenge_id.is_none_or(|id| id == "id"));
        assert!(content.purpose.is_none_or(|purpose| purpose == "login"));
        assert_eq!(content.data, None);
        assert!(
            content.domain.as_deref() == Some("postfun") || (content.domain.is_none() && !domain_required)
        );
        assert!(content.exp.is_none_or(|exp| (NOW_S as i64 - 300..=NOW_S as i64 + 900).contains(&exp)));
        assert!(late_s.abs() <= 300);
        assert!([1, 22242].contains(&event.kind()), "kind 27235 needs an address");
    }
});

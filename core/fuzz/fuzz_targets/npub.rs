//! `npub`: what is read has two spellings, one in each letter case.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postfun_core::nostr::npub;

fuzz_target!(|text: &str| {
    if let Ok(key) = npub::decode(text) {
        let written = npub::encode(&key);
        assert!(written == text || written.to_uppercase() == text);
    }
});

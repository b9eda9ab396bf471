//! Signatures: no key, message or signature makes verifying panic, and no signature fits two messages.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postfun_core::signature::schnorr;

fuzz_target!(|input: ([u8; 32], [u8; 32], [u8; 32], &[u8])| {
    let (key, r, s, message) = input;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice(&s);
    if schnorr::verify(&key, message, &signature).is_ok() {
        let longer = [message, &[0]].concat();
        assert!(schnorr::verify(&key, &longer, &signature).is_err());
    }
});

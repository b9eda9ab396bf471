//! Hexadecimal: what is read has one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postfun_core::encoding::hex;

fn one_spelling<const N: usize>(text: &str) {
    if let Ok(bytes) = hex::decode_array::<N>(text) {
        assert_eq!(hex::encode_lower(&bytes), text);
    }
}

fuzz_target!(|text: &str| {
    one_spelling::<0>(text);
    one_spelling::<1>(text);
    one_spelling::<4>(text);
    one_spelling::<32>(text);
    one_spelling::<64>(text);
});

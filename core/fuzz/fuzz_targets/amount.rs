//! Amount text: what is read is written back as the same amount, in its shortest form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postfun_core::amount::{self, Decimals, Units};

fuzz_target!(|input: (u8, &str)| {
    let (decimals, text) = input;
    let Ok(decimals) = Decimals::new(decimals % 16) else { return };
    if let Ok(units) = amount::parse(text, decimals) {
        assert!(units <= Units::MAX);
        let written = amount::format(units, decimals);
        assert_eq!(amount::parse(&written, decimals), Ok(units), "{written}");
        assert!(!text.starts_with('-'));
    }
});

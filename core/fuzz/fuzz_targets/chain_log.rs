//! The bytes of a pool's log: events are read in one spelling, and a log is replayed or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postfun_core::amm::{Event, replay_log};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(event) = Event::decode(bytes) {
        assert_eq!(event.encode(), bytes);
    }
    let _ = replay_log(bytes);
});

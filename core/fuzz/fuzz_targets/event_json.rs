//! Event JSON: what is read is written back as the same event, and verifying it never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postfun_core::nostr::{Event, UnsignedEvent};

fuzz_target!(|text: &str| {
    if let Ok(event) = UnsignedEvent::from_json(text) {
        assert_eq!(UnsignedEvent::from_json(&event.to_json()), Ok(event));
    }
    if let Ok(event) = Event::from_json(text) {
        assert_eq!(Event::from_json(&event.to_json()).as_ref(), Ok(&event));
        // Nobody finds a signature by chance, and a valid one of the seeds stays valid.
        let verified = event.verify();
        assert_eq!(Event::from_json(&event.to_json()).and_then(|same| same.verify()), verified);
    }
});

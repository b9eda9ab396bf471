//! How fast is a verification, compared with libsecp256k1 in the same run?
//!
//! Both read the key and the signature from bytes and verify 200 events by 200 keys; the rounds alternate, so that a
//! busy machine slows both. The median round counts. Printed is the peer's time divided by ours: above 1 is faster.
#![expect(clippy::expect_used, reason = "an event that cannot be made is the end of the benchmark")]
#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::hint::black_box;
use std::time::Instant;

use postfun_core::nostr::{Event, UnsignedEvent};
use postfun_core::signature::schnorr::{self, SecretKey};
use secp256k1::{XOnlyPublicKey, schnorr as peer};

const EVENTS: u32 = 200;
const ROUNDS: usize = 41;

fn event(number: u32) -> Event {
    let mut secret = [7; 32];
    secret[..4].copy_from_slice(&number.to_be_bytes());
    let key = SecretKey::from_bytes(&secret).expect("below the order");
    let content = format!("{{\"challenge\":\"{number:043}\",\"domain\":\"postfun\",\"exp\":1732147800}}");
    let event = UnsignedEvent {
        pubkey: key.public_key(),
        created_at: 1_732_147_200,
        kind: 22242,
        tags: Vec::new(),
        content,
    };
    event.sign(&key, &[0; 32])
}

fn ours(event: &Event) -> bool {
    schnorr::verify(event.pubkey(), event.id(), event.sig()).is_ok()
}

fn theirs(event: &Event) -> bool {
    let Ok(key) = XOnlyPublicKey::from_byte_array(*event.pubkey()) else { return false };
    peer::verify(&peer::Signature::from_byte_array(*event.sig()), event.id(), &key).is_ok()
}

/// The time of one call in microseconds.
fn time_us(events: &[Event], verify: impl Fn(&Event) -> bool) -> f64 {
    let start = Instant::now();
    let passed = events.iter().filter(|event| verify(black_box(event))).count();
    let elapsed = start.elapsed();
    assert_eq!(passed, events.len(), "every event is valid");
    elapsed.as_secs_f64() * 1e6 / f64::from(EVENTS)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let events: Vec<Event> = (0..EVENTS).map(event).collect();
    let mut rounds = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        rounds[0].push(time_us(&events, ours));
        rounds[1].push(time_us(&events, theirs));
        rounds[2].push(time_us(&events, |event| event.verify().is_ok()));
    }
    let [ours, theirs, whole] = rounds.map(median);
    println!(
        "schnorr verify: postfun-core {ours:.1} us, libsecp256k1 {theirs:.1} us, ratio {:.2}",
        theirs / ours
    );
    println!("event verify (hash and signature): postfun-core {whole:.1} us");
}

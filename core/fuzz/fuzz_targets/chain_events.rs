//! A pool's events with hashes that are right, so that the fuzzer gets behind the chain to the figures.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postfun_core::amm::{Event, GENESIS, Pool, Replay, link};

/// Splits off an event: its length in one byte, then its bytes.
fn next<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first()?;
    let (bytes, after) = after.split_at_checked((*len).into())?;
    *rest = after;
    Some(bytes)
}

fn product(pool: &Pool) -> u128 {
    let state = pool.state();
    u128::from(state.reserve_a.get()) * u128::from(state.reserve_b.get())
}

fuzz_target!(|input: &[u8]| {
    let mut rest = input;
    let Some(first) = next(&mut rest) else { return };
    let mut head = link(&GENESIS, first);
    let Ok(mut replay) = Replay::start(first, &head) else { return };
    while let Some(bytes) = next(&mut rest) {
        let before = replay.clone();
        let hash = link(&head, bytes);
        match replay.apply(bytes, &hash) {
            Ok(()) => {
                head = hash;
                assert!(product(replay.pool()) >= product(before.pool()), "the pool never loses");
                assert!(replay.pool().state().stage >= before.pool().state().stage);
                assert_eq!(Event::decode(bytes).expect("it was applied").encode(), bytes);
            }
            Err(_) => assert_eq!(replay, before, "a refused event changes nothing"),
        }
    }
});

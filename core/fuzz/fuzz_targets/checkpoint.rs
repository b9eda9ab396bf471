//! The bytes of a checkpoint: read in one spelling, and whatever follows it is replayed or refused, in pieces as at once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postfun_core::amm::{Checkpoint, Playback, Replay};

/// How many bytes a checkpoint has: its frame, and the event that its length says.
fn checkpoint_len(bytes: &[u8]) -> usize {
    let created = bytes.get(1..3).map_or(0, |len| usize::from(u16::from_be_bytes([len[0], len[1]])));
    (created + 107).min(bytes.len())
}

fuzz_target!(|bytes: &[u8]| {
    let (checkpoint, log) = bytes.split_at(checkpoint_len(bytes));
    let Ok(replay) = Replay::resume(&Checkpoint::from_bytes(checkpoint.to_vec())) else { return };
    assert_eq!(replay.checkpoint().as_bytes(), checkpoint);
    let mut whole = Playback::resume(replay.clone());
    let at_once = whole.push(log).and_then(|()| whole.end());
    let mut pieces = Playback::resume(replay);
    let in_pieces = log.chunks(7).try_for_each(|piece| pieces.push(piece)).and_then(|()| pieces.end());
    assert_eq!(at_once, in_pieces);
    if let Ok(replay) = at_once {
        let resumed = Replay::resume(&replay.checkpoint());
        assert_eq!(resumed.as_ref(), Ok(replay));
    }
});

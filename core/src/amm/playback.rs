//! Replays a log that arrives in pieces, cut anywhere.
//!
//! A log is a sequence of records: the event's length in two bytes (big-endian), its bytes, its chain hash.

use alloc::vec::Vec;
use core::mem;

use super::chain::ChainHash;
use super::{Replay, ReplayError};

/// A log that is being replayed while it arrives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Playback {
    replay: Option<Replay>,
    /// The beginning of a record whose end has not arrived; shorter than one record.
    rest: Vec<u8>,
}

impl Playback {
    /// Begins before the first event.
    #[must_use]
    pub const fn new() -> Self {
        Self { replay: None, rest: Vec::new() }
    }

    /// Goes on from a replay: the next event is the one behind it.
    #[must_use]
    pub const fn resume(replay: Replay) -> Self {
        Self { replay: Some(replay), rest: Vec::new() }
    }

    /// Replays the records that a piece of the log completes, and keeps the beginning of the next.
    ///
    /// # Errors
    ///
    /// The first fault; see [`ReplayError::seq`] for its place. Everything before it was replayed, the rest of the piece is
    /// forgotten.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), ReplayError> {
        if self.rest.is_empty() {
            return self.consume(piece);
        }
        let mut joined = mem::take(&mut self.rest);
        joined.extend_from_slice(piece);
        self.consume(&joined)
    }

    #[inline(never)] // The browser package loads each copy that inlining makes.
    fn consume(&mut self, mut log: &[u8]) -> Result<(), ReplayError> {
        while let Some((bytes, hash, after)) = split_record(log) {
            match &mut self.replay {
                Some(replay) => replay.apply(bytes, hash)?,
                None => self.replay = Some(Replay::start(bytes, hash)?),
            }
            log = after;
        }
        self.rest = log.to_vec();
        Ok(())
    }

    /// Returns the replay so far: nothing before the first event, and never a part of a record.
    #[must_use]
    pub const fn replay(&self) -> Option<&Replay> {
        self.replay.as_ref()
    }

    /// Says that nothing more comes, and returns the replay of everything.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Empty`] when nothing came, [`ReplayError::Truncated`] within a record.
    pub fn end(&self) -> Result<&Replay, ReplayError> {
        if !self.rest.is_empty() {
            let seq = self.replay.as_ref().map_or(0, Replay::seq).saturating_add(1);
            return Err(ReplayError::Truncated { seq });
        }
        self.replay.as_ref().ok_or(ReplayError::Empty)
    }
}

/// Writes one record of a log: the event's length in two bytes (big-endian), its bytes, its chain hash.
///
/// # Errors
///
/// `None` for an event above 65 535 bytes, which no event is.
#[must_use]
pub fn encode_record(bytes: &[u8], hash: &ChainHash) -> Option<Vec<u8>> {
    let len = u16::try_from(bytes.len()).ok()?;
    let mut record = Vec::with_capacity(bytes.len().saturating_add(34));
    record.extend_from_slice(&len.to_be_bytes());
    record.extend_from_slice(bytes);
    record.extend_from_slice(hash);
    Some(record)
}

/// Replays a whole log of records, see [`encode_record`].
///
/// # Errors
///
/// The first fault; see [`ReplayError::seq`] for its place.
pub fn replay_log(log: &[u8]) -> Result<Replay, ReplayError> {
    let mut playback = Playback::new();
    playback.push(log)?;
    playback.end()?;
    playback.replay.ok_or(ReplayError::Empty)
}

type Record<'a> = (&'a [u8], &'a ChainHash, &'a [u8]);

/// The first record and what follows it; nothing unless the record is whole.
fn split_record(log: &[u8]) -> Option<Record<'_>> {
    let (len, rest) = log.split_first_chunk::<2>()?;
    let (bytes, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    let (hash, rest) = rest.split_first_chunk::<32>()?;
    Some((bytes, hash, rest))
}

//! Recomputes a pool from its events and names the first that is wrong.
//!
//! Nothing of an event is believed: the chain hash, the sequence, the fee, the output and the stage are each
//! computed again by the code that made them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::chain::{ChainHash, GENESIS, link};
use super::event::{Created, Event, FeesCollected, Swapped};
use super::{Pool, ReplayError};
use crate::amount::Units;

/// A pool that is being recomputed from its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    pub(super) created: Box<Created>,
    /// The bytes of that event; only these bytes give it.
    pub(super) created_bytes: Vec<u8>,
    pub(super) pool: Pool,
    pub(super) seq: u64,
    pub(super) head: ChainHash,
    pub(super) time_ms: u64,
    pub(super) swaps: u64,
    pub(super) burned: Units,
}

impl Replay {
    /// Begins with the event that created the pool.
    ///
    /// # Errors
    ///
    /// A [`ReplayError`] for event 1.
    #[inline(never)] // The browser package loads each copy that inlining makes.
    pub fn start(bytes: &[u8], hash: &ChainHash) -> Result<Self, ReplayError> {
        let seq = 1;
        let event = read(bytes, seq)?;
        let head = check_link(&GENESIS, bytes, hash, seq)?;
        let Event::Created(created) = event else {
            return Err(ReplayError::Misplaced { seq });
        };
        let pool = Pool::new(&created.params).map_err(|source| ReplayError::InvalidPool { seq, source })?;
        let time_ms = created.time_ms;
        let created_bytes = bytes.to_vec();
        Ok(Self { created, created_bytes, pool, seq, head, time_ms, swaps: 0, burned: Units::ZERO })
    }

    /// Applies the next event.
    ///
    /// # Errors
    ///
    /// A [`ReplayError`] that names the event and what is wrong with it; the replay is then unchanged.
    #[inline(never)] // The browser package loads each copy that inlining makes.
    pub fn apply(&mut self, bytes: &[u8], hash: &ChainHash) -> Result<(), ReplayError> {
        let seq = self.seq.saturating_add(1);
        let event = read(bytes, seq)?;
        let head = check_link(&self.head, bytes, hash, seq)?;
        let time_ms = event.time_ms();
        if time_ms < self.time_ms {
            return Err(ReplayError::TimeBackwards { seq });
        }
        match event {
            Event::Created(_) => return Err(ReplayError::Misplaced { seq }),
            Event::Swapped(swapped) => self.apply_swap(&swapped)?,
            Event::FeesCollected(collected) => self.apply_collection(&collected)?,
        }
        (self.seq, self.head, self.time_ms) = (seq, head, time_ms);
        Ok(())
    }

    fn apply_swap(&mut self, event: &Swapped) -> Result<(), ReplayError> {
        let seq = event.seq;
        let impossible = |source| ReplayError::ImpossibleSwap { seq, source };
        let quote = self.pool.quote_exact_in(event.side, event.amount_in).map_err(impossible)?;
        let figures = [
            ("fee", quote.fee.get(), event.fee.get()),
            ("amount_out", quote.amount_out.get(), event.amount_out.get()),
        ];
        check_figures(seq, &figures)?;
        let mut pool = self.pool.clone();
        let swap = pool.swap(&quote).map_err(impossible)?;
        let stages = (u64::from(swap.stage_after.get()), u64::from(event.stage_after.get()));
        check_figures(seq, &[("stage_after", stages.0, stages.1)])?;
        self.pool = pool;
        self.swaps = self.swaps.saturating_add(1);
        if self.created.burn_token.is_some() {
            self.burned = self.burned.saturating_add(swap.burned());
        }
        Ok(())
    }

    fn apply_collection(&mut self, event: &FeesCollected) -> Result<(), ReplayError> {
        self.pool
            .collect_fees(event.amount_a, event.amount_b)
            .map_err(|source| ReplayError::ImpossibleSwap { seq: event.seq, source })
    }

    /// Returns the event that created the pool.
    #[must_use]
    pub fn created(&self) -> &Created {
        &self.created
    }

    /// Returns the pool as it is after the last event.
    #[must_use]
    pub const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Returns the number of events so far.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns the hash of the last event.
    #[must_use]
    pub const fn head(&self) -> &ChainHash {
        &self.head
    }

    /// Returns the number of swaps so far.
    #[must_use]
    pub const fn swaps(&self) -> u64 {
        self.swaps
    }

    /// Returns what was burned so far, in base units of the burn token.
    #[must_use]
    pub const fn burned(&self) -> Units {
        self.burned
    }
}

fn read(bytes: &[u8], seq: u64) -> Result<Event, ReplayError> {
    let event = Event::decode(bytes).map_err(|source| ReplayError::Unreadable { seq, source })?;
    if event.seq() == seq {
        Ok(event)
    } else {
        Err(ReplayError::SequenceGap { expected: seq, found: event.seq() })
    }
}

fn check_link(
    previous: &ChainHash,
    bytes: &[u8],
    hash: &ChainHash,
    seq: u64,
) -> Result<ChainHash, ReplayError> {
    let head = link(previous, bytes);
    if head == *hash { Ok(head) } else { Err(ReplayError::HashMismatch { seq }) }
}

fn check_figures(seq: u64, figures: &[(&'static str, u64, u64)]) -> Result<(), ReplayError> {
    figures.iter().try_for_each(|&(field, expected, found)| {
        if expected == found { Ok(()) } else { Err(ReplayError::Mismatch { seq, field, expected, found }) }
    })
}

//! A pool as it was after an event, which a replay can go on from without the events before.
//!
//! Its bytes, numbers big-endian and of 8 bytes unless said: version (1 byte, 1), length of the event that made the
//! pool (2 bytes) and its bytes, place, time and number of swaps of the last event, its chain hash (32 bytes), then
//! of token A and B each reserves, volumes and fees. Stage and burns follow from the volume, so they are not said.
//!
//! A checkpoint proves nothing by itself: one believes it because one made it oneself, or because the server signed it
//! and would be caught by anyone who replays from the first event through it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::chain::{self, ChainHash};
use super::event::{Event, Reader, Writer};
use super::head::AUX;
use super::{CheckpointError, Created, EventError, Pool, PoolState, Replay, Stage};
use crate::amount::Units;
use crate::signature::SignatureError;
use crate::signature::schnorr::{self, KEY_LEN, SIGNATURE_LEN, SecretKey};

/// A server keeps a checkpoint after every event whose number this divides.
pub const CHECKPOINT_EVERY: u64 = 1_000;

const VERSION: u8 = 1;

/// Separates these signatures from every other use of the key.
const TAG: &str = "postfun/pool-checkpoint/v1";

/// The bytes of a checkpoint, believed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint(Vec<u8>);

impl Checkpoint {
    /// Takes bytes that say they are a checkpoint; [`Replay::resume`] reads them.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Computes what is signed: the tagged hash of the bytes.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        chain::tagged(TAG, &self.0)
    }

    /// Signs the checkpoint; the same key and bytes always give the same signature.
    #[must_use]
    pub fn sign(&self, key: &SecretKey) -> [u8; SIGNATURE_LEN] {
        key.sign(&self.digest(), &AUX)
    }

    /// Checks the signature of the checkpoint.
    ///
    /// # Errors
    ///
    /// As [`schnorr::verify`].
    pub fn verify(
        &self,
        public_key: &[u8; KEY_LEN],
        signature: &[u8; SIGNATURE_LEN],
    ) -> Result<(), SignatureError> {
        schnorr::verify(public_key, &self.digest(), signature)
    }
}

impl Replay {
    /// Writes down the pool as it is after the last event.
    ///
    /// The same history always gives the same bytes.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        let created = &self.created_bytes;
        let mut writer = Writer(Vec::with_capacity(created.len().saturating_add(107)));
        writer.byte(VERSION);
        // An event is far below 64 KiB.
        writer.0.extend_from_slice(&u16::try_from(created.len()).unwrap_or(u16::MAX).to_be_bytes());
        writer.0.extend_from_slice(created);
        for number in [self.seq, self.time_ms, self.swaps] {
            writer.number(number);
        }
        writer.0.extend_from_slice(&self.head);
        let state = self.pool.state();
        let amounts =
            [state.reserve_a, state.reserve_b, state.volume_a, state.volume_b, state.fees_a, state.fees_b];
        for amount in amounts {
            writer.units(amount);
        }
        Checkpoint(writer.0)
    }

    /// Goes on from a checkpoint: the next event is the one behind it.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`]; a checkpoint of an honest replay is never refused, and is given back by
    /// [`Replay::checkpoint`] byte by byte.
    pub fn resume(checkpoint: &Checkpoint) -> Result<Self, CheckpointError> {
        let mut reader = Reader(&checkpoint.0);
        let fields = Fields::read(&mut reader).map_err(|source| CheckpointError::Unreadable { source })?;
        if !reader.0.is_empty() {
            return Err(CheckpointError::Unreadable { source: EventError::TrailingBytes });
        }
        fields.into_replay()
    }
}

/// What a checkpoint says.
struct Fields {
    created: Box<Created>,
    created_bytes: Vec<u8>,
    seq: u64,
    time_ms: u64,
    swaps: u64,
    head: ChainHash,
    state: PoolState,
}

impl Fields {
    fn read(reader: &mut Reader<'_>) -> Result<Self, EventError> {
        let version = reader.byte()?;
        if version != VERSION {
            return Err(EventError::UnknownVersion { version });
        }
        let len = usize::from(reader.take::<2>().map(u16::from_be_bytes)?);
        let created_bytes = reader.slice(len)?;
        let Event::Created(created) = Event::decode(created_bytes)? else {
            return Err(EventError::InvalidField { field: "created" });
        };
        let created_bytes = created_bytes.to_vec();
        let [seq, time_ms, swaps] = numbers(reader)?;
        let head = reader.take()?;
        let mut amounts = [Units::ZERO; 6];
        for (amount, number) in amounts.iter_mut().zip(numbers::<6>(reader)?) {
            *amount = Units::new(number).map_err(|_above| EventError::InvalidField { field: "amount" })?;
        }
        let [reserve_a, reserve_b, volume_a, volume_b, fees_a, fees_b] = amounts;
        let state =
            PoolState { reserve_a, reserve_b, volume_a, volume_b, fees_a, fees_b, stage: Stage::FIRST };
        Ok(Self { created, created_bytes, seq, time_ms, swaps, head, state })
    }

    fn into_replay(self) -> Result<Replay, CheckpointError> {
        let mut pool = Pool::restore(&self.created.params, self.state)
            .map_err(|source| CheckpointError::InvalidPool { source })?;
        // A pool begins in the first stage and meets each threshold once, so the volume says what was crossed.
        let (stage, burns) = pool.crossings(self.state.volume_a);
        pool.set_state(PoolState { stage, ..self.state });
        let burns = burns.iter().flatten().filter(|_| self.created.burn_token.is_some());
        let burned = burns.fold(Units::ZERO, |sum, burn| sum.saturating_add(burn.amount));
        let Self { created, created_bytes, seq, time_ms, swaps, head, .. } = self;
        let replay = Replay { created, created_bytes, pool, seq, head, time_ms, swaps, burned };
        replay.check_possible()?;
        Ok(replay)
    }
}

fn numbers<const N: usize>(reader: &mut Reader<'_>) -> Result<[u64; N], EventError> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = reader.number()?;
    }
    Ok(numbers)
}

impl Replay {
    /// Checks what must hold between the fields of a checkpoint, whatever happened before it.
    fn check_possible(&self) -> Result<(), CheckpointError> {
        let impossible = |field| Err(CheckpointError::Impossible { field });
        if self.created.seq != 1 {
            return impossible("created");
        }
        if self.time_ms < self.created.time_ms {
            return impossible("time");
        }
        if self.swaps >= self.seq {
            return impossible("number of swaps");
        }
        if self.seq == 1 {
            let first = Self::start(&self.created_bytes, &self.head);
            return if first.as_ref() == Ok(self) { Ok(()) } else { impossible("state") };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;

    use super::*;
    use crate::amm::{EventToken, GENESIS, PoolParams, QuoteError, ReplayError, link};
    use crate::amount::Decimals;

    fn units(count: u64) -> Units {
        Units::new(count).expect("the test's amount is in range")
    }

    fn first() -> Replay {
        let token = |id, symbol: &str| EventToken {
            id,
            decimals: Decimals::new(6).expect("6 is allowed"),
            symbol: symbol.to_owned(),
        };
        let created = Event::Created(Box::new(Created {
            seq: 1,
            time_ms: 5_000,
            pool_id: 3,
            token_a: token(1, "gBTC"),
            token_b: token(2, "gUSD"),
            burn_token: None,
            params: PoolParams {
                reserve_a: units(1_000),
                reserve_b: units(65_000),
                fee_bps_base: 30,
                thresholds: [None; 3],
                burns: [None; 4],
            },
        }));
        let bytes = created.encode();
        Replay::start(&bytes, &link(&GENESIS, &bytes)).expect("an honest beginning")
    }

    /// The checkpoint of the first event, with some of its bytes, counted from its end, replaced.
    fn changed(from_end: usize, bytes: &[u8]) -> Checkpoint {
        let mut all = first().checkpoint().0;
        let at = all.len().saturating_sub(from_end);
        for (place, byte) in all.iter_mut().skip(at).zip(bytes) {
            *place = *byte;
        }
        Checkpoint(all)
    }

    #[test]
    fn the_first_event_is_a_checkpoint_like_any_other() {
        let replay = first();
        assert_eq!(Replay::resume(&replay.checkpoint()), Ok(replay));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let impossible = |field| Err(CheckpointError::Impossible { field });
        assert_eq!(Replay::resume(&changed(48, &1_001_u64.to_be_bytes())), impossible("state"));
        assert_eq!(Replay::resume(&changed(80, &[7; 32])), impossible("state"));
        assert_eq!(Replay::resume(&changed(88, &1_u64.to_be_bytes())), impossible("number of swaps"));
        assert_eq!(Replay::resume(&changed(96, &4_999_u64.to_be_bytes())), impossible("time"));
        assert_eq!(Replay::resume(&changed(104, &0_u64.to_be_bytes())), impossible("number of swaps"));
        let empty = Replay::resume(&changed(48, &[0; 8])).expect_err("a reserve of zero");
        assert_eq!(empty.code(), "checkpoint_invalid_pool");
        let huge = Replay::resume(&changed(8, &[0xff; 8])).expect_err("above the largest amount");
        assert_eq!(huge.code(), "checkpoint_unreadable");
    }

    #[test]
    fn a_checkpoint_cut_or_lengthened_is_unreadable() {
        let whole = first().checkpoint().0;
        for len in 0..whole.len() {
            let cut = Replay::resume(&Checkpoint(whole[..len].to_vec()));
            assert_eq!(cut.map_err(|error| error.code()), Err("checkpoint_unreadable"), "{len} bytes");
        }
        let longer = [whole.as_slice(), &[0]].concat();
        assert!(Replay::resume(&Checkpoint(longer)).is_err());
        let mut other = whole;
        other[0] = 2;
        assert!(Replay::resume(&Checkpoint(other)).is_err(), "another version");
    }

    #[test]
    fn what_follows_a_checkpoint_is_checked_like_any_event() {
        let mut resumed = Replay::resume(&first().checkpoint()).expect("honest");
        let swap = Event::Swapped(crate::amm::Swapped {
            seq: 2,
            time_ms: 6_000,
            side: crate::amm::Side::AtoB,
            amount_in: Units::ZERO,
            fee: Units::ZERO,
            amount_out: Units::ZERO,
            stage_after: Stage::FIRST,
        });
        let bytes = swap.encode();
        let refused = resumed.apply(&bytes, &link(resumed.head(), &bytes));
        assert_eq!(refused, Err(ReplayError::ImpossibleSwap { seq: 2, source: QuoteError::NotPositive }));
        assert_eq!(resumed.apply(&bytes, &[0; 32]), Err(ReplayError::HashMismatch { seq: 2 }));
    }

    #[test]
    fn a_signature_is_of_one_checkpoint_and_one_key() {
        let key = SecretKey::from_bytes(&[7; 32]).expect("in range");
        let checkpoint = first().checkpoint();
        let signature = checkpoint.sign(&key);
        assert_eq!(checkpoint.verify(&key.public_key(), &signature), Ok(()));
        assert!(changed(48, &[1; 8]).verify(&key.public_key(), &signature).is_err());
        let head = crate::amm::Head { pool_id: 3, seq: 1, hash: *first().head() };
        assert!(head.verify(&key.public_key(), &signature).is_err(), "it is no signature of a head");
    }
}

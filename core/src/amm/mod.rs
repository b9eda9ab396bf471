//! The virtual-pool AMM: constant-product pools with staged, halving fees and burns.
//!
//! | File | Subject |
//! |---|---|
//! | `pool` | a pool's fixed parameters and its state, valid by construction |
//! | `stage` | the four stages, their fee rate, thresholds and the burn schedule |
//! | `quote` | what a swap would give: exact-in and exact-out |
//! | `swap` | the transition of a pool by a quote: reserves, fees, volume, stage, burns |
//! | `price` | prices as decimal text |
//! | `event` | the canonical bytes of what happens to a pool |
//! | `chain` | the hash that links each event to the one before |
//! | `replay` | recomputes a pool from its events and names the first that is wrong |
//! | `playback` | replays a log that arrives in pieces |
//! | `checkpoint` | a pool as it was after an event, which a replay can go on from |
//! | `head` | what the server signs about the end of a history |
//!
//! # Rules
//!
//! The fee is `ceil(amount_in × base_bps ÷ (10000 × 2^(stage−1)))`, an exact fraction, so 30 bps become 30, 15,
//! 7.5 and 3.75. The output is `floor(effective × reserve_out ÷ (reserve_in + effective))` with `effective =
//! amount_in − fee`. The fee never enters the reserves. The product of the reserves never falls. The trade
//! that crosses a threshold still pays the fee of the stage it found.

mod chain;
mod checkpoint;
mod error;
mod event;
mod head;
mod playback;
mod pool;
mod price;
mod quote;
mod replay;
mod stage;
mod swap;

pub use chain::{ChainHash, DOMAIN, GENESIS, link};
pub use checkpoint::{CHECKPOINT_EVERY, Checkpoint};
pub use error::{CheckpointError, EventError, PoolError, QuoteError, ReplayError};
pub use event::{Created, Event, EventToken, FeesCollected, SYMBOL_LEN_MAX, Swapped};
pub use head::Head;
pub use playback::{Playback, encode_record, replay_log};
pub use pool::{Pool, PoolParams, PoolState};
pub use price::price_text;
pub use quote::{Quote, SLIPPAGE_BPS_MAX, max_amount_in, min_amount_out};
pub use replay::Replay;
pub use stage::{BurnSchedule, FEE_BPS_BASE_MAX, FeeRate, Stage};
pub use swap::{Burn, Swap};

/// Which token goes in and which comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Token A in, token B out.
    AtoB,
    /// Token B in, token A out.
    BtoA,
}

impl Side {
    /// Returns the name that the HTTP API and the browser use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtoB => "AtoB",
            Self::BtoA => "BtoA",
        }
    }
}

impl core::str::FromStr for Side {
    type Err = QuoteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "AtoB" => Ok(Self::AtoB),
            "BtoA" => Ok(Self::BtoA),
            _ => Err(QuoteError::InvalidSide),
        }
    }
}

impl core::fmt::Display for Side {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

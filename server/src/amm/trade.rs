//! Trades, events and burns as they are listed.

use postfun_core::amm::{ChainHash, Side};
use postfun_core::amount::Units;
use uuid::Uuid;

/// A swap that took place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// Its id.
    pub id: Uuid,
    /// Its pool.
    pub pool_id: i64,
    /// The number of its event in the pool's chain.
    pub seq: i64,
    /// Who swapped; shown to nobody else.
    pub user_id: Uuid,
    /// Which token went in.
    pub side: Side,
    /// Gross input, in base units of the input token.
    pub amount_in: Units,
    /// Output, in base units of the output token.
    pub amount_out: Units,
    /// Fee, in base units of the input token.
    pub fee: Units,
    /// The stage whose fee was paid.
    pub stage_before: u8,
    /// The stage after it.
    pub stage_after: u8,
    /// What it burned, in base units of the burn token.
    pub burned: Units,
    /// The hash of its event.
    pub hash: ChainHash,
    /// When, in milliseconds since the epoch.
    pub created_at_ms: i64,
}

/// An event of a pool's chain, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number; the first is 1.
    pub seq: i64,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
    /// Its hash, which covers the one before.
    pub hash: ChainHash,
}

/// A burn that took place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BurnRecord {
    /// Its pool.
    pub pool_id: i64,
    /// The number of the swap's event.
    pub seq: i64,
    /// The stage that was reached.
    pub stage: u8,
    /// The token that was burned.
    pub asset: crate::ledger::AssetId,
    /// How much, in its base units.
    pub amount: Units,
    /// When, in milliseconds since the epoch.
    pub created_at_ms: i64,
}

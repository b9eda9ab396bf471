//! A pool with its tokens, as the database has it.

use postfun_core::amm::{ChainHash, Created, Event, EventToken, Pool};

use crate::ledger::Asset;

/// A pool at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolRecord {
    /// Its number.
    pub id: i64,
    /// Token A.
    pub token_a: Asset,
    /// Token B.
    pub token_b: Asset,
    /// The token that crossings burn.
    pub burn_token: Option<Asset>,
    /// Parameters and state; all maths is the core's.
    pub pool: Pool,
    /// The number of its last event.
    pub seq: i64,
    /// The hash of its last event.
    pub head: ChainHash,
    /// The time of its last event, in milliseconds since the epoch.
    pub last_event_at_ms: i64,
    /// When it was made, in milliseconds since the epoch.
    pub created_at_ms: i64,
}

impl PoolRecord {
    /// Returns the tokens as (in, out) for a swap of `side`.
    #[must_use]
    pub const fn tokens(&self, side: postfun_core::amm::Side) -> (&Asset, &Asset) {
        match side {
            postfun_core::amm::Side::AtoB => (&self.token_a, &self.token_b),
            postfun_core::amm::Side::BtoA => (&self.token_b, &self.token_a),
        }
    }

    /// The event that this pool's chain begins with.
    pub(super) fn created_event(&self) -> Event {
        Event::Created(Box::new(Created {
            seq: 1,
            time_ms: event_time(self.created_at_ms),
            pool_id: event_number(self.id),
            token_a: event_token(&self.token_a),
            token_b: event_token(&self.token_b),
            burn_token: self.burn_token.as_ref().map(event_token),
            params: self.pool.params().clone(),
        }))
    }
}

fn event_token(asset: &Asset) -> EventToken {
    EventToken { id: event_number(asset.id.0), decimals: asset.decimals, symbol: asset.symbol.clone() }
}

/// Numbers and times of events are unsigned; the database's are never negative.
pub(super) fn event_number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The time of an event, in milliseconds since the epoch.
pub(super) fn event_time(time_ms: i64) -> u64 {
    u64::try_from(time_ms).unwrap_or(0)
}

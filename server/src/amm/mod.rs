//! Pools and swaps.
//!
//! | File | Subject |
//! |---|---|
//! | `pool` | a pool with its tokens, as the database has it |
//! | `create` | making a pool |
//! | `swap` | what a swap is asked to be, and a batch of them in one transaction |
//! | `queue` | swaps of one pool wait and are carried out together |
//! | `batch` | a batch in memory: applied swap by swap, then written |
//! | `memory` | what a worker knows of pool and balances from its last batch |
//! | `feed` | what happens in a pool, as it happens |
//! | `outcome` | what to say after a commit that went wrong |
//! | `checkpoint` | what pools were after every thousandth event |
//! | `notary` | the server's signature under the ends of histories and under checkpoints |
//! | `trade` | trades, events and burns as they are listed |
//! | `repo` | the statements |
//! | `audit` | replays every pool and compares |
//! | `http` | the routes of seed 000 |
//!
//! All maths is `postfun_core::amm`; money moves through the ledger. A swap's events, entries, balances and trade are
//! one transaction.

pub(crate) mod audit;
mod batch;
pub(crate) mod checkpoint;
mod create;
mod error;
mod feed;
pub(crate) mod http;
mod memory;
mod notary;
mod outcome;
mod pool;
mod queue;
pub(crate) mod repo;
mod swap;
mod trade;

use std::sync::Arc;

use feed::Feeds;
use queue::Queues;
use quick_cache::sync::Cache;

pub use checkpoint::StoredCheckpoint;
pub use create::NewPool;
pub use error::{CreatePoolError, SwapError};
pub use notary::Notary;
pub use pool::PoolRecord;
pub use swap::{SwapAmount, SwapCommand, SwapDone, SwapLimits, SwapReceipt};
pub use trade::{BurnRecord, StoredEvent, Trade};

use crate::clock::Clock;
use crate::db::{Database, DbError};
use crate::events::Events;
use crate::id::Entropy;
use crate::ledger::{Ledger, LedgerError};

/// How old a pool may be that a quote is made of, in milliseconds. A swap in this process shows at once; one in
/// another process after this time.
const QUOTE_AGE_MS: i64 = 250;
/// How many pools are remembered for quotes.
const QUOTE_POOLS_MAX: usize = 10_000;

/// The service of pools.
#[derive(Debug, Clone)]
pub struct Pools {
    db: Database,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    ledger: Ledger,
    events: Events,
    recent: Arc<Cache<i64, Arc<Recent>>>,
    queues: Arc<Queues>,
    feeds: Arc<Feeds>,
}

#[derive(Debug)]
struct Recent {
    pool: Arc<PoolRecord>,
    read_at_ms: i64,
}

impl Pools {
    /// Makes the service.
    #[must_use]
    pub fn new(
        db: Database,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        ledger: Ledger,
        events: Events,
    ) -> Self {
        let recent = Arc::new(Cache::new(QUOTE_POOLS_MAX));
        Self { db, clock, entropy, ledger, events, recent, queues: Arc::default(), feeds: Arc::default() }
    }

    /// Lists pools by ascending number; `after_id` continues where a page ended, 0 begins.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`].
    pub async fn list(&self, after_id: i64, limit: u16) -> Result<Vec<PoolRecord>, LedgerError> {
        let assets = self.ledger.assets().await?;
        let rows = repo::list_pools(&mut self.db.reader().await?, after_id, limit).await?;
        rows.into_iter().map(|row| Ok(row.into_record(&assets)?)).collect()
    }

    /// Finds a pool as it is now.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`].
    pub async fn find(&self, id: i64) -> Result<Option<PoolRecord>, LedgerError> {
        let assets = self.ledger.assets().await?;
        let row = repo::find_pool(&mut self.db.reader().await?, id).await?;
        Ok(row.map(|row| row.into_record(&assets)).transpose()?)
    }

    /// Finds a pool as it was at most a quarter of a second ago; for quotes, whose answer names the state they are of.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Database`].
    pub async fn find_recent(&self, id: i64) -> Result<Option<Arc<PoolRecord>>, LedgerError> {
        let now_ms = self.clock.now_ms();
        if let Some(recent) = self.recent.get(&id) {
            let age_ms = now_ms.saturating_sub(recent.read_at_ms);
            if (0..=QUOTE_AGE_MS).contains(&age_ms) {
                return Ok(Some(Arc::clone(&recent.pool)));
            }
        }
        let Some(pool) = self.find(id).await? else { return Ok(None) };
        let pool = Arc::new(pool);
        self.remember(Arc::clone(&pool), now_ms);
        Ok(Some(pool))
    }

    /// Remembers a pool unless a later state of it is remembered already.
    fn remember(&self, pool: Arc<PoolRecord>, read_at_ms: i64) {
        let id = pool.id;
        if self.recent.get(&id).is_some_and(|recent| recent.pool.seq > pool.seq) {
            return;
        }
        self.recent.insert(id, Arc::new(Recent { pool, read_at_ms }));
    }

    /// Lists a pool's trades, newest first; `before_seq` continues where a page ended.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn trades(
        &self,
        pool: i64,
        before_seq: Option<i64>,
        limit: u16,
    ) -> Result<Vec<Trade>, DbError> {
        repo::list_trades(&mut self.db.reader().await?, pool, before_seq, limit).await
    }

    /// Lists a pool's events after one, oldest first.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn events(&self, pool: i64, after_seq: i64, limit: i64) -> Result<Vec<StoredEvent>, DbError> {
        repo::list_events(&mut self.db.reader().await?, pool, after_seq, limit).await
    }

    /// Lists a pool's burns, newest first; there are at most three.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn burns(&self, pool: i64, limit: u16) -> Result<Vec<BurnRecord>, DbError> {
        repo::list_burns(&mut self.db.reader().await?, pool, limit).await
    }
}

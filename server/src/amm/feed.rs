//! What happens in a pool, as it happens.
//!
//! The rows are the truth. While someone listens to a pool, one task of the process reads its new trades, renders each
//! once, and hands the same bytes to every reader. It is woken by a swap of this process, on PostgreSQL by a notification
//! of another one, and by a clock in case both were lost. Readers are never waited for: one that cannot keep up falls out
//! of the bounded buffer and resumes from the rows.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, Notify, broadcast, watch};

use super::{PoolRecord, Pools, Trade, repo};
use crate::db::DbError;
use crate::ledger::LedgerError;

/// Trades that a reader may be behind before it falls out; some half a megabyte for each pool that is listened to.
const BEHIND_MAX: usize = 1_024;
/// Trades that are read at once.
pub(super) const PAGE: u16 = 500;
/// How late a trade of another process may be when its notification was lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a process collects what it tells the others.
const TELL_EVERY: Duration = Duration::from_millis(10);
/// The name under which processes on one PostgreSQL tell each other that a pool has moved.
const CHANNEL: &str = "postfun_pool";

/// A trade as every reader gets it.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) seq: i64,
    pub(super) bytes: Bytes,
}

/// Writes the frame of a trade.
pub(super) type Render = fn(&Trade, &PoolRecord) -> Option<Bytes>;

/// The pools that someone listens to.
#[derive(Debug)]
pub(super) struct Feeds {
    by_pool: Mutex<HashMap<i64, Arc<Feed>>>,
    is_listening: OnceLock<()>,
    moved: std::sync::Mutex<Moved>,
    stop: watch::Sender<bool>,
}

/// Pools that other processes are still to be told of.
#[derive(Debug, Default)]
struct Moved {
    pools: BTreeSet<i64>,
    /// Whether a task is telling, and will see what is added.
    is_told: bool,
}

#[derive(Debug)]
struct Feed {
    frames: broadcast::Sender<Frame>,
    wake: Notify,
}

/// A reader's end of a feed.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) frames: broadcast::Receiver<Frame>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Default for Feeds {
    fn default() -> Self {
        Self {
            by_pool: Mutex::default(),
            is_listening: OnceLock::new(),
            moved: std::sync::Mutex::default(),
            stop: watch::Sender::new(false),
        }
    }
}

impl Feeds {
    fn moved(&self) -> MutexGuard<'_, Moved> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pools {
    /// Begins to listen to a pool. What happened before the caller next reads the pool is in the rows, everything after
    /// it comes through the subscription, some of it perhaps both ways.
    pub(super) async fn subscribe(
        &self,
        pool: &PoolRecord,
        render: Render,
    ) -> Result<Subscription, LedgerError> {
        let mut feeds = self.feeds.by_pool.lock().await;
        self.listen_once();
        let stop = self.feeds.stop.subscribe();
        if let Some(feed) = feeds.get(&pool.id) {
            return Ok(Subscription { frames: feed.frames.subscribe(), stop });
        }
        // Read before the feed can be found, so that no reader begins later than the feed does.
        let seq = self.find(pool.id).await?.map_or(pool.seq, |record| record.seq);
        let (frames, receiver) = broadcast::channel(BEHIND_MAX);
        let feed = Arc::new(Feed { frames, wake: Notify::new() });
        feeds.insert(pool.id, Arc::clone(&feed));
        tokio::spawn(self.clone().run_feed(feed, pool.clone(), seq, render));
        Ok(Subscription { frames: receiver, stop })
    }

    /// Tells everyone who listens to a pool, in every process, that it has moved; soon, and without being waited for.
    pub(super) fn announce(&self, pool_id: i64) {
        let mut moved = self.feeds.moved();
        moved.pools.insert(pool_id);
        let is_told_by_another = std::mem::replace(&mut moved.is_told, true);
        drop(moved);
        let pools = self.clone();
        tokio::spawn(async move {
            pools.wake(pool_id).await;
            if !is_told_by_another {
                pools.tell_other_processes().await;
            }
        });
    }

    /// Tells of whatever has moved, in one statement now and then: a notification costs PostgreSQL a transaction.
    async fn tell_other_processes(&self) {
        loop {
            let told: Vec<String> = {
                let mut moved = self.feeds.moved();
                moved.is_told = !moved.pools.is_empty();
                std::mem::take(&mut moved.pools).iter().map(ToString::to_string).collect()
            };
            if told.is_empty() {
                return;
            }
            if let Err(error) = self.db.notify(CHANNEL, &told).await {
                tracing::warn!(
                    error = error.chain(),
                    "other processes were not told of trades; they will look"
                );
            }
            tokio::time::sleep(TELL_EVERY).await;
        }
    }

    async fn wake(&self, pool_id: i64) {
        if let Some(feed) = self.feeds.by_pool.lock().await.get(&pool_id) {
            feed.wake.notify_one();
        }
    }

    /// Ends every stream, because the server is stopping; clients resume elsewhere or later.
    pub fn end_streams(&self) {
        self.feeds.stop.send_replace(true);
    }

    /// Hears the notifications of other processes from the first reader on.
    fn listen_once(&self) {
        if self.feeds.is_listening.set(()).is_err() {
            return;
        }
        let pools = self.clone();
        tokio::spawn(async move {
            let mut stop = pools.feeds.stop.subscribe();
            tokio::select! {
                () = pools.hear() => {}
                _ = stop.wait_for(|is_stopped| *is_stopped) => {}
            }
        });
    }

    async fn hear(&self) {
        loop {
            match self.db.listen(CHANNEL).await {
                Ok(None) => return,
                Ok(Some(mut listener)) => {
                    while let Ok(payload) = listener.recv().await {
                        if let Ok(pool_id) = payload.parse() {
                            self.wake(pool_id).await;
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        error = error.chain(),
                        "notifications cannot be heard; looking every second instead"
                    );
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Reads, renders and hands out until nobody listens.
    async fn run_feed(self, feed: Arc<Feed>, pool: PoolRecord, mut seq: i64, render: Render) {
        loop {
            tokio::select! {
                () = feed.wake.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if self.is_abandoned(&feed, pool.id).await {
                return;
            }
            match self.hand_out(&feed, &pool, seq, render).await {
                Ok(last) => seq = last,
                Err(error) => {
                    tracing::warn!(
                        pool.id = pool.id,
                        error = error.chain(),
                        "a feed could not be read; trying again"
                    );
                }
            }
        }
    }

    /// Removes a feed that nobody listens to; nobody can begin to meanwhile.
    async fn is_abandoned(&self, feed: &Feed, pool_id: i64) -> bool {
        let mut feeds = self.feeds.by_pool.lock().await;
        let is_abandoned = feed.frames.receiver_count() == 0;
        if is_abandoned {
            feeds.remove(&pool_id);
        }
        is_abandoned
    }

    async fn hand_out(
        &self,
        feed: &Feed,
        pool: &PoolRecord,
        mut seq: i64,
        render: Render,
    ) -> Result<i64, DbError> {
        loop {
            let trades = self.trades_after(pool.id, seq, PAGE).await?;
            for trade in &trades {
                if let Some(bytes) = render(trade, pool) {
                    // Without readers there is nobody to miss it.
                    let _ = feed.frames.send(Frame { seq: trade.seq, bytes });
                }
                seq = trade.seq;
            }
            if trades.len() < usize::from(PAGE) {
                return Ok(seq);
            }
        }
    }

    /// Lists a pool's trades after an event, oldest first.
    pub(super) async fn trades_after(&self, pool: i64, seq: i64, limit: u16) -> Result<Vec<Trade>, DbError> {
        repo::list_trades_after(&mut self.db.reader().await?, pool, seq, limit).await
    }
}

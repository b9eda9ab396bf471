//! A connection that one worker keeps.
//!
//! The pool hands its connections out in turn, so whoever runs the same few statements again and again would meet
//! connections that have not prepared them, and would have them tested before and after each use. A busy worker keeps a
//! connection of its own instead. Only a few of the connections that a process may have can be kept; whoever finds none
//! free, or is not busy, takes one of the pool for each transaction, which is right too, only slower.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{Connection, Executor, PgConnection, PgPool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Database, DbError, Pools, Tx, TxKind};

/// Of so many connections that a process may have, one can be kept.
const KEPT_SHARE: u32 = 4;
/// Transactions without a rest after which a worker counts as busy.
const BUSY_AFTER: u32 = 3;

/// A kept connection runs the same few statements for hours, and PostgreSQL plans each once. Planned while the tables are
/// small it would read them from end to end, and go on so while they grow; all of these statements look rows up by key.
const LOOK_UPS: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// The connections that may be kept.
pub(super) type Places = Arc<Semaphore>;

/// Splits a process's connections between the pool and those that are kept.
pub(super) fn split(connections_max: u32) -> (u32, Places) {
    let kept = connections_max / KEPT_SHARE;
    (connections_max - kept, Arc::new(Semaphore::new(usize::try_from(kept).unwrap_or(0))))
}

/// One worker's way to the database.
#[derive(Debug)]
pub struct Lane {
    db: Database,
    slot: Slot,
}

/// Where a kept connection lies between two transactions.
type Slot = Arc<Mutex<Resting>>;

#[derive(Debug, Default)]
struct Resting {
    kept: Option<Kept>,
    /// Transactions since the last rest.
    transactions: u32,
}

#[derive(Debug)]
struct Kept {
    connection: PgConnection,
    _place: OwnedSemaphorePermit,
    /// Whether its last commit has begun the next transaction, which saves a way there and back. It has read nothing yet,
    /// so it holds nothing up.
    has_begun: bool,
    /// Behind a proxy a begun transaction would keep a connection from others.
    is_direct: bool,
}

/// A transaction on a kept connection, or its loan to somebody who only reads. At a clean end the connection goes back to
/// its worker. Dropped before, it is closed, and PostgreSQL rolls back what it had begun.
#[derive(Debug)]
pub(super) struct LaneTx {
    kept: Kept,
    slot: Slot,
    has_begun: bool,
}

impl Database {
    /// Makes a lane.
    #[must_use]
    pub fn lane(&self) -> Lane {
        Lane { db: self.clone(), slot: Slot::default() }
    }
}

impl Lane {
    /// Begins a transaction that writes. A busy worker's has begun with its last commit: that its connection is lost shows
    /// at the first statement then, and the worker must begin once more.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`].
    pub async fn begin(&self) -> Result<Tx, DbError> {
        if let Some(kept) = self.kept().await {
            match self.begin_on(kept).await {
                Ok(tx) => return Ok(tx),
                // It was lost since its last use; nothing was begun, so another one serves as well.
                Err(error) => tracing::debug!(error = error.chain(), "a worker's connection was lost"),
            }
        }
        self.db.begin().await
    }

    /// As [`Lane::begin`], where rows are sure to be changed in the order in which they are listed, so that whoever has not
    /// locked them before gets in nobody's way. `None` where there is no such connection.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`].
    pub async fn begin_ordered(&self) -> Result<Option<Tx>, DbError> {
        match &self.db.pools {
            Pools::Postgres { is_direct: true, .. } => match self.kept().await {
                Some(kept) => Ok(self.begin_on(kept).await.ok()),
                None => Ok(None),
            },
            // A proxy does not let its connections be told how to plan.
            Pools::Postgres { is_direct: false, .. } => Ok(None),
            Pools::Sqlite { .. } => self.db.begin().await.map(Some),
        }
    }

    /// Takes the connection for single statements that only read; [`Tx::commit`] gives it back.
    ///
    /// # Errors
    ///
    /// As [`Database::reader`].
    pub async fn reader(&self) -> Result<Tx, DbError> {
        match self.kept().await {
            Some(kept) => {
                let has_begun = kept.has_begun;
                Ok(self.lend(kept, has_begun))
            }
            None => self.db.reader().await,
        }
    }

    async fn begin_on(&self, kept: Kept) -> Result<Tx, DbError> {
        let mut kept = kept;
        if !kept.has_begun {
            kept.connection.execute("BEGIN").await?;
        }
        Ok(self.lend(kept, true))
    }

    fn lend(&self, kept: Kept, has_begun: bool) -> Tx {
        Tx(TxKind::PostgresLane(Box::new(LaneTx { kept, slot: Arc::clone(&self.slot), has_begun })))
    }

    /// The worker's own connection, which is made when it is busy and there is room.
    async fn kept(&self) -> Option<Kept> {
        let Pools::Postgres { pool, places, is_direct } = &self.db.pools else { return None };
        let (kept, is_busy) = self.take();
        if kept.is_some() || !is_busy {
            return kept;
        }
        let place = Arc::clone(places).try_acquire_owned().ok()?;
        match connect(pool, *is_direct).await {
            Ok(connection) => {
                Some(Kept { connection, _place: place, has_begun: false, is_direct: *is_direct })
            }
            // PostgreSQL has no place for one more; the pool's connections are still there.
            Err(error) => {
                tracing::debug!(error = error.chain(), "a worker got no connection of its own");
                None
            }
        }
    }

    /// Whether every statement costs a way there and back, so that a short wait for a fuller batch pays.
    #[must_use]
    pub const fn has_round_trips(&self) -> bool {
        matches!(self.db.pools, Pools::Postgres { .. })
    }

    /// Gives the connection up until there is work again.
    pub async fn rest(&self) {
        let Resting { kept, .. } = std::mem::take(&mut *lock(&self.slot));
        if let Some(kept) = kept {
            // The other end notices in any case.
            let _ = kept.connection.close().await;
        }
    }

    fn take(&self) -> (Option<Kept>, bool) {
        let mut resting = lock(&self.slot);
        resting.transactions = resting.transactions.saturating_add(1);
        (resting.kept.take(), resting.transactions > BUSY_AFTER)
    }
}

fn lock(slot: &Slot) -> std::sync::MutexGuard<'_, Resting> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn connect(pool: &PgPool, is_direct: bool) -> Result<PgConnection, DbError> {
    let options = (*pool.connect_options()).clone().application_name("postfun worker");
    // A proxy takes no start-up options.
    let options = if is_direct { options.options(LOOK_UPS) } else { options };
    Ok(PgConnection::connect_with(&options).await?)
}

impl LaneTx {
    pub(super) const fn connection(&mut self) -> &mut PgConnection {
        &mut self.kept.connection
    }

    /// Commits what was begun, and gives the connection back to its worker.
    pub(super) async fn commit(self) -> Result<(), DbError> {
        let goes_on = self.kept.is_direct;
        self.end(if goes_on { "COMMIT AND CHAIN" } else { "COMMIT" }, goes_on).await
    }

    /// Rolls back what was begun, and gives the connection back to its worker.
    pub(super) async fn rollback(self) -> Result<(), DbError> {
        self.end("ROLLBACK", false).await
    }

    async fn end(self, statement: &'static str, goes_on: bool) -> Result<(), DbError> {
        let Self { mut kept, slot, has_begun } = self;
        if has_begun {
            kept.connection.execute(statement).await?;
            kept.has_begun = goes_on;
        }
        lock(&slot).kept = Some(kept);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn kept_connections_come_out_of_the_configured_number() {
        for (max, pool, kept) in [(1, 1, 0), (3, 3, 0), (4, 3, 1), (16, 12, 4), (100, 75, 25)] {
            let (of_pool, places) = split(max);
            assert_eq!((of_pool, places.available_permits()), (pool, kept));
        }
    }
}

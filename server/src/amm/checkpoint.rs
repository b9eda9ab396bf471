//! Checkpoints of pools: made by a job behind the swaps, listed for whoever checks only the end of a history.

use std::sync::Arc;
use std::time::Duration;

use postfun_core::amm::{CHECKPOINT_EVERY, Checkpoint, Replay};
use sqlx::FromRow;

use super::{Pools, StoredEvent, repo};
use crate::db::{DbError, Tx, execute, on_backend, statements};
use crate::jobs::JobSpec;

/// How long after its thousandth event a pool has its checkpoint, at most, while the job keeps up.
const EVERY: Duration = Duration::from_secs(15);
/// Nobody waits for a checkpoint, so another leader may take its time to notice that this one is gone.
const LEASE: Duration = Duration::from_mins(2);
/// Pools that are looked up at once.
const POOLS: i64 = 100;

statements! {
    DUE_POOLS = "
SELECT id
FROM pools
WHERE id > $1 AND seq >= $2 + COALESCE((SELECT MAX(seq) FROM pool_checkpoints WHERE pool_id = pools.id), 0)
ORDER BY id
LIMIT $3";
    LIST_CHECKPOINTS = "
SELECT seq, bytes
FROM pool_checkpoints
WHERE pool_id = $1 AND seq < $2
ORDER BY seq DESC
LIMIT $3";
    LIST_CHECKPOINTS_BETWEEN = "
SELECT seq, bytes
FROM pool_checkpoints
WHERE pool_id = $1 AND seq > $2 AND seq <= $3
ORDER BY seq";
    INSERT_CHECKPOINT = "
INSERT INTO pool_checkpoints (pool_id, seq, bytes)
VALUES ($1, $2, $3)
ON CONFLICT (pool_id, seq) DO NOTHING";
}

/// A checkpoint as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// The number of the event that it is behind.
    pub seq: i64,
    /// Its bytes.
    pub checkpoint: Checkpoint,
}

#[derive(Debug, FromRow)]
struct CheckpointRow {
    seq: i64,
    bytes: Vec<u8>,
}

impl From<CheckpointRow> for StoredCheckpoint {
    fn from(row: CheckpointRow) -> Self {
        Self { seq: row.seq, checkpoint: Checkpoint::from_bytes(row.bytes) }
    }
}

/// The job that makes checkpoints.
pub(crate) fn job() -> JobSpec {
    JobSpec {
        name: "pool-checkpoints",
        every: EVERY,
        lease: LEASE,
        // Two leaders at once would write the same bytes, so nothing has to be fenced.
        run: Arc::new(|app, _fence| Box::pin(async move { Ok(app.pools.make_checkpoints().await?) })),
    }
}

/// Lists the checkpoints behind events after one and up to another, oldest first.
pub(super) async fn list_between(
    tx: &mut Tx,
    pool: i64,
    after_seq: i64,
    to_seq: i64,
) -> Result<Vec<StoredCheckpoint>, DbError> {
    let rows: Vec<CheckpointRow> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, CheckpointRow>(LIST_CHECKPOINTS_BETWEEN)
            .bind(pool)
            .bind(after_seq)
            .bind(to_seq)
            .fetch_all(c)
            .await)?;
    Ok(rows.into_iter().map(StoredCheckpoint::from).collect())
}

async fn list(tx: &mut Tx, pool: i64, before_seq: i64, limit: u16) -> Result<Vec<StoredCheckpoint>, DbError> {
    let rows: Vec<CheckpointRow> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, CheckpointRow>(LIST_CHECKPOINTS)
            .bind(pool)
            .bind(before_seq)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)?;
    Ok(rows.into_iter().map(StoredCheckpoint::from).collect())
}

async fn list_due(tx: &mut Tx, after_id: i64) -> Result<Vec<i64>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(DUE_POOLS)
        .bind(after_id)
        .bind(distance())
        .bind(POOLS)
        .fetch_all(c)
        .await)?)
}

async fn insert(tx: &mut Tx, pool: i64, seq: i64, checkpoint: &Checkpoint) -> Result<(), DbError> {
    execute!(tx, INSERT_CHECKPOINT, pool, seq, checkpoint.as_bytes().to_vec())?;
    Ok(())
}

fn distance() -> i64 {
    i64::try_from(CHECKPOINT_EVERY).unwrap_or(i64::MAX)
}

impl Pools {
    /// Lists a pool's checkpoints, newest first; `before_seq` continues where a page ended.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn checkpoints(
        &self,
        pool: i64,
        before_seq: Option<i64>,
        limit: u16,
    ) -> Result<Vec<StoredCheckpoint>, DbError> {
        list(&mut self.db.reader().await?, pool, before_seq.unwrap_or(i64::MAX), limit).await
    }

    /// Makes every checkpoint that is due, of every pool.
    ///
    /// A pool whose events are wrong gets no more of them and is named in the log; `postfun audit` says more.
    ///
    /// # Errors
    ///
    /// [`DbError`]; what was made before it stays.
    pub async fn make_checkpoints(&self) -> Result<(), DbError> {
        let mut after_id = 0;
        loop {
            let due = list_due(&mut self.db.reader().await?, after_id).await?;
            let Some(last) = due.last() else { return Ok(()) };
            after_id = *last;
            for pool in due {
                self.make_checkpoints_of(pool).await?;
            }
        }
    }

    async fn make_checkpoints_of(&self, pool: i64) -> Result<(), DbError> {
        let latest = self.checkpoints(pool, None, 1).await?.pop();
        let mut replay = match latest.map(|stored| Replay::resume(&stored.checkpoint)).transpose() {
            Ok(replay) => replay,
            Err(error) => {
                tracing::error!(pool.id = pool, %error, "a stored checkpoint is wrong; run `postfun audit`");
                return Ok(());
            }
        };
        loop {
            let after = replay.as_ref().map_or(0, |replay| i64::try_from(replay.seq()).unwrap_or(i64::MAX));
            let events = repo::list_events(&mut self.db.reader().await?, pool, after, distance()).await?;
            if i64::try_from(events.len()) != Ok(distance()) {
                return Ok(());
            }
            if let Err(error) = events.iter().try_for_each(|event| step(&mut replay, event)) {
                tracing::error!(pool.id = pool, %error, "a pool's history is wrong; run `postfun audit`");
                return Ok(());
            }
            let Some(replay) = &replay else { return Ok(()) };
            let mut tx = self.db.begin().await?;
            insert(&mut tx, pool, after.saturating_add(distance()), &replay.checkpoint()).await?;
            tx.commit().await?;
        }
    }
}

/// Applies an event, or begins with it.
pub(super) fn step(
    replay: &mut Option<Replay>,
    event: &StoredEvent,
) -> Result<(), postfun_core::amm::ReplayError> {
    if let Some(replay) = replay {
        return replay.apply(&event.bytes, &event.hash);
    }
    *replay = Some(Replay::start(&event.bytes, &event.hash)?);
    Ok(())
}

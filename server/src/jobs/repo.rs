//! Statements about named locks.

use crate::db::{DbError, Tx, execute, on_backend, statements};

statements! {
    NEXT_FENCE = "
UPDATE counters
SET value = value + 1
WHERE name = 'lock'
RETURNING value";
    FIND_EXPIRY = "
SELECT expires_at_ms
FROM distributed_locks
WHERE lock_key = $1";
    TAKE_LOCK = "
INSERT INTO distributed_locks (lock_key, lock_owner, fence, acquired_at_ms, expires_at_ms)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (lock_key) DO UPDATE
SET lock_owner = excluded.lock_owner,
    fence = excluded.fence,
    acquired_at_ms = excluded.acquired_at_ms,
    expires_at_ms = excluded.expires_at_ms
WHERE distributed_locks.expires_at_ms <= excluded.acquired_at_ms";
    RENEW_LOCK = "
UPDATE distributed_locks
SET expires_at_ms = $3
WHERE lock_key = $1 AND fence = $2";
    CONFIRM_LOCK = "
UPDATE distributed_locks
SET fence = fence
WHERE lock_key = $1 AND fence = $2";
    RELEASE_LOCK = "
DELETE FROM distributed_locks
WHERE lock_key = $1 AND fence = $2";
    DELETE_EXPIRED = "
DELETE FROM distributed_locks
WHERE lock_key IN (SELECT lock_key FROM distributed_locks WHERE expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2)
    AND expires_at_ms <= $1";
}

/// A lock that is to be taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewLock<'a> {
    pub(super) key: &'a str,
    pub(super) owner: &'a str,
    pub(super) fence: i64,
    pub(super) now_ms: i64,
    pub(super) expires_at_ms: i64,
}

/// Makes the next number of a lock, larger than all before.
pub(super) async fn next_fence(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(NEXT_FENCE).fetch_one(c).await)?)
}

/// Finds when a lock expires; none when nobody holds it.
pub(super) async fn find_expiry(tx: &mut Tx, key: &str) -> Result<Option<i64>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(FIND_EXPIRY).bind(key).fetch_optional(c).await)?)
}

/// Takes a lock that nobody holds or whose holder let it expire; says whether it could be had.
pub(super) async fn take_lock(tx: &mut Tx, lock: &NewLock<'_>) -> Result<bool, DbError> {
    let taken = execute!(tx, TAKE_LOCK, lock.key, lock.owner, lock.fence, lock.now_ms, lock.expires_at_ms)?;
    Ok(taken == 1)
}

/// Puts the expiry of a lock off; says whether it was still held under this number.
pub(super) async fn renew_lock(
    tx: &mut Tx,
    key: &str,
    fence: i64,
    expires_at_ms: i64,
) -> Result<bool, DbError> {
    let renewed = execute!(tx, RENEW_LOCK, key, fence, expires_at_ms)?;
    Ok(renewed == 1)
}

/// Keeps others from taking a lock until the transaction ends; says whether it is still held under this number.
pub(super) async fn confirm_lock(tx: &mut Tx, key: &str, fence: i64) -> Result<bool, DbError> {
    let confirmed = execute!(tx, CONFIRM_LOCK, key, fence)?;
    Ok(confirmed == 1)
}

/// Gives a lock back; says whether it was still held under this number.
pub(super) async fn release_lock(tx: &mut Tx, key: &str, fence: i64) -> Result<bool, DbError> {
    let released = execute!(tx, RELEASE_LOCK, key, fence)?;
    Ok(released == 1)
}

/// Deletes some locks that have expired; says how many.
pub(super) async fn delete_expired(tx: &mut Tx, now_ms: i64, limit: i64) -> Result<u64, DbError> {
    execute!(tx, DELETE_EXPIRED, now_ms, limit)
}

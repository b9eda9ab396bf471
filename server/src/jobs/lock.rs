//! Locks with a name that outlive a transaction, in a table that everybody can look at.
//!
//! A lock belongs to its holder until it expires, and to whoever takes it then. A holder that slept through its expiry
//! does not know; what it writes says so: [`Fence::check_in_tx`] refuses when somebody else has taken the lock since.
//! Times are those of each process's clock, so the clocks of two machines may differ by less than a lease.

use std::sync::Arc;
use std::time::Duration;

use super::JobError;
use super::repo::{self, NewLock};
use crate::clock::Clock;
use crate::db::{Database, DbError, Tx};

/// The service of named locks.
#[derive(Debug, Clone)]
pub struct Locks {
    db: Database,
    clock: Arc<dyn Clock>,
}

/// A lock as its holder knows it.
#[derive(Debug, Clone)]
pub struct Held {
    fence: Fence,
    expires_at_ms: i64,
}

/// The number under which a lock was taken: larger than that of every taking before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    key: Arc<str>,
    number: i64,
}

impl Held {
    /// Returns what proves to a transaction that the lock is still held.
    #[must_use]
    pub const fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Returns when anybody may take the lock, in milliseconds since the epoch.
    #[must_use]
    pub const fn expires_at_ms(&self) -> i64 {
        self.expires_at_ms
    }
}

impl Fence {
    /// Returns the number.
    #[must_use]
    pub const fn number(&self) -> i64 {
        self.number
    }

    /// Makes sure that nobody else has taken the lock, and that nobody does before the transaction ends.
    ///
    /// Call it first in every transaction that must not be written by a holder that was overtaken.
    ///
    /// # Errors
    ///
    /// [`JobError::Overtaken`] when the lock has another holder or none, and [`JobError::Database`]; roll back then.
    pub async fn check_in_tx(&self, tx: &mut Tx) -> Result<(), JobError> {
        if repo::confirm_lock(tx, &self.key, self.number).await? { Ok(()) } else { Err(JobError::Overtaken) }
    }
}

impl Locks {
    /// Makes the service.
    #[must_use]
    pub fn new(db: Database, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// Takes a lock for some time, unless somebody holds it; does not wait.
    ///
    /// `owner` is for people who look at the table. A lock is not taken twice by one owner either.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn try_take(&self, key: &str, owner: &str, lease: Duration) -> Result<Option<Held>, DbError> {
        let now_ms = self.clock.now_ms();
        // A look costs no write, and most looks find the lock held.
        let held_until = repo::find_expiry(&mut self.db.reader().await?, key).await?;
        if held_until.is_some_and(|expires_at_ms| expires_at_ms > now_ms) {
            return Ok(None);
        }
        let expires_at_ms = after(now_ms, lease);
        let mut tx = self.db.begin().await?;
        let fence = repo::next_fence(&mut tx).await?;
        if !repo::take_lock(&mut tx, &NewLock { key, owner, fence, now_ms, expires_at_ms }).await? {
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(Held { fence: Fence { key: key.into(), number: fence }, expires_at_ms }))
    }

    /// Holds a lock for some more time from now; says whether it was still held.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn renew(&self, held: &mut Held, lease: Duration) -> Result<bool, DbError> {
        let expires_at_ms = after(self.clock.now_ms(), lease);
        let mut tx = self.db.begin().await?;
        let is_held = repo::renew_lock(&mut tx, &held.fence.key, held.fence.number, expires_at_ms).await?;
        tx.commit().await?;
        if is_held {
            held.expires_at_ms = expires_at_ms;
        }
        Ok(is_held)
    }

    /// Gives a lock back; says whether it was still held.
    ///
    /// # Errors
    ///
    /// [`DbError`]; the lock expires by itself then.
    pub async fn release(&self, held: Held) -> Result<bool, DbError> {
        let mut tx = self.db.begin().await?;
        let was_held = repo::release_lock(&mut tx, &held.fence.key, held.fence.number).await?;
        tx.commit().await?;
        Ok(was_held)
    }
}

fn after(now_ms: i64, lease: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
}

//! What happens to a user: a durable list of events, and telling everyone who waits for them.
//!
//! | File | Subject |
//! |---|---|
//! | `bell` | wakes whoever waits for a user, in this process and in others |
//! | `feed` | one look at the rows for everyone whose bell rang, handed to all their streams |
//! | `reader` | one client of a stream: first what the rows hold, then what happens |
//! | `wire` | what a stream says, and where in it a client is |
//! | `http` | the route |
//! | `repo` | the statements |
//! | `audit` | no number is missing, none is left over |
//!
//! An event is written in the transaction of what it tells, so that there is never one without the other. Its number is
//! taken under the lock of the user's counter row, which is held until the commit: events become visible in the order of
//! their numbers, and whoever has seen a number misses nothing below it.
//!
//! # Locks
//!
//! The counter rows come after every other lock of a transaction: append last, shortly before the commit.
//!
//! Swaps write no events here: a pool's own chain is the list of its trades, and a user's balances are their account rows.
//! They only ring.

pub(crate) mod audit;
mod bell;
mod feed;
pub(crate) mod http;
mod reader;
pub(crate) mod repo;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use bell::Bell;
pub use feed::Streams;

use crate::clock::Clock;
use crate::db::{Database, DbError, Tx};
use crate::id::{Entropy, uuid_v4};

/// The service of users' events. Clones are the same service.
#[derive(Debug, Clone)]
pub struct Events {
    db: Database,
    clock: Arc<dyn Clock>,
    bell: Arc<Bell>,
}

/// An event that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// To whom it happened.
    pub user: Uuid,
    /// `<subject>.<what happened>`, such as `balance.granted`.
    pub kind: &'static str,
    /// A JSON object of at most 8,192 characters.
    pub data: String,
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserEvent {
    /// Its number among the user's, from one, without gaps.
    pub seq: i64,
    /// What happened.
    pub kind: String,
    /// The JSON object that was written.
    pub data: String,
    /// When, in milliseconds since the epoch.
    pub created_at_ms: i64,
}

impl Events {
    /// Makes the service.
    #[must_use]
    pub fn new(db: Database, clock: Arc<dyn Clock>, entropy: &dyn Entropy) -> Self {
        let bell = Arc::new(Bell::new(db.clone(), uuid_v4(entropy)));
        Self { db, clock, bell }
    }

    /// Writes an event of a user in the caller's transaction and returns its number.
    ///
    /// `kind` is `<subject>.<what happened>`; `data` is a JSON object of at most 8,192 characters. Append last, since the
    /// user's counter row stays locked until the commit, and call [`Events::announce`] after it.
    ///
    /// # Errors
    ///
    /// [`DbError`]; [`DbError::Constraint`] for a kind without a point or data that is too long.
    pub async fn append_in_tx(
        &self,
        tx: &mut Tx,
        user: Uuid,
        kind: &'static str,
        data: String,
    ) -> Result<i64, DbError> {
        let numbers = self.append_batch_in_tx(tx, &[NewEvent { user, kind, data }]).await?;
        numbers.first().copied().ok_or(DbError::RowCount { statement: "append", expected: 1, found: 0 })
    }

    /// Writes events of any users in the caller's transaction, in their order, and returns their numbers.
    ///
    /// The users' counter rows are locked in ascending order, so that batches cannot deadlock with each other.
    ///
    /// # Errors
    ///
    /// As [`Events::append_in_tx`], for the whole batch.
    pub async fn append_batch_in_tx(&self, tx: &mut Tx, events: &[NewEvent]) -> Result<Vec<i64>, DbError> {
        let mut counts: BTreeMap<Uuid, i64> = BTreeMap::new();
        for event in events {
            *counts.entry(event.user).or_default() += 1;
        }
        let mut next = repo::lock_numbers(tx, &counts).await?;
        let numbers =
            events.iter().map(|event| take(&mut next, event.user)).collect::<Result<Vec<_>, _>>()?;
        let rows: Vec<(&NewEvent, i64)> = events.iter().zip(numbers.iter().copied()).collect();
        repo::insert_events(tx, &rows, self.clock.now_ms()).await?;
        Ok(numbers)
    }

    /// Tells everyone who waits for these users, in every process, that something about them changed: their events,
    /// balances or sessions. Call it after the commit; it costs next to nothing, and losing it costs only time.
    pub fn announce(&self, users: impl IntoIterator<Item = Uuid>) {
        self.bell.ring(users);
    }

    /// Lists a user's events after a number, oldest first.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn list_after(&self, user: Uuid, seq: i64, limit: u16) -> Result<Vec<UserEvent>, DbError> {
        repo::list_events_after(&mut self.db.reader().await?, user, seq, limit).await
    }

    /// Finds the number of a user's last event; zero before the first.
    ///
    /// # Errors
    ///
    /// [`DbError`].
    pub async fn last_seq(&self, user: Uuid) -> Result<i64, DbError> {
        Ok(self.last_seqs(&[user]).await?.get(&user).copied().unwrap_or(0))
    }

    /// Finds the number of the last event of each of these users that has one.
    async fn last_seqs(&self, users: &[Uuid]) -> Result<HashMap<Uuid, i64>, DbError> {
        repo::list_last_seqs(&mut self.db.reader().await?, users).await
    }
}

/// Hands out a user's next number of this batch.
fn take(next: &mut BTreeMap<Uuid, i64>, user: Uuid) -> Result<i64, DbError> {
    let number = next.get_mut(&user).ok_or_else(|| DbError::inconsistent("user_streams", "user_id", user))?;
    let taken = *number;
    *number += 1;
    Ok(taken)
}

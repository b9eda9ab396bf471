//! Wakes whoever waits for news of a user, in this process and in others.
//!
//! Only ever a wake-up: the rows are the truth, and whoever waits also looks now and then. Ringing is cheap, because the
//! swap path does it: users are put into a set, which one task takes as a whole. Other processes hear of them in at most
//! one notification every few milliseconds, however many transactions there were.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;

use crate::db::Database;

/// The name under which processes on one PostgreSQL tell each other of users.
const CHANNEL: &str = "postfun_user";
/// The shortest time between two notifications.
const NOTIFY_EVERY: Duration = Duration::from_millis(20);
/// Users that one notification names; PostgreSQL takes less than 8,000 bytes.
const NAMED_MAX: usize = 200;
/// A UUID in plain hex.
const NAME_CHARS: usize = 32;
/// How long to wait before listening again after the connection was lost.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// The process's bell.
#[derive(Debug)]
pub(super) struct Bell {
    db: Database,
    /// Tells this process's own notifications from those of others.
    process: Uuid,
    waiting: Mutex<Waiting>,
    rung: Notify,
    outgoing: Mutex<Outgoing>,
}

/// The users whom somebody of this process waits for.
#[derive(Debug, Default)]
struct Waiting {
    listened: HashSet<Uuid>,
    rung: BTreeSet<Uuid>,
}

/// The users of whom other processes are still to be told.
#[derive(Debug, Default)]
struct Outgoing {
    users: BTreeSet<Uuid>,
    is_sending: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bell {
    pub(super) fn new(db: Database, process: Uuid) -> Self {
        Self { db, process, waiting: Mutex::default(), rung: Notify::new(), outgoing: Mutex::default() }
    }

    /// Wakes those who wait for these users, here and elsewhere.
    pub(super) fn ring(self: &Arc<Self>, users: impl IntoIterator<Item = Uuid>) {
        let users: BTreeSet<Uuid> = users.into_iter().collect();
        self.ring_here(users.iter().copied());
        if !self.db.has_notifications() || users.is_empty() {
            return;
        }
        let mut outgoing = lock(&self.outgoing);
        outgoing.users.extend(users);
        if !outgoing.is_sending {
            outgoing.is_sending = true;
            tokio::spawn(Arc::clone(self).send());
        }
    }

    fn ring_here(&self, users: impl Iterator<Item = Uuid>) {
        let mut waiting = lock(&self.waiting);
        let known: Vec<Uuid> = users.filter(|user| waiting.listened.contains(user)).collect();
        if !known.is_empty() {
            waiting.rung.extend(known);
            self.rung.notify_one();
        }
    }

    /// Tells other processes until there is nothing left to tell.
    async fn send(self: Arc<Self>) {
        while let Some(users) = self.next_outgoing() {
            let payloads: Vec<String> = users.chunks(NAMED_MAX).map(|named| self.payload(named)).collect();
            if let Err(error) = self.db.notify(CHANNEL, &payloads).await {
                tracing::warn!(
                    error = error.chain(),
                    "other processes were not told of users; they will look"
                );
            }
            tokio::time::sleep(NOTIFY_EVERY).await;
        }
    }

    fn next_outgoing(&self) -> Option<Vec<Uuid>> {
        let mut outgoing = lock(&self.outgoing);
        let users: Vec<Uuid> = std::mem::take(&mut outgoing.users).into_iter().collect();
        outgoing.is_sending = !users.is_empty();
        outgoing.is_sending.then_some(users)
    }

    fn payload(&self, users: &[Uuid]) -> String {
        let mut payload = self.process.simple().to_string();
        for user in users {
            payload.push_str(user.simple().encode_lower(&mut Uuid::encode_buffer()));
        }
        payload
    }

    /// Begins to hear of a user.
    pub(super) fn listen_for(&self, user: Uuid) {
        lock(&self.waiting).listened.insert(user);
    }

    /// Hears no more of a user.
    pub(super) fn forget(&self, user: Uuid) {
        let mut waiting = lock(&self.waiting);
        waiting.listened.remove(&user);
        waiting.rung.remove(&user);
    }

    /// Waits until the bell rings for somebody.
    pub(super) async fn rung(&self) {
        self.rung.notified().await;
    }

    /// Rings for a user of whom there is more to read.
    pub(super) fn ring_again(&self, user: Uuid) {
        self.ring_here(std::iter::once(user));
    }

    /// Takes everyone for whom it has rung.
    pub(super) fn take(&self) -> Vec<Uuid> {
        std::mem::take(&mut lock(&self.waiting).rung).into_iter().collect()
    }

    /// Passes on what other processes ring, until the task is dropped; at once where nobody can notify.
    pub(super) async fn hear(&self) {
        loop {
            match self.db.listen(CHANNEL).await {
                Ok(None) => return,
                Ok(Some(mut listener)) => {
                    while let Ok(payload) = listener.recv().await {
                        self.heard(&payload);
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        error = error.chain(),
                        "notifications about users cannot be heard; looking instead"
                    );
                }
            }
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    }

    fn heard(&self, payload: &str) {
        let mut names =
            payload.as_bytes().chunks_exact(NAME_CHARS).filter_map(|name| Uuid::try_parse_ascii(name).ok());
        if names.next().is_some_and(|process| process != self.process) {
            self.ring_here(names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DatabaseUrl, PoolLimits};
    use crate::db::Missing;

    async fn bell(dir: &std::path::Path, process: u128) -> Arc<Bell> {
        let url = DatabaseUrl::Sqlite(dir.join("postfun.db"));
        let db = Database::connect(&url, PoolLimits::default(), Missing::Create).await.unwrap();
        Arc::new(Bell::new(db, Uuid::from_u128(process)))
    }

    fn user(number: u128) -> Uuid {
        Uuid::from_u128(number << 64 | 1)
    }

    #[tokio::test]
    async fn only_those_are_woken_whom_somebody_waits_for() {
        let dir = tempfile::tempdir().unwrap();
        let bell = bell(dir.path(), 1).await;
        bell.listen_for(user(1));
        bell.listen_for(user(2));
        bell.forget(user(2));
        bell.ring([user(1), user(2), user(3), user(1)]);
        bell.rung().await;
        assert_eq!(bell.take(), [user(1)]);
        assert!(bell.take().is_empty());
    }

    #[tokio::test]
    async fn what_others_ring_is_heard_and_what_one_rang_oneself_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (here, there) = (bell(dir.path(), 1).await, bell(dir.path(), 2).await);
        here.listen_for(user(7));
        let users: Vec<Uuid> = (0..200).map(user).collect();
        let payload = there.payload(&users);
        assert!(payload.len() < 8_000, "{}", payload.len());
        here.heard(&here.payload(&users));
        assert!(here.take().is_empty());
        here.heard(&payload);
        assert_eq!(here.take(), [user(7)]);
        for nonsense in ["", "x", "zz".repeat(32).as_str(), &payload[..40], "é".repeat(64).as_str()] {
            here.heard(nonsense);
        }
        assert!(here.take().is_empty());
    }
}

//! The sessions of callers who come at the same time, read together.
//!
//! Whether a session lives is read from the database on every call, and under load these readings are most of what the
//! database does. Calls that come while one reading is under way are therefore answered by the next, with one statement
//! for all of them. A reading begins after the call came, so an end still takes effect on the next call. Whoever cannot
//! be read together with others, for whatever reason, is read alone, and hears for themself what is wrong.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::repo::caller::{self, Caller};
use crate::db::{Database, DbError, Lane};

/// The most sessions that are read at once.
const BATCH_MAX: usize = 256;
/// The most calls that wait for the next reading; more read for themselves.
const WAITING_MAX: usize = 4_096;
/// How long a reading may take before its callers read for themselves.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the reader keeps its connection without work.
const REST_AFTER: Duration = Duration::from_secs(5);

/// Reads the sessions of callers.
#[derive(Debug)]
pub(super) struct Readings {
    db: Database,
    sender: OnceLock<mpsc::Sender<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    session_id: Uuid,
    answer: oneshot::Sender<Option<Caller>>,
}

impl Readings {
    pub(super) const fn new(db: Database) -> Self {
        Self { db, sender: OnceLock::new() }
    }

    /// Reads a session and its user as they are after this call began.
    pub(super) async fn read(&self, session_id: Uuid) -> Result<Option<Caller>, DbError> {
        let (answer, receiver) = oneshot::channel();
        let is_waiting = self.sender().try_send(Waiting { session_id, answer }).is_ok();
        if is_waiting && let Ok(caller) = receiver.await {
            return Ok(caller);
        }
        caller::find_caller(&mut self.db.reader().await?, session_id).await
    }

    /// The way to the reader, who starts with the first call and lives as long as this.
    fn sender(&self) -> &mpsc::Sender<Waiting> {
        self.sender.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(WAITING_MAX);
            tokio::spawn(work(self.db.lane(), receiver));
            sender
        })
    }
}

async fn work(lane: Lane, mut receiver: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::with_capacity(BATCH_MAX);
    loop {
        match tokio::time::timeout(REST_AFTER, receiver.recv_many(&mut waiting, BATCH_MAX)).await {
            Ok(0) => return,
            Ok(_) => read_together(&lane, &mut waiting).await,
            Err(_elapsed) => lane.rest().await,
        }
    }
}

/// Answers everyone who waits; whoever gets no answer reads for themself.
async fn read_together(lane: &Lane, waiting: &mut Vec<Waiting>) {
    let ids: Vec<Uuid> = waiting.iter().map(|waiting| waiting.session_id).collect();
    match tokio::time::timeout(PATIENCE, list(lane, &ids)).await {
        Ok(Ok(callers)) => {
            for Waiting { session_id, answer } in waiting.drain(..) {
                // Nobody waits for the answer of a call that was given up.
                let _ = answer.send(callers.get(&session_id).cloned());
            }
        }
        Ok(Err(error)) => {
            tracing::debug!(error = error.chain(), sessions = ids.len(), "sessions were not read together");
        }
        Err(_elapsed) => tracing::warn!(sessions = ids.len(), "a reading of sessions took too long"),
    }
    waiting.clear();
}

async fn list(lane: &Lane, ids: &[Uuid]) -> Result<HashMap<Uuid, Caller>, DbError> {
    let mut tx = lane.reader().await?;
    let callers = caller::list_callers(&mut tx, ids).await?;
    tx.commit().await?;
    Ok(callers)
}

//! What happens to the users who have a stream open, as it happens.
//!
//! One task of the process looks at the rows: when the bell rang, for those for whom it did, else now and then for all,
//! in case a ring was lost. A look takes three statements for up to 256 users: are their sessions alive, how many events
//! have they, what do they hold. What is new is written once and handed to each of the user's streams. Readers are never
//! waited for: one that cannot keep up falls out of the bounded buffer and resumes from the rows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{broadcast, oneshot, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Events, wire};
use crate::db::DbError;
use crate::ledger::{Holdings, Ledger, LedgerError};
use crate::session::{SessionEnd, SessionWatch, Sessions};

/// Looks that a reader may be behind before it falls out.
const BEHIND_MAX: usize = 32;
/// Events of one user that are read at once.
pub(super) const PAGE: u16 = 100;
/// Users that one look is for.
const USERS_AT_ONCE: usize = 256;
/// The shortest time between two looks; what happens meanwhile is seen together.
const LOOK_PAUSE: Duration = Duration::from_millis(25);
/// How late a change may be seen when its ring was lost, or where processes cannot ring for each other.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The streams of this process. Clones are the same streams.
#[derive(Debug, Clone)]
pub struct Streams(Arc<Hub>);

#[derive(Debug)]
struct Hub {
    events: Events,
    ledger: Ledger,
    sessions: Sessions,
    feeds: Mutex<HashMap<Uuid, Feed>>,
    next_reader: AtomicU64,
    is_running: OnceLock<()>,
    stop: watch::Sender<bool>,
}

/// A user who has streams open.
#[derive(Debug)]
struct Feed {
    frames: broadcast::Sender<Arc<Frame>>,
    readers: HashMap<u64, Presence>,
    /// The last event that was handed out.
    seq: i64,
    /// The last state of the balances that was handed out.
    revision: Option<i64>,
}

/// A reader, as the feed knows it.
#[derive(Debug)]
struct Presence {
    watch: SessionWatch,
    end: oneshot::Sender<SessionEnd>,
}

/// What one look found new; every part without its id.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) events: Vec<(i64, Bytes)>,
    pub(super) balances: Option<(i64, Bytes)>,
}

/// A reader's end of a feed; leaves when it is dropped.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) frames: broadcast::Receiver<Arc<Frame>>,
    /// Comes when the reader's session is over.
    pub(super) end: oneshot::Receiver<SessionEnd>,
    /// Becomes true when the server stops.
    pub(super) stop: watch::Receiver<bool>,
    hub: Arc<Hub>,
    user: Uuid,
    reader: u64,
}

/// Why a look failed; the next one tries again.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the balances could not be written")]
    Render(#[from] serde_json::Error),
}

impl Streams {
    /// Makes the service; nothing runs before the first stream.
    #[must_use]
    pub fn new(events: Events, ledger: Ledger, sessions: Sessions) -> Self {
        Self(Arc::new(Hub {
            events,
            ledger,
            sessions,
            feeds: Mutex::default(),
            next_reader: AtomicU64::new(0),
            is_running: OnceLock::new(),
            stop: watch::Sender::new(false),
        }))
    }

    /// Ends every stream, because the server is stopping; clients resume elsewhere or later.
    pub fn end(&self) {
        self.0.stop.send_replace(true);
    }

    /// Counts the users who have a stream open in this process.
    #[must_use]
    pub fn users(&self) -> usize {
        self.0.feeds().len()
    }

    pub(super) fn events(&self) -> &Events {
        &self.0.events
    }

    /// Begins to listen to a user. What happened before the caller next reads the rows is in them, everything after it
    /// comes through the subscription, some of it perhaps both ways.
    pub(super) async fn subscribe(&self, user: Uuid, watch: SessionWatch) -> Result<Subscription, DbError> {
        self.run_once();
        // Read before the feed can be found, so that no reader begins later than the feed does.
        let seq = self.0.events.last_seq(user).await?;
        Ok(Hub::enter(&self.0, user, watch, seq))
    }

    /// What a user holds now.
    pub(super) async fn holdings(&self, user: Uuid) -> Result<Holdings, LedgerError> {
        let mut found = self.0.ledger.holdings_of_users(&[user]).await?;
        found.remove(&user).ok_or(LedgerError::AccountMissing)
    }

    fn run_once(&self) {
        if self.0.is_running.set(()).is_ok() {
            let hub = Arc::clone(&self.0);
            tokio::spawn(async move {
                let mut stop = hub.stop.subscribe();
                tokio::select! {
                    () = hub.look_for_ever() => {}
                    () = hub.hear() => {}
                    _ = stop.wait_for(|is_stopped| *is_stopped) => {}
                }
            });
        }
    }
}

impl Hub {
    fn feeds(&self) -> MutexGuard<'_, HashMap<Uuid, Feed>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: &Arc<Self>, user: Uuid, watch: SessionWatch, seq: i64) -> Subscription {
        let reader = self.next_reader.fetch_add(1, Ordering::Relaxed);
        let (sender, end) = oneshot::channel();
        let mut feeds = self.feeds();
        let feed = feeds.entry(user).or_insert_with(|| {
            self.events.bell.listen_for(user);
            let frames = broadcast::Sender::new(BEHIND_MAX);
            Feed { frames, readers: HashMap::new(), seq, revision: None }
        });
        feed.readers.insert(reader, Presence { watch, end: sender });
        let (frames, stop) = (feed.frames.subscribe(), self.stop.subscribe());
        Subscription { frames, end, stop, hub: Arc::clone(self), user, reader }
    }

    fn leave(&self, user: Uuid, reader: u64) {
        let mut feeds = self.feeds();
        if let Some(feed) = feeds.get_mut(&user) {
            feed.readers.remove(&reader);
            if feed.readers.is_empty() {
                feeds.remove(&user);
                self.events.bell.forget(user);
            }
        }
    }

    /// Passes on what other processes ring; where they cannot, nothing comes.
    async fn hear(&self) {
        self.events.bell.hear().await;
        std::future::pending::<()>().await;
    }

    async fn look_for_ever(&self) {
        let mut next_full = Instant::now() + LOOK_EVERY;
        loop {
            tokio::select! {
                () = self.events.bell.rung() => {}
                () = tokio::time::sleep_until(next_full) => {}
            }
            let mut users = self.events.bell.take();
            if Instant::now() >= next_full {
                users = self.feeds().keys().copied().collect();
                next_full = Instant::now() + LOOK_EVERY;
            }
            for some in users.chunks(USERS_AT_ONCE) {
                if let Err(error) = self.look(some).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "what happened to users could not be read; trying again");
                }
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    }

    /// Looks what is new about some users and hands it out.
    async fn look(&self, users: &[Uuid]) -> Result<(), LookError> {
        // First, so that whoever was shown out sees nothing of what came after.
        self.show_out(users).await?;
        let known = self.known(users);
        let last = self.events.last_seqs(users).await?;
        let mut news: HashMap<Uuid, Vec<(i64, Bytes)>> = HashMap::new();
        for (user, seq) in known {
            if last.get(&user).is_some_and(|last| *last > seq) {
                let events = self.events.list_after(user, seq, PAGE).await?;
                if events.len() == usize::from(PAGE) {
                    self.events.bell.ring_again(user);
                }
                news.insert(user, events.iter().map(|event| (event.seq, wire::event_body(event))).collect());
            }
        }
        // After the events, so that who has been told of one is never left with the balances from before it.
        for (user, holdings) in self.ledger.holdings_of_users(users).await? {
            self.hand_out(user, news.remove(&user).unwrap_or_default(), holdings)?;
        }
        Ok(())
    }

    /// Ends the streams of sessions that are over.
    async fn show_out(&self, users: &[Uuid]) -> Result<(), DbError> {
        let mut watched: Vec<SessionWatch> = Vec::new();
        {
            let feeds = self.feeds();
            for feed in users.iter().filter_map(|user| feeds.get(user)) {
                watched.extend(feed.readers.values().map(|presence| presence.watch));
            }
        }
        let ended = self.sessions.list_ended(&watched).await?;
        if ended.is_empty() {
            return Ok(());
        }
        let mut feeds = self.feeds();
        for user in users {
            let Some(feed) = feeds.get_mut(user) else { continue };
            for (_, Presence { watch, end }) in
                feed.readers.extract_if(|_, presence| ended.contains_key(&presence.watch))
            {
                if let Some(why) = ended.get(&watch) {
                    // A reader that is gone already needs no reason.
                    let _ = end.send(*why);
                }
            }
        }
        Ok(())
    }

    fn known(&self, users: &[Uuid]) -> Vec<(Uuid, i64)> {
        let feeds = self.feeds();
        users.iter().filter_map(|user| Some((*user, feeds.get(user)?.seq))).collect()
    }

    fn hand_out(&self, user: Uuid, events: Vec<(i64, Bytes)>, holdings: Holdings) -> Result<(), LookError> {
        let mut feeds = self.feeds();
        let Some(feed) = feeds.get_mut(&user) else { return Ok(()) };
        let events: Vec<_> = events.into_iter().filter(|(seq, _)| *seq > feed.seq).collect();
        let revision = holdings.revision;
        let is_new = feed.revision.is_none_or(|known| known < revision);
        let balances =
            is_new.then(|| wire::balances_body(holdings)).transpose()?.map(|body| (revision, body));
        feed.seq = events.last().map_or(feed.seq, |(seq, _)| *seq);
        feed.revision = feed.revision.max(Some(revision));
        if !events.is_empty() || balances.is_some() {
            // Without readers there is nobody to miss it.
            let _ = feed.frames.send(Arc::new(Frame { events, balances }));
        }
        Ok(())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(self.user, self.reader);
    }
}

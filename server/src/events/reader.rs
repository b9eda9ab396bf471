//! One client of a user's stream: first what the rows hold, then what happens.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use uuid::Uuid;

use super::feed::{Frame, PAGE, Streams, Subscription};
use super::wire::{self, Position};
use crate::http::event_stream::{ALIVE, CHUNK_BYTES, HEARTBEAT, StreamSlot};

/// Where a client begins.
#[derive(Debug)]
pub(super) struct Start {
    /// What the client has; without it only what is now and what comes.
    pub(super) after: Option<Position>,
    /// What there is; everything later comes through the subscription.
    pub(super) now: Position,
    /// The balances as of `now`, without an id.
    pub(super) balances: Bytes,
}

/// A client of a stream.
#[derive(Debug)]
pub(super) struct Reader {
    streams: Streams,
    user: Uuid,
    subscription: Subscription,
    /// What the client has been sent.
    position: Position,
    /// The last event that must be read from the rows.
    backlog_to: i64,
    /// The balances that are sent after the backlog.
    balances: Option<(i64, Bytes)>,
    stage: Stage,
    _slot: StreamSlot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was sent yet.
    New,
    Open,
    /// The reason was sent.
    Over,
}

type Next = Option<(Result<Bytes, Infallible>, Reader)>;

impl Reader {
    pub(super) fn new(
        streams: Streams,
        user: Uuid,
        subscription: Subscription,
        start: Start,
        slot: StreamSlot,
    ) -> Self {
        let Start { after, now, balances } = start;
        let position = after.unwrap_or(Position { seq: now.seq, revision: 0 });
        let has_balances = after.is_some_and(|after| after.revision == now.revision);
        let balances = (!has_balances).then_some((now.revision, balances));
        let backlog_to = now.seq;
        Self { streams, user, subscription, position, backlog_to, balances, stage: Stage::New, _slot: slot }
    }

    /// The next piece, or the end; a client that was dropped resumes with the last id it saw.
    pub(super) async fn next(mut self) -> Next {
        let piece = match self.stage {
            Stage::Over => return None,
            // Makes the headers leave at once.
            Stage::New => {
                self.stage = Stage::Open;
                ALIVE
            }
            Stage::Open if self.position.seq < self.backlog_to => self.backlog().await?,
            Stage::Open => match self.balances.take() {
                Some((revision, body)) => {
                    let mut piece = Vec::new();
                    self.add_balances(revision, &body, &mut piece);
                    Bytes::from(piece)
                }
                None => self.live().await?,
            },
        };
        Some((Ok(piece), self))
    }

    /// Events between where the client is and where its subscription surely covers everything.
    async fn backlog(&mut self) -> Option<Bytes> {
        let listed = self.streams.events().list_after(self.user, self.position.seq, PAGE).await;
        let events =
            listed.inspect_err(|error| tracing::warn!(%error, "a stream could not read its backlog")).ok()?;
        let mut piece = Vec::new();
        for event in &events {
            self.add_event(event.seq, &wire::event_body(event), &mut piece);
        }
        // Numbers have no gaps, so a page that brings nothing can only mean that the rows are gone.
        (!events.is_empty()).then(|| Bytes::from(piece))
    }

    async fn live(&mut self) -> Option<Bytes> {
        loop {
            let Subscription { frames, end, stop, .. } = &mut self.subscription;
            let received = tokio::select! {
                biased;
                why = end => {
                    self.stage = Stage::Over;
                    return wire::end_body(why.ok()?);
                }
                _ = stop.wait_for(|is_stopped| *is_stopped) => return None,
                received = frames.recv() => received,
                () = tokio::time::sleep(HEARTBEAT) => return Some(ALIVE),
            };
            let first = received.inspect_err(note_lag).ok()?;
            let piece = self.collect(&first)?;
            if !piece.is_empty() {
                return Some(Bytes::from(piece));
            }
        }
    }

    /// Puts what waits into one piece; empty when all of it was sent from the rows already.
    fn collect(&mut self, first: &Arc<Frame>) -> Option<Vec<u8>> {
        let mut piece = Vec::new();
        self.add(first, &mut piece);
        while piece.len() < CHUNK_BYTES {
            match self.subscription.frames.try_recv() {
                Ok(frame) => self.add(&frame, &mut piece),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Lagged(_) | TryRecvError::Closed) => return None,
            }
        }
        Some(piece)
    }

    fn add(&mut self, frame: &Frame, piece: &mut Vec<u8>) {
        for (seq, body) in &frame.events {
            self.add_event(*seq, body, piece);
        }
        if let Some((revision, body)) = &frame.balances
            && *revision > self.position.revision
        {
            self.add_balances(*revision, body, piece);
        }
    }

    fn add_event(&mut self, seq: i64, body: &[u8], piece: &mut Vec<u8>) {
        if seq > self.position.seq {
            self.position.seq = seq;
            self.position.frame(body, piece);
        }
    }

    fn add_balances(&mut self, revision: i64, body: &[u8], piece: &mut Vec<u8>) {
        self.position.revision = revision;
        self.position.frame(body, piece);
    }
}

fn note_lag(error: &RecvError) {
    if let RecvError::Lagged(missed) = error {
        metrics::counter!("postfun_stream_readers_dropped_total").increment(1);
        tracing::debug!(missed, "a reader fell behind and was dropped; it can resume");
    }
}

//! A pool's trades as server-sent events (WHATWG HTML, section 9.2).

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use utoipa::IntoParams;

use super::pool::PoolObject;
use super::trade::TradeObject;
use crate::amm::error::pool_not_found;
use crate::amm::feed::{Frame, PAGE, Subscription};
use crate::amm::{PoolRecord, Pools, Trade};
use crate::app::App;
use crate::http::event_stream::{self, ALIVE, CHUNK_BYTES, HEARTBEAT, StreamSlot};
use crate::http::schema::ErrorBody;
use crate::http::{ApiError, ClientIp, PathParam, QueryParams};

const ABOUT_ID: &str = "`Last-Event-ID` is the number of an event of this pool.";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamStart {
    /// Begin after this event; for the first connection, which cannot set `Last-Event-ID`.
    after_seq: Option<u32>,
}

/// A pool's trades, live.
///
/// Without a starting point the first event is `pool`, the pool as it is now; from then on each trade is an event `swap`
/// whose id is its number in the pool's chain. A client that reconnects with `Last-Event-ID` (browsers do so by themselves)
/// misses nothing and gets nothing twice.
#[utoipa::path(
    get, path = "/api/amm/pools/{id}/stream", tag = "pools", params(("id" = i64, Path), StreamStart,
        ("Last-Event-ID" = Option<u32>, Header, description = "Wins over `after_seq`")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 400, body = ErrorBody, description = "`invalid_query`, `invalid_last_event_id`, `seq_in_future`"),
        (status = 404, body = ErrorBody, description = "`pool_not_found`"),
        (status = 429, body = ErrorBody, description = "`too_many_streams`"),
    ),
)]
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    ClientIp(ip): ClientIp,
    PathParam(id): PathParam<i64>,
    QueryParams(start): QueryParams<StreamStart>,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let last_id = event_stream::last_event_id(&headers, |text| text.parse::<u32>().ok(), ABOUT_ID)?;
    let after_seq = last_id.or(start.after_seq).map(i64::from);
    let known = app.pools.find(id).await?.ok_or_else(pool_not_found)?;
    if after_seq.is_some_and(|seq| seq > known.seq) {
        let message =
            format!("The stream cannot begin in the future: the pool's last event is number {}.", known.seq);
        return Err(ApiError::bad_request("seq_in_future", message).with_field("seq", known.seq));
    }
    let slot = app.stream_slots.take(ip, None)?;
    let subscription = app.pools.subscribe(&known, render).await?;
    // Read after the subscription began: whatever is later than this comes through it.
    let record = app.pools.find(id).await?.ok_or_else(pool_not_found)?;
    let reader = Reader::new(app.pools.clone(), subscription, record, after_seq, slot);
    Ok(event_stream::respond(stream::unfold(reader, Reader::next)))
}

fn render(trade: &Trade, record: &PoolRecord) -> Option<Bytes> {
    frame("swap", trade.seq, &TradeObject::new(trade, record, None))
}

/// One event. JSON has no line breaks of its own, so it is one `data` line.
fn frame(name: &str, seq: i64, data: &impl serde::Serialize) -> Option<Bytes> {
    let json = serde_json::to_string(data).ok()?;
    Some(Bytes::from(format!("id: {seq}\nevent: {name}\ndata: {json}\n\n")))
}

/// One client of a stream: first what the rows hold, then what happens.
struct Reader {
    pools: Pools,
    subscription: Subscription,
    record: PoolRecord,
    /// The last event that was sent.
    seq: i64,
    /// What is sent before anything else.
    greeting: Option<Bytes>,
    _slot: StreamSlot,
}

type Next = Option<(Result<Bytes, Infallible>, Reader)>;

impl Reader {
    fn new(
        pools: Pools,
        subscription: Subscription,
        record: PoolRecord,
        after_seq: Option<i64>,
        slot: StreamSlot,
    ) -> Self {
        let greeting = match after_seq {
            // An empty comment makes the headers leave at once.
            Some(_) => Some(ALIVE),
            None => frame("pool", record.seq, &PoolObject::new(&record)),
        };
        let seq = after_seq.unwrap_or(record.seq);
        Self { pools, subscription, record, seq, greeting, _slot: slot }
    }

    /// The next piece, or the end; a client that was dropped resumes with the last id it saw.
    async fn next(mut self) -> Next {
        if let Some(greeting) = self.greeting.take() {
            return Some((Ok(greeting), self));
        }
        if self.seq < self.record.seq {
            // Boxed, because its state would otherwise weigh on every reader who only listens.
            let chunk = Box::pin(self.backlog()).await?;
            return Some((Ok(chunk), self));
        }
        let chunk = self.live().await?;
        Some((Ok(chunk), self))
    }

    /// Trades between where the client is and where its subscription surely covers everything.
    async fn backlog(&mut self) -> Option<Bytes> {
        let trades = match self.pools.trades_after(self.record.id, self.seq, PAGE).await {
            Ok(trades) => trades,
            Err(error) => {
                tracing::warn!(pool.id = self.record.id, %error, "a stream could not read its backlog");
                return None;
            }
        };
        let mut chunk = BytesMut::new();
        for trade in &trades {
            chunk.extend_from_slice(&render(trade, &self.record)?);
            self.seq = trade.seq;
        }
        if trades.len() < usize::from(PAGE) {
            self.seq = self.seq.max(self.record.seq);
        }
        Some(if chunk.is_empty() { ALIVE } else { chunk.freeze() })
    }

    async fn live(&mut self) -> Option<Bytes> {
        loop {
            let Subscription { frames, stop } = &mut self.subscription;
            let received = tokio::select! {
                received = frames.recv() => received,
                () = tokio::time::sleep(HEARTBEAT) => return Some(ALIVE),
                _ = stop.wait_for(|is_stopped| *is_stopped) => return None,
            };
            let Ok(first) = received.inspect_err(note_lag) else { return None };
            if let Some(chunk) = self.collect(first)? {
                return Some(chunk);
            }
        }
    }

    /// Puts a frame and those that wait behind it into one piece; skips what was sent from the rows already.
    #[expect(
        clippy::option_option,
        reason = "the outer none ends the stream, the inner one means nothing new"
    )]
    fn collect(&mut self, first: Frame) -> Option<Option<Bytes>> {
        let mut chunk = BytesMut::new();
        let mut next = Some(first);
        while let Some(frame) = next.take() {
            if frame.seq > self.seq {
                self.seq = frame.seq;
                chunk.extend_from_slice(&frame.bytes);
            }
            if chunk.len() < CHUNK_BYTES {
                next = match self.subscription.frames.try_recv() {
                    Ok(frame) => Some(frame),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Lagged(_) | TryRecvError::Closed) => return None,
                };
            }
        }
        Some((!chunk.is_empty()).then(|| chunk.freeze()))
    }
}

fn note_lag(error: &RecvError) {
    if let RecvError::Lagged(missed) = error {
        metrics::counter!("postfun_stream_readers_dropped_total").increment(1);
        tracing::debug!(missed, "a reader fell behind and was dropped; it can resume");
    }
}

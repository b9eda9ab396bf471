//! Server-sent events (WHATWG HTML, section 9.2): what all streams share, and how many one client may have open.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use futures_util::Stream;
use uuid::Uuid;

use super::ApiError;
use super::client_ip::limit_key;
use super::slots::{Slot, Slots};
use crate::config::Limits;

/// How often an idle stream says that it is alive; proxies close what is silent for a minute.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(20);
/// The bytes that are put together into one write, when many events come at once.
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;
/// A comment, which says only that the stream is alive.
pub(crate) const ALIVE: Bytes = Bytes::from_static(b":\n\n");

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// When a client that has all its streams may try again, in seconds.
const RETRY_AFTER_S: u64 = 10;

/// Answers with a stream of events.
pub(crate) fn respond(
    events: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
) -> Response<Body> {
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, EVENT_STREAM);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Tells nginx not to hold pieces back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// Reads where a client that comes back wants to go on; `about` says what such an id is.
pub(crate) fn last_event_id<T>(
    headers: &HeaderMap,
    parse: impl FnOnce(&str) -> Option<T>,
    about: &'static str,
) -> Result<Option<T>, ApiError> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let position = value.to_str().ok().and_then(parse);
    position.map(Some).ok_or_else(|| ApiError::bad_request("invalid_last_event_id", about))
}

/// The streams that clients have open in this process.
#[derive(Debug)]
pub struct StreamSlots {
    addresses: Slots<u128>,
    users: Slots<Uuid>,
}

/// A stream's place among its client's; counted in `/metrics`, and free again when it is dropped.
#[derive(Debug)]
pub(crate) struct StreamSlot {
    _address: Slot<u128>,
    _user: Option<Slot<Uuid>>,
}

impl StreamSlots {
    pub(crate) fn new(limits: &Limits) -> Self {
        let addresses = Slots::new(limits.streams_per_address);
        Self { addresses, users: Slots::new(Some(limits.streams_per_user)) }
    }

    /// Takes a place for a stream to an address, and to a user where it is theirs.
    ///
    /// # Errors
    ///
    /// 429 `too_many_streams`.
    pub(crate) fn take(&self, ip: IpAddr, user: Option<Uuid>) -> Result<StreamSlot, ApiError> {
        let address = self.addresses.take(limit_key(ip)).ok_or_else(|| too_many("your address"))?;
        let user = user.map(|user| self.users.take(user).ok_or_else(|| too_many("you"))).transpose()?;
        metrics::gauge!("postfun_stream_readers").increment(1);
        Ok(StreamSlot { _address: address, _user: user })
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        metrics::gauge!("postfun_stream_readers").decrement(1);
    }
}

fn too_many(whose: &str) -> ApiError {
    let message = format!("There are too many open streams to {whose}; close some, then try again.");
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", message).retry_after_s(RETRY_AFTER_S)
}

//! Answers that a client may keep and asks for again: what an address gave once stays true of one database only.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

/// A database that was made anew has other bytes at the same address.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Answers in full, or that the client has it already.
pub(super) fn answer(
    request: &HeaderMap,
    etag: &str,
    in_full: impl FnOnce() -> Response<Body>,
) -> Response<Body> {
    let is_known =
        request.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if is_known {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        in_full()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, ASK_AGAIN);
    if let Ok(etag) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

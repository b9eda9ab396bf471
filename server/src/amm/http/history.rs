//! A pool's history as bytes that anyone can replay.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use axum::response::IntoResponse;
use postfun_core::amm::encode_record;
use postfun_core::encoding::hex;
use serde::Deserialize;
use utoipa::IntoParams;

use super::cached::answer;
use super::head::{head_of, seq_in_future};
use crate::amm::error::pool_not_found;
use crate::app::App;
use crate::http::schema::ErrorBody;
use crate::http::{ApiError, PathParam, QueryParams};

/// The most events of one page; some 800 kB.
const EVENTS_MAX: u32 = 10_000;
/// The number of the last event in the page.
const LAST_SEQ: HeaderName = HeaderName::from_static("postfun-last-seq");
/// The number of the pool's last event when the page was read.
const POOL_SEQ: HeaderName = HeaderName::from_static("postfun-pool-seq");
/// The server's signature of the head that the page ends with.
const SIGNATURE: HeaderName = HeaderName::from_static("postfun-head-signature");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryPage {
    /// Only events after this one; 0 begins with the event that made the pool.
    #[serde(default)]
    after_seq: u32,
    /// How many, 1 to 10000.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<u32>,
}

/// A pool's events, oldest first, for `replayLog` of the npm package.
///
/// Each record is the event's length (two bytes, big-endian), its canonical bytes, and its hash of 32 bytes. The
/// header `postfun-last-seq` is the `after_seq` of the next page; a page that is not full ends at the present. The header
/// `postfun-head-signature` is the signature of the head that the page ends with, as `/api/amm/pools/{id}/head` has it.
#[utoipa::path(
    get, path = "/api/amm/pools/{id}/history", tag = "pools", params(("id" = i64, Path), HistoryPage),
    responses(
        (status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 304, description = "The page is the one of `If-None-Match`"),
        (status = 400, body = ErrorBody, description = "`invalid_limit`, `invalid_query`, `seq_in_future`"),
        (status = 404, body = ErrorBody, description = "`pool_not_found`"),
    ),
)]
pub(super) async fn history(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<i64>,
    QueryParams(page): QueryParams<HistoryPage>,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let limit = page.limit.unwrap_or(EVENTS_MAX);
    if !(1..=EVENTS_MAX).contains(&limit) {
        return Err(ApiError::bad_request("invalid_limit", format!("`limit` is 1 to {EVENTS_MAX}.")));
    }
    let record = app.pools.find(id).await?.ok_or_else(pool_not_found)?;
    let after_seq = i64::from(page.after_seq);
    if after_seq > record.seq {
        return Err(seq_in_future("after_seq", record.seq));
    }
    let events = app.pools.events(id, after_seq, i64::from(limit)).await?;
    let (last_seq, head) = events.last().map_or((after_seq, record.head), |event| (event.seq, event.hash));
    // The hash of the last event covers every byte before it.
    let etag = format!("\"{}-{after_seq}\"", hex::encode_lower(&head));
    let mut response = answer(&headers, &etag, || {
        let records = events.iter().filter_map(|event| encode_record(&event.bytes, &event.hash));
        ([(header::CONTENT_TYPE, OCTETS)], records.flatten().collect::<Vec<u8>>()).into_response()
    });
    let signature = app.notary.sign_head(&head_of(&record, last_seq, head));
    let headers = response.headers_mut();
    headers.insert(LAST_SEQ, last_seq.into());
    headers.insert(POOL_SEQ, record.seq.max(last_seq).into());
    if let Ok(signature) = HeaderValue::try_from(signature) {
        headers.insert(SIGNATURE, signature);
    }
    Ok(response)
}

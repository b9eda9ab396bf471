//! The signed end of a pool's history, and its signed checkpoints.

use std::num::NonZeroU64;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse;
use postfun_core::amm::{ChainHash, Head};
use postfun_core::encoding::hex;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cached::answer;
use crate::amm::error::pool_not_found;
use crate::amm::pool::event_number;
use crate::amm::{PoolRecord, StoredCheckpoint};
use crate::app::App;
use crate::http::page::Limit;
use crate::http::schema::ErrorBody;
use crate::http::{ApiError, PathParam, QueryParams};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HeadPlace {
    /// The head as it was after this event; without it the present one.
    #[param(value_type = Option<u64>, minimum = 1)]
    seq: Option<NonZeroU64>,
}

/// The end of a pool's history as the server signs it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeadObject {
    pool_id: i64,
    /// The number of the event that it ends with.
    seq: i64,
    /// The hash of that event, which covers every event before.
    head: String,
    /// BIP-340 signature (64 bytes, hexadecimal) of the tagged hash (`postfun/pool-head/v1`) of pool, number (8 bytes each,
    /// big-endian) and head.
    signature: String,
    /// The public key that signed; `head_key` of `/api/config`.
    pubkey: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CheckpointPage {
    /// How many, 1 to 500.
    #[serde(default)]
    limit: Limit,
    /// Only checkpoints behind events before this one.
    #[param(value_type = Option<u64>, minimum = 1)]
    before_seq: Option<NonZeroU64>,
}

/// A pool as it was after an event.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckpointObject {
    /// The number of the event.
    seq: i64,
    /// Its bytes in hexadecimal, for `Replay` of the npm package.
    checkpoint: String,
    /// BIP-340 signature (64 bytes, hexadecimal) of the tagged hash (`postfun/pool-checkpoint/v1`) of the bytes.
    signature: String,
}

/// A page of checkpoints.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckpointList {
    items: Vec<CheckpointObject>,
    /// The public key that signed; `head_key` of `/api/config`.
    pubkey: String,
    /// `before_seq` of the next page; null on the last.
    next_before_seq: Option<i64>,
}

/// What the server signs about a pool after an event.
pub(super) fn head_of(pool: &PoolRecord, seq: i64, hash: ChainHash) -> Head {
    Head { pool_id: event_number(pool.id), seq: event_number(seq), hash }
}

/// The signed end of a pool's history, now or after an earlier event.
///
/// Keep one: whoever shows it later proves what the history was. Two signatures of one key for the same pool and number with
/// different heads prove that the history was rewritten.
#[utoipa::path(
    get, path = "/api/amm/pools/{id}/head", tag = "pools", params(("id" = i64, Path), HeadPlace),
    responses(
        (status = 200, body = HeadObject),
        (status = 304, description = "The head is the one of `If-None-Match`"),
        (status = 400, body = ErrorBody, description = "`invalid_query`, `seq_in_future`"),
        (status = 404, body = ErrorBody, description = "`pool_not_found`"),
    ),
)]
pub(super) async fn head(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<i64>,
    QueryParams(place): QueryParams<HeadPlace>,
    headers: HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let record = app.pools.find(id).await?.ok_or_else(pool_not_found)?;
    let seq = place.seq.map_or(record.seq, |seq| i64::try_from(seq.get()).unwrap_or(i64::MAX));
    if seq > record.seq {
        return Err(seq_in_future("seq", record.seq));
    }
    let hash = if seq == record.seq {
        record.head
    } else {
        let events = app.pools.events(id, seq.saturating_sub(1), 1).await?;
        // Numbers have no gaps, which the audit looks for; a missing event is a pool that never got there.
        events.first().ok_or_else(|| seq_in_future("seq", record.seq))?.hash
    };
    let signature = app.notary.sign_head(&head_of(&record, seq, hash));
    let etag = format!("\"{signature}\"");
    let head = HeadObject {
        pool_id: id,
        seq,
        head: hex::encode_lower(&hash),
        signature,
        pubkey: app.notary.pubkey(),
    };
    Ok(answer(&headers, &etag, || Json(head).into_response()))
}

/// What a pool was after every thousandth event, newest first, so that only the events behind one have to be replayed.
///
/// A new one appears some seconds after its event.
#[utoipa::path(
    get, path = "/api/amm/pools/{id}/checkpoints", tag = "pools", params(("id" = i64, Path), CheckpointPage),
    responses(
        (status = 200, body = CheckpointList),
        (status = 400, body = ErrorBody, description = "`invalid_limit`, `invalid_query`"),
        (status = 404, body = ErrorBody, description = "`pool_not_found`"),
    ),
)]
pub(super) async fn checkpoints(
    State(app): State<Arc<App>>,
    PathParam(id): PathParam<i64>,
    QueryParams(page): QueryParams<CheckpointPage>,
) -> Result<Json<CheckpointList>, ApiError> {
    let _known = app.pools.find_recent(id).await?.ok_or_else(pool_not_found)?;
    let limit = page.limit.get();
    let before_seq = page.before_seq.map(|seq| i64::try_from(seq.get()).unwrap_or(i64::MAX));
    let stored = app.pools.checkpoints(id, before_seq, limit).await?;
    let is_full = stored.len() == usize::from(limit);
    let next_before_seq = stored.last().map(|last| last.seq).filter(|_| is_full);
    let items = stored
        .into_iter()
        .map(|StoredCheckpoint { seq, checkpoint }| CheckpointObject {
            seq,
            checkpoint: hex::encode_lower(checkpoint.as_bytes()),
            signature: app.notary.sign_checkpoint(&checkpoint),
        })
        .collect();
    Ok(Json(CheckpointList { items, pubkey: app.notary.pubkey(), next_before_seq }))
}

/// A place that the pool has not reached.
pub(super) fn seq_in_future(field: &'static str, last_seq: i64) -> ApiError {
    let message = format!("`{field}` is in the future: the pool's last event is number {last_seq}.");
    ApiError::bad_request("seq_in_future", message).with_field("seq", last_seq)
}

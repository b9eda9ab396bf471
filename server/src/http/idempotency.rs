//! `Idempotency-Key`: a call that moved money is answered again, not carried out again.
//!
//! The answer is stored in the transaction of its effect, unique per caller, route and key, with a hash of the raw
//! query and body. The same request gets the stored bytes back with `idempotent-replayed: true`; another request
//! under the same key is refused with 422. A second request that arrives while the first runs waits for its
//! transaction. Refusals are not stored: nothing happened, so trying again is safe. Rows live 24 hours.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use postfun_core::encoding::hex;
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::{ApiError, json};
use crate::db::sql::Table;
use crate::db::writes::Writes;
use crate::db::{DbError, Tx, execute, statements};

/// How long a key is remembered, in milliseconds.
pub(crate) const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;
/// The longest key.
const KEY_LEN_MAX: usize = 255;
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

statements! {
    DELETE_OLD = "
DELETE FROM idempotency
WHERE (principal, route, idempotency_key) IN
    (SELECT principal, route, idempotency_key FROM idempotency WHERE created_at_ms < $1 ORDER BY created_at_ms LIMIT $2)";
}

/// The key of a request, when it has one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdempotencyKey(Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let key = value.to_str().ok().filter(|key| {
            (1..=KEY_LEN_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        });
        match (key, values.next()) {
            (Some(key), None) => Ok(Self(Some(key.to_owned()))),
            _ => Err(ApiError::bad_request(
                "invalid_idempotency_key",
                format!("`Idempotency-Key` takes 1 to {KEY_LEN_MAX} visible ASCII characters, once."),
            )),
        }
    }
}

impl IdempotencyKey {
    /// Takes a key that stood in the body, where a seed puts it there.
    pub(crate) const fn of_body(key: String) -> Self {
        Self(Some(key))
    }

    /// Ties the key to its caller, its route and what exactly was asked.
    #[must_use]
    pub fn claim(self, principal: String, route: &'static str, query: &str, body: &[u8]) -> Option<Claim> {
        let key = self.0?;
        // The length separates the two parts.
        let length = u64::try_from(query.len()).unwrap_or(u64::MAX).to_be_bytes();
        let digest = Sha256::new().chain_update(length).chain_update(query).chain_update(body).finalize();
        Some(Claim { principal, route, key, request_hash: hex::encode_lower(&digest) })
    }
}

/// A key with everything that makes it unique, and the hash of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    principal: String,
    route: &'static str,
    key: String,
    request_hash: String,
}

/// An answer as it goes out, and as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The JSON body.
    pub body: Bytes,
}

impl StoredAnswer {
    /// Makes the response; a replay says that it is one.
    #[must_use]
    pub fn into_response(self, is_replayed: bool) -> Response {
        let mut response = json::response(self.status, self.body);
        if is_replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// The key belongs to another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the idempotency key belongs to another request")]
pub struct KeyReused;

impl From<KeyReused> for ApiError {
    fn from(_: KeyReused) -> Self {
        let message = "This Idempotency-Key was used for another request; use a new key for a new request.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", message)
    }
}

#[derive(Debug, FromRow)]
struct Row {
    principal: String,
    route: String,
    idempotency_key: String,
    request_hash: String,
    status: i64,
    body: Vec<u8>,
}

/// What is stored for some claims.
#[derive(Debug, Default)]
pub(crate) struct Stored(Vec<Row>);

impl Stored {
    /// Looks a claim up: nothing, the stored answer, or another request's.
    pub(crate) fn answer(&self, claim: &Claim) -> Option<Result<StoredAnswer, KeyReused>> {
        let row = self.0.iter().find(|row| {
            row.principal == claim.principal && row.route == claim.route && row.idempotency_key == claim.key
        })?;
        if row.request_hash != claim.request_hash {
            return Some(Err(KeyReused));
        }
        let status = u16::try_from(row.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        let body = Bytes::from(row.body.clone());
        Some(Ok(StoredAnswer { status: status.unwrap_or(StatusCode::OK), body }))
    }

    /// Remembers an answer that this transaction is about to store, so that a repetition in one batch finds it.
    pub(crate) fn remember(&mut self, claim: &Claim, answer: &StoredAnswer) {
        self.0.push(Row {
            principal: claim.principal.clone(),
            route: claim.route.to_owned(),
            idempotency_key: claim.key.clone(),
            request_hash: claim.request_hash.clone(),
            status: i64::from(answer.status.as_u16()),
            body: answer.body.to_vec(),
        });
    }
}

/// Finds what is stored for some claims.
pub(crate) async fn find_in_tx(tx: &mut Tx, claims: &[&Claim]) -> Result<Stored, DbError> {
    let rows = Table::of(claims)
        .text(|claim| claim.principal.clone())
        .text(|claim| claim.route)
        .text(|claim| claim.key.clone())
        .fetch(
            tx,
            "SELECT principal, route, idempotency_key, request_hash, status, body FROM idempotency \
             WHERE (principal, route, idempotency_key) IN (",
            ")",
        )
        .await?;
    Ok(Stored(rows))
}

/// Stores answers; a claim that another transaction has stored meanwhile is an error of a constraint.
pub(crate) async fn insert_in_tx(
    tx: &mut Tx,
    answers: &[(&Claim, &StoredAnswer)],
    now_ms: i64,
) -> Result<(), DbError> {
    let mut writes = Writes::default();
    insert(&mut writes, answers, now_ms);
    writes.execute_in_tx(tx).await
}

/// As [`insert_in_tx`], together with what the caller writes.
pub(crate) fn insert(writes: &mut Writes, answers: &[(&Claim, &StoredAnswer)], now_ms: i64) {
    // In one order everywhere, so that two transactions with two keys in common cannot deadlock.
    let mut answers = answers.to_vec();
    answers.sort_by(|(a, _), (b, _)| (&a.principal, a.route, &a.key).cmp(&(&b.principal, b.route, &b.key)));
    let table = Table::of(&answers)
        .text(|(claim, _)| claim.principal.clone())
        .text(|(claim, _)| claim.route)
        .text(|(claim, _)| claim.key.clone())
        .text(|(claim, _)| claim.request_hash.clone())
        .int(|(_, answer)| i64::from(answer.status.as_u16()))
        .bytes(|(_, answer)| answer.body.to_vec())
        .int(|_| now_ms);
    writes.insert(
        table,
        "INSERT INTO idempotency (principal, route, idempotency_key, request_hash, status, body, created_at_ms) ",
    );
}

/// Deletes some of the rows that are older than a key is remembered; says how many.
pub(crate) async fn delete_old(tx: &mut Tx, now_ms: i64, limit: i64) -> Result<u64, DbError> {
    execute!(tx, DELETE_OLD, now_ms.saturating_sub(KEPT_MS), limit)
}

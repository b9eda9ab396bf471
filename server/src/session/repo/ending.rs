//! Statements that end sessions, and that forget those which ended long ago.

use uuid::Uuid;

use crate::db::{DbError, Tx, on_backend, statements};
use crate::session::record::{ProvenKey, reason};

statements! {
    END_SESSION = "
UPDATE sessions
SET ended_at_ms = $2, end_reason = $3, single_slot = NULL
WHERE id = $1 AND ended_at_ms IS NULL";
    END_ALL = "
UPDATE sessions
SET ended_at_ms = $2, end_reason = $3, single_slot = NULL
WHERE user_id = $1 AND ended_at_ms IS NULL AND id <> $4";
    END_OF_KEY = "
UPDATE sessions
SET ended_at_ms = $4, end_reason = $5, single_slot = NULL
WHERE user_id = $1 AND identity_kind = $2 AND identity_subject = $3 AND ended_at_ms IS NULL
RETURNING id";
    END_OTHER_DEVICES = "
UPDATE sessions
SET ended_at_ms = $3, end_reason = $4, single_slot = NULL
WHERE user_id = $1 AND device_id IS NOT NULL AND device_id <> $2 AND ended_at_ms IS NULL";
    END_EXPIRED = "
UPDATE sessions
SET ended_at_ms = expires_at_ms, end_reason = $3, single_slot = NULL
WHERE id IN (SELECT id FROM sessions WHERE ended_at_ms IS NULL AND expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT $2)
    AND ended_at_ms IS NULL AND expires_at_ms <= $1";
    DELETE_EXPIRED = "
DELETE FROM sessions
WHERE id IN (SELECT id FROM sessions WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT $2)
    AND expires_at_ms < $1";
}

/// Ends a session; says whether it had not ended before.
pub(in crate::session) async fn end_session(
    tx: &mut Tx,
    id: Uuid,
    reason: &str,
    now_ms: i64,
) -> Result<bool, DbError> {
    let rows = on_backend!(tx, |c, DB| sqlx::query::<DB>(END_SESSION)
        .bind(id.to_string())
        .bind(now_ms)
        .bind(reason)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Ends the sessions of a user but one, or all with the nil id; says how many.
pub(in crate::session) async fn end_all(
    tx: &mut Tx,
    user_id: Uuid,
    but: Uuid,
    reason: &str,
    now_ms: i64,
) -> Result<u64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query::<DB>(END_ALL)
        .bind(user_id.to_string())
        .bind(now_ms)
        .bind(reason)
        .bind(but.to_string())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}

/// Ends the sessions of a user that a key began; returns their ids.
pub(in crate::session) async fn end_of_key(
    tx: &mut Tx,
    user_id: Uuid,
    key: &ProvenKey,
    now_ms: i64,
) -> Result<Vec<Uuid>, DbError> {
    let ids: Vec<String> = on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, String>(END_OF_KEY)
        .bind(user_id.to_string())
        .bind(&key.kind)
        .bind(&key.subject)
        .bind(now_ms)
        .bind(reason::KEY_REMOVED)
        .fetch_all(c)
        .await)?;
    let parse =
        |id: String| Uuid::parse_str(&id).map_err(|_malformed| DbError::inconsistent("sessions", "id", id));
    ids.into_iter().map(parse).collect()
}

/// Ends a user's sessions on other devices; says how many.
pub(in crate::session) async fn end_other_devices(
    tx: &mut Tx,
    user_id: Uuid,
    device_id: &str,
    now_ms: i64,
) -> Result<u64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query::<DB>(END_OTHER_DEVICES)
        .bind(user_id.to_string())
        .bind(device_id)
        .bind(now_ms)
        .bind(reason::OTHER_DEVICE)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}

/// Ends some sessions whose time is over; says how many.
pub(crate) async fn end_expired(tx: &mut Tx, now_ms: i64, limit: i64) -> Result<u64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query::<DB>(END_EXPIRED)
        .bind(now_ms)
        .bind(limit)
        .bind(reason::EXPIRED)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}

/// Deletes some sessions that expired before a time; says how many.
pub(crate) async fn delete_expired(tx: &mut Tx, before_ms: i64, limit: i64) -> Result<u64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query::<DB>(DELETE_EXPIRED)
        .bind(before_ms)
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}

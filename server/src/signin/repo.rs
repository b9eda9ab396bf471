//! Statements about challenges.

use postfun_core::encoding::hex;
use sqlx::FromRow;

use super::Challenge;
use crate::db::{DbError, Tx, on_backend, statements};

statements! {
    INSERT_CHALLENGE = "
INSERT INTO challenges (id, purpose, challenge, bound_subject, attempts, created_at_ms, expires_at_ms, consumed_at_ms)
VALUES ($1, 'login', $2, $3, $4, $5, $6, NULL)";
    FIND_CHALLENGE = "
SELECT id, challenge, bound_subject, attempts, created_at_ms, expires_at_ms, consumed_at_ms
FROM challenges
WHERE id = $1 AND purpose = 'login'";
    COUNT_ATTEMPT = "
UPDATE challenges
SET attempts = attempts + 1
WHERE id = $1 AND consumed_at_ms IS NULL";
    CONSUME_CHALLENGE = "
UPDATE challenges
SET consumed_at_ms = $2
WHERE id = $1 AND consumed_at_ms IS NULL AND expires_at_ms > $2 AND attempts < $3";
    DELETE_EXPIRED = "
DELETE FROM challenges
WHERE id IN (SELECT id FROM challenges WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT $2)";
}

#[derive(Debug, FromRow)]
struct ChallengeRow {
    id: String,
    challenge: String,
    bound_subject: Option<String>,
    attempts: i64,
    created_at_ms: i64,
    expires_at_ms: i64,
    consumed_at_ms: Option<i64>,
}

/// Writes a new challenge.
pub(super) async fn insert_challenge(tx: &mut Tx, challenge: &Challenge) -> Result<(), DbError> {
    let bound = challenge.bound_pubkey.as_ref().map(|key| hex::encode_lower(key));
    on_backend!(tx, |c, DB| sqlx::query::<DB>(INSERT_CHALLENGE)
        .bind(&challenge.id)
        .bind(&challenge.challenge)
        .bind(bound)
        .bind(challenge.attempts)
        .bind(challenge.created_at_ms)
        .bind(challenge.expires_at_ms)
        .execute(c)
        .await
        .map(|_done| ()))?;
    Ok(())
}

/// Finds a challenge.
pub(super) async fn find_challenge(tx: &mut Tx, id: &str) -> Result<Option<Challenge>, DbError> {
    let row: Option<ChallengeRow> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, ChallengeRow>(FIND_CHALLENGE)
            .bind(id)
            .fetch_optional(c)
            .await)?;
    row.map(|row| {
        let bound_pubkey = row
            .bound_subject
            .map(|subject| {
                hex::decode_array::<32>(&subject)
                    .map_err(|_malformed| DbError::inconsistent("challenges", "bound_subject", subject))
            })
            .transpose()?;
        Ok(Challenge {
            id: row.id,
            challenge: row.challenge,
            bound_pubkey,
            attempts: row.attempts,
            created_at_ms: row.created_at_ms,
            expires_at_ms: row.expires_at_ms,
            consumed_at_ms: row.consumed_at_ms,
        })
    })
    .transpose()
}

/// Counts a proof that was not valid.
pub(super) async fn count_attempt(tx: &mut Tx, id: &str) -> Result<(), DbError> {
    on_backend!(tx, |c, DB| sqlx::query::<DB>(COUNT_ATTEMPT).bind(id).execute(c).await.map(|_done| ()))?;
    Ok(())
}

/// Consumes a challenge; says whether this call did.
pub(super) async fn consume_challenge(tx: &mut Tx, id: &str, now_ms: i64) -> Result<bool, DbError> {
    let changed = on_backend!(tx, |c, DB| sqlx::query::<DB>(CONSUME_CHALLENGE)
        .bind(id)
        .bind(now_ms)
        .bind(super::ATTEMPTS_MAX)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(changed == 1)
}

/// Deletes some challenges that expired before a time; says how many.
pub(crate) async fn delete_expired(tx: &mut Tx, before_ms: i64, limit: i64) -> Result<u64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query::<DB>(DELETE_EXPIRED)
        .bind(before_ms)
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}

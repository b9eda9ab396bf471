//! Statements about challenges.

use postfun_core::challenge::Purpose;
use postfun_core::encoding::hex;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Ask, Challenge};
use crate::db::{DbError, Tx, execute, on_backend, statements};

statements! {
    INSERT_CHALLENGE = "
INSERT INTO challenges (id, purpose, challenge, bound_subject, attempts, created_at_ms, expires_at_ms, consumed_at_ms,
    user_id, data)
VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8, $9)";
    FIND_CHALLENGE = "
SELECT id, purpose, challenge, bound_subject, attempts, created_at_ms, expires_at_ms, consumed_at_ms, user_id, data
FROM challenges
WHERE id = $1";
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
    purpose: String,
    challenge: String,
    bound_subject: Option<String>,
    attempts: i64,
    created_at_ms: i64,
    expires_at_ms: i64,
    consumed_at_ms: Option<i64>,
    user_id: Option<String>,
    data: Option<String>,
}

impl ChallengeRow {
    fn into_challenge(self) -> Result<Challenge, DbError> {
        let inconsistent = |column, value: &str| DbError::inconsistent("challenges", column, value);
        let bytes = |column, text: Option<&str>| {
            let decode =
                |text| hex::decode_array::<32>(text).map_err(|_malformed| inconsistent(column, text));
            text.map(decode).transpose()
        };
        let data = bytes("data", self.data.as_deref())?;
        let user_id = self
            .user_id
            .as_deref()
            .map(|text| Uuid::parse_str(text).map_err(|_malformed| inconsistent("user_id", text)));
        let ask = Ask {
            purpose: Purpose::of(&self.purpose, data)
                .ok_or_else(|| inconsistent("purpose", &self.purpose))?,
            user_id: user_id.transpose()?,
            bound_pubkey: bytes("bound_subject", self.bound_subject.as_deref())?,
        };
        Ok(Challenge {
            id: self.id,
            challenge: self.challenge,
            ask,
            attempts: self.attempts,
            created_at_ms: self.created_at_ms,
            expires_at_ms: self.expires_at_ms,
            consumed_at_ms: self.consumed_at_ms,
        })
    }
}

/// Writes a new challenge.
pub(super) async fn insert_challenge(tx: &mut Tx, challenge: &Challenge) -> Result<(), DbError> {
    let Ask { purpose, user_id, bound_pubkey } = &challenge.ask;
    let hex = |bytes: &[u8; 32]| hex::encode_lower(bytes);
    on_backend!(tx, |c, DB| sqlx::query::<DB>(INSERT_CHALLENGE)
        .bind(&challenge.id)
        .bind(purpose.as_str())
        .bind(&challenge.challenge)
        .bind(bound_pubkey.as_ref().map(hex))
        .bind(challenge.attempts)
        .bind(challenge.created_at_ms)
        .bind(challenge.expires_at_ms)
        .bind(user_id.map(|id| id.to_string()))
        .bind(purpose.data().map(hex))
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
    row.map(ChallengeRow::into_challenge).transpose()
}

/// Counts a proof that was not valid.
pub(super) async fn count_attempt(tx: &mut Tx, id: &str) -> Result<(), DbError> {
    execute!(tx, COUNT_ATTEMPT, id)?;
    Ok(())
}

/// Consumes a challenge; says whether this call did.
pub(super) async fn consume_challenge(tx: &mut Tx, id: &str, now_ms: i64) -> Result<bool, DbError> {
    let changed = execute!(tx, CONSUME_CHALLENGE, id, now_ms, super::ATTEMPTS_MAX)?;
    Ok(changed == 1)
}

/// Deletes some challenges that expired before a time; says how many.
pub(crate) async fn delete_expired(tx: &mut Tx, before_ms: i64, limit: i64) -> Result<u64, DbError> {
    execute!(tx, DELETE_EXPIRED, before_ms, limit)
}

//! Statements about sessions.

use std::collections::HashMap;

use sqlx::FromRow;
use uuid::Uuid;

use crate::db::sql::Table;
use crate::db::{DbError, Tx, on_backend, statements};
use crate::identity::repo::{UserRow, user_columns, user_tables};
use crate::identity::{User, UserStatus};

statements! {
    INSERT_SESSION = "
INSERT INTO sessions (id, user_id, generation, identity_kind, identity_subject, created_at_ms, expires_at_ms, ended_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, NULL)";
    FIND_SESSION = concat!("
SELECT sessions.generation, sessions.expires_at_ms, sessions.ended_at_ms, ", user_columns!(), user_tables!(), "
JOIN sessions ON sessions.user_id = users.id
WHERE sessions.id = $1");
    END_SESSION = "
UPDATE sessions
SET ended_at_ms = $2
WHERE id = $1 AND ended_at_ms IS NULL";
    DELETE_EXPIRED = "
DELETE FROM sessions
WHERE id IN (SELECT id FROM sessions WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT $2)";
}

/// A session that is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewSession<'a> {
    pub(super) id: Uuid,
    pub(super) user_id: Uuid,
    pub(super) generation: i64,
    pub(super) identity_kind: &'static str,
    pub(super) identity_subject: &'a str,
    pub(super) created_at_ms: i64,
    pub(super) expires_at_ms: i64,
}

/// A session with its user, as one look-up gives it.
#[derive(Debug)]
pub(super) struct SessionWithUser {
    pub(super) generation: i64,
    pub(super) expires_at_ms: i64,
    pub(super) ended_at_ms: Option<i64>,
    pub(super) user: User,
}

#[derive(Debug, FromRow)]
struct SessionRow {
    generation: i64,
    expires_at_ms: i64,
    ended_at_ms: Option<i64>,
    #[sqlx(flatten)]
    user: UserRow,
}

/// Writes a new session.
pub(super) async fn insert_session(tx: &mut Tx, session: &NewSession<'_>) -> Result<(), DbError> {
    on_backend!(tx, |c, DB| sqlx::query::<DB>(INSERT_SESSION)
        .bind(session.id.to_string())
        .bind(session.user_id.to_string())
        .bind(session.generation)
        .bind(session.identity_kind)
        .bind(session.identity_subject)
        .bind(session.created_at_ms)
        .bind(session.expires_at_ms)
        .execute(c)
        .await
        .map(|_done| ()))?;
    Ok(())
}

/// Finds a session and its user.
pub(super) async fn find_session(tx: &mut Tx, id: Uuid) -> Result<Option<SessionWithUser>, DbError> {
    let row: Option<SessionRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, SessionRow>(FIND_SESSION)
        .bind(id.to_string())
        .fetch_optional(c)
        .await)?;
    row.map(|row| {
        Ok(SessionWithUser {
            generation: row.generation,
            expires_at_ms: row.expires_at_ms,
            ended_at_ms: row.ended_at_ms,
            user: row.user.into_user()?,
        })
    })
    .transpose()
}

/// What of a session tells whether it is over.
#[derive(Debug)]
pub(super) struct SessionState {
    pub(super) generation: i64,
    pub(super) expires_at_ms: i64,
    pub(super) ended_at_ms: Option<i64>,
    /// Whether its user is.
    pub(super) is_deleted: bool,
}

#[derive(Debug, FromRow)]
struct SessionStateRow {
    id: String,
    generation: i64,
    expires_at_ms: i64,
    ended_at_ms: Option<i64>,
    status: String,
}

/// Finds how sessions are.
pub(super) async fn list_session_states(
    tx: &mut Tx,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, SessionState>, DbError> {
    let rows: Vec<SessionStateRow> = Table::of(ids)
        .text(ToString::to_string)
        .fetch(
            tx,
            "SELECT sessions.id, sessions.generation, sessions.expires_at_ms, sessions.ended_at_ms, users.status \
             FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id IN (",
            ")",
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let id = Uuid::parse_str(&row.id)
                .map_err(|_malformed| DbError::inconsistent("sessions", "id", &row.id))?;
            let SessionStateRow { generation, expires_at_ms, ended_at_ms, status, .. } = row;
            let is_deleted = status == UserStatus::Deleted.as_str();
            Ok((id, SessionState { generation, expires_at_ms, ended_at_ms, is_deleted }))
        })
        .collect()
}

/// Ends a session that has not ended.
pub(super) async fn end_session(tx: &mut Tx, id: Uuid, now_ms: i64) -> Result<(), DbError> {
    on_backend!(tx, |c, DB| sqlx::query::<DB>(END_SESSION)
        .bind(id.to_string())
        .bind(now_ms)
        .execute(c)
        .await
        .map(|_done| ()))?;
    Ok(())
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

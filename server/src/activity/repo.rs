//! Statements about the activity log.
//!
//! Every list runs along an index that ends in the time and the id: that of a session, that of a user, or that of all. The
//! statement is chosen by what is asked for, because a condition that may be absent would hide the index.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Count, Entry, Log, Search};
use crate::db::{DbError, Tx, execute, on_backend, statements};

/// What is found; $1 a user or nothing, $2 a session or nothing, $3 and $4 from when until when, $5 an action or nothing.
macro_rules! found {
    ($scope:literal) => {
        concat!(
            "
FROM activity_logs
WHERE ",
            $scope,
            "
    AND created_at_ms >= $3 AND created_at_ms < $4
    AND ($5 = '' OR action = $5)"
        )
    };
}

macro_rules! of_user {
    () => {
        found!("user_id = $1 AND ($2 = '' OR session_id = $2)")
    };
}

macro_rules! of_session {
    () => {
        found!("session_id = $2 AND ($1 = '' OR user_id = $1)")
    };
}

macro_rules! of_all {
    () => {
        found!("$1 = '' AND $2 = ''")
    };
}

macro_rules! list {
    ($found:expr) => {
        concat!(
            "
SELECT id, user_id, session_id, action, metadata, ip_address, created_at_ms",
            $found,
            "
ORDER BY created_at_ms DESC, id DESC
LIMIT $6 OFFSET $7"
        )
    };
}

macro_rules! count {
    ($found:expr) => {
        concat!("SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1", $found, " LIMIT $6) AS counted")
    };
}

macro_rules! count_by_action {
    ($found:expr) => {
        concat!(
            "SELECT action, CAST(COUNT(*) AS BIGINT) AS entries",
            $found,
            " GROUP BY action ORDER BY 2 DESC, 1"
        )
    };
}

statements! {
    INSERT = "
INSERT INTO activity_logs (id, user_id, session_id, action, metadata, ip_address, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7)";
    LIST_OF_USER = list!(of_user!());
    LIST_OF_SESSION = list!(of_session!());
    LIST_OF_ALL = list!(of_all!());
    COUNT_OF_USER = count!(of_user!());
    COUNT_OF_SESSION = count!(of_session!());
    COUNT_OF_ALL = count!(of_all!());
    COUNT_ACTIONS_OF_USER = count_by_action!(of_user!());
    COUNT_ACTIONS_OF_SESSION = count_by_action!(of_session!());
    COUNT_ACTIONS_OF_ALL = count_by_action!(of_all!());
    FIND_NTH_TIME = "
SELECT created_at_ms
FROM activity_logs
WHERE user_id = $1 AND created_at_ms > $2
ORDER BY created_at_ms DESC, id DESC
LIMIT 1 OFFSET $3";
    DELETE_OLD = "
DELETE FROM activity_logs
WHERE (created_at_ms, id) IN (
    SELECT created_at_ms, id FROM activity_logs WHERE created_at_ms < $1 ORDER BY created_at_ms, id LIMIT $2)";
}

/// The statements of one question, for each index that can answer it.
struct Choice {
    user: &'static str,
    session: &'static str,
    all: &'static str,
}

const LIST: Choice = Choice { user: LIST_OF_USER, session: LIST_OF_SESSION, all: LIST_OF_ALL };
const COUNT: Choice = Choice { user: COUNT_OF_USER, session: COUNT_OF_SESSION, all: COUNT_OF_ALL };
const COUNT_ACTIONS: Choice =
    Choice { user: COUNT_ACTIONS_OF_USER, session: COUNT_ACTIONS_OF_SESSION, all: COUNT_ACTIONS_OF_ALL };

impl Choice {
    const fn of(&self, search: &Search) -> &'static str {
        match (search.session_id, search.user_id) {
            (Some(_), _) => self.session,
            (None, Some(_)) => self.user,
            (None, None) => self.all,
        }
    }
}

#[derive(Debug, FromRow)]
struct LogRow {
    id: String,
    user_id: String,
    session_id: Option<String>,
    action: String,
    metadata: Option<String>,
    ip_address: Option<String>,
    created_at_ms: i64,
}

impl TryFrom<LogRow> for Log {
    type Error = DbError;

    fn try_from(row: LogRow) -> Result<Self, DbError> {
        let metadata = row.metadata.map(|text| {
            serde_json::from_str(&text)
                .map_err(|_malformed| DbError::inconsistent("activity_logs", "metadata", &row.id))
        });
        Ok(Self {
            id: parse_id("id", &row.id)?,
            user_id: parse_id("user_id", &row.user_id)?,
            session_id: row.session_id.map(|text| parse_id("session_id", &text)).transpose()?,
            action: row.action,
            metadata: metadata.transpose()?,
            ip_address: row.ip_address,
            created_at_ms: row.created_at_ms,
        })
    }
}

fn parse_id(column: &'static str, text: &str) -> Result<Uuid, DbError> {
    Uuid::parse_str(text).map_err(|_malformed| DbError::inconsistent("activity_logs", column, text))
}

fn text(id: Option<Uuid>) -> String {
    id.map_or_else(String::new, |id| id.to_string())
}

/// Writes a row.
pub(super) async fn insert(tx: &mut Tx, id: Uuid, entry: &Entry, now_ms: i64) -> Result<(), DbError> {
    execute!(
        tx,
        INSERT,
        id.to_string(),
        entry.user_id.to_string(),
        entry.session_id.map(|id| id.to_string()),
        entry.action.as_str(),
        entry.metadata.as_ref().map(ToString::to_string),
        entry.ip.map(|ip| ip.to_string()),
        now_ms
    )?;
    Ok(())
}

/// Lists what is found, newest first.
pub(super) async fn list(tx: &mut Tx, search: &Search, limit: i64, offset: i64) -> Result<Vec<Log>, DbError> {
    let rows: Vec<LogRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, LogRow>(LIST.of(search))
        .bind(text(search.user_id))
        .bind(text(search.session_id))
        .bind(search.from_ms)
        .bind(search.until_ms)
        .bind(search.action_name())
        .bind(limit)
        .bind(offset)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(Log::try_from).collect()
}

/// Counts what is found, up to a number.
pub(super) async fn count(tx: &mut Tx, search: &Search, max: i64) -> Result<i64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(COUNT.of(search))
        .bind(text(search.user_id))
        .bind(text(search.session_id))
        .bind(search.from_ms)
        .bind(search.until_ms)
        .bind(search.action_name())
        .bind(max)
        .fetch_one(c)
        .await)?)
}

/// Counts what is found of each action, most frequent first.
pub(super) async fn count_actions(tx: &mut Tx, search: &Search) -> Result<Vec<Count>, DbError> {
    let rows: Vec<(String, i64)> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, (String, i64)>(COUNT_ACTIONS.of(search))
            .bind(text(search.user_id))
            .bind(text(search.session_id))
            .bind(search.from_ms)
            .bind(search.until_ms)
            .bind(search.action_name())
            .fetch_all(c)
            .await)?;
    Ok(rows.into_iter().map(|(action, entries)| Count { action, entries }).collect())
}

/// Finds when the n-th newest row of a user was written, counted from zero, if after a time.
pub(super) async fn find_nth_time(
    tx: &mut Tx,
    user_id: Uuid,
    after_ms: i64,
    n: i64,
) -> Result<Option<i64>, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(FIND_NTH_TIME)
        .bind(user_id.to_string())
        .bind(after_ms)
        .bind(n)
        .fetch_optional(c)
        .await)?)
}

/// Deletes some rows of before a time; says how many.
pub(super) async fn delete_old(tx: &mut Tx, before_ms: i64, limit: i64) -> Result<u64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query::<DB>(DELETE_OLD)
        .bind(before_ms)
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}

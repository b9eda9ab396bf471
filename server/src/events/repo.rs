//! Statements about users' events.

use std::collections::{BTreeMap, HashMap};

use sqlx::FromRow;
use uuid::Uuid;

use super::{NewEvent, UserEvent};
use crate::db::sql::Table;
use crate::db::{DbError, Tx, on_backend, statements};

statements! {
    LIST_EVENTS_AFTER = "
SELECT seq, kind, data, created_at_ms
FROM user_events
WHERE user_id = $1 AND seq > $2
ORDER BY seq
LIMIT $3";
}

/// Takes numbers for each user, locking their counter rows in ascending order; returns the first of each.
pub(super) async fn lock_numbers(
    tx: &mut Tx,
    counts: &BTreeMap<Uuid, i64>,
) -> Result<BTreeMap<Uuid, i64>, DbError> {
    let rows: Vec<(Uuid, i64)> = counts.iter().map(|(user, count)| (*user, *count)).collect();
    let last: Vec<(String, i64)> = Table::of(&rows)
        .text(|(user, _)| user.to_string())
        .int(|(_, count)| *count)
        .fetch_changed(
            tx,
            "INSERT INTO user_streams (user_id, seq) ",
            " ON CONFLICT (user_id) DO UPDATE SET seq = user_streams.seq + excluded.seq RETURNING user_id, seq",
        )
        .await?;
    let mut first = BTreeMap::new();
    for (user, seq) in last {
        let user = parse_user("user_streams", &user)?;
        let count = counts.get(&user).copied().unwrap_or_default();
        first.insert(user, seq - count + 1);
    }
    Ok(first)
}

/// Writes events under the numbers that were taken for them.
pub(super) async fn insert_events(
    tx: &mut Tx,
    rows: &[(&NewEvent, i64)],
    now_ms: i64,
) -> Result<(), DbError> {
    Table::of(rows)
        .text(|(event, _)| event.user.to_string())
        .int(|(_, seq)| *seq)
        .text(|(event, _)| event.kind)
        .text(|(event, _)| event.data.clone())
        .int(|_| now_ms)
        .execute(tx, "INSERT INTO user_events (user_id, seq, kind, data, created_at_ms) ", "")
        .await?;
    Ok(())
}

#[derive(Debug, FromRow)]
struct EventRow {
    seq: i64,
    kind: String,
    data: String,
    created_at_ms: i64,
}

/// Lists a user's events after a number, oldest first.
pub(super) async fn list_events_after(
    tx: &mut Tx,
    user: Uuid,
    seq: i64,
    limit: u16,
) -> Result<Vec<UserEvent>, DbError> {
    let rows: Vec<EventRow> = on_backend!(tx, |c, DB| sqlx::query_as::<DB, EventRow>(LIST_EVENTS_AFTER)
        .bind(user.to_string())
        .bind(seq)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)?;
    let event = |EventRow { seq, kind, data, created_at_ms }| UserEvent { seq, kind, data, created_at_ms };
    Ok(rows.into_iter().map(event).collect())
}

/// Finds the number of the last event of each of these users that has one.
pub(super) async fn list_last_seqs(tx: &mut Tx, users: &[Uuid]) -> Result<HashMap<Uuid, i64>, DbError> {
    let rows: Vec<(String, i64)> = Table::of(users)
        .text(ToString::to_string)
        .fetch(tx, "SELECT user_id, seq FROM user_streams WHERE user_id IN (", ")")
        .await?;
    rows.into_iter().map(|(user, seq)| Ok((parse_user("user_streams", &user)?, seq))).collect()
}

fn parse_user(table: &'static str, text: &str) -> Result<Uuid, DbError> {
    Uuid::parse_str(text).map_err(|_malformed| DbError::inconsistent(table, "user_id", text))
}

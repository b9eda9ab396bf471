//! Looks whether every user's events are numbered from one to the counter, without a gap.

use crate::audit::{FINDINGS_MAX, Finding};
use crate::db::{DbError, Tx, on_backend, statements};

statements! {
    COUNT = "
SELECT COUNT(*)
FROM user_events";
    GAPS = "
SELECT user_streams.user_id, CAST(COALESCE(s.events, 0) AS BIGINT), CAST(COALESCE(s.first, 1) AS BIGINT),
    CAST(COALESCE(s.last, 0) AS BIGINT), user_streams.seq
FROM user_streams
LEFT JOIN (SELECT user_id, COUNT(*) AS events, MIN(seq) AS first, MAX(seq) AS last FROM user_events GROUP BY user_id) AS s
  ON s.user_id = user_streams.user_id
WHERE COALESCE(s.events, 0) <> user_streams.seq OR COALESCE(s.first, 1) <> 1 OR COALESCE(s.last, 0) <> user_streams.seq
ORDER BY user_streams.user_id
LIMIT $1";
}

/// Counts the events.
pub(crate) async fn count(tx: &mut Tx) -> Result<i64, DbError> {
    Ok(on_backend!(tx, |c, DB| sqlx::query_scalar::<DB, i64>(COUNT).fetch_one(c).await)?)
}

/// Runs the check. Numbers are unique, so count, first and last tell of every gap.
pub(crate) async fn run(tx: &mut Tx) -> Result<Vec<Finding>, DbError> {
    let rows: Vec<(String, i64, i64, i64, i64)> =
        on_backend!(tx, |c, DB| sqlx::query_as::<DB, (String, i64, i64, i64, i64)>(GAPS)
            .bind(FINDINGS_MAX)
            .fetch_all(c)
            .await)?;
    let finding = |(user, events, first, last, seq): (String, i64, i64, i64, i64)| Finding {
        what: "user's events have a gap",
        subject: user,
        found: format!("{events} events from {first} to {last}"),
        expected: format!("{seq} from 1 to {seq}"),
    };
    Ok(rows.into_iter().map(finding).collect())
}

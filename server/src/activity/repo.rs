//! Statements about the activity log.

use uuid::Uuid;

use super::Entry;
use crate::db::{DbError, Tx, on_backend, statements};

statements! {
    INSERT = "
INSERT INTO activity_logs (id, user_id, session_id, action, metadata, ip_address, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7)";
}

/// Writes a row.
pub(super) async fn insert(tx: &mut Tx, id: Uuid, entry: &Entry, now_ms: i64) -> Result<(), DbError> {
    on_backend!(tx, |c, DB| sqlx::query::<DB>(INSERT)
        .bind(id.to_string())
        .bind(entry.user_id.to_string())
        .bind(entry.session_id.map(|id| id.to_string()))
        .bind(entry.action.as_str())
        .bind(entry.metadata.as_ref().map(ToString::to_string))
        .bind(entry.ip.map(|ip| ip.to_string()))
        .bind(now_ms)
        .execute(c)
        .await
        .map(|_done| ()))?;
    Ok(())
}

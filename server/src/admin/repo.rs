//! Statements about the administrators' record.

use uuid::Uuid;

use super::AuditEntry;
use crate::db::{DbError, Tx, on_backend, statements};

statements! {
    INSERT_AUDIT = "
INSERT INTO admin_audit (id, actor, action, subject, reason, before_value, after_value, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
}

/// Writes an entry.
pub(super) async fn insert_audit(
    tx: &mut Tx,
    id: Uuid,
    entry: &AuditEntry,
    now_ms: i64,
) -> Result<(), DbError> {
    on_backend!(tx, |c, DB| sqlx::query::<DB>(INSERT_AUDIT)
        .bind(id.to_string())
        .bind(&entry.actor)
        .bind(entry.action)
        .bind(&entry.subject)
        .bind(&entry.reason)
        .bind(&entry.before)
        .bind(&entry.after)
        .bind(now_ms)
        .execute(c)
        .await
        .map(|_done| ()))?;
    Ok(())
}

//! Statements about the administrators' record.

use uuid::Uuid;

use super::AuditEntry;
use crate::db::{DbError, Tx, execute, statements};

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
    execute!(
        tx,
        INSERT_AUDIT,
        id.to_string(),
        &entry.actor,
        entry.action,
        &entry.subject,
        &entry.reason,
        &entry.before,
        &entry.after,
        now_ms
    )?;
    Ok(())
}

//! How trouble with the database looks from outside.

use axum::http::StatusCode;

use super::ApiError;
use crate::db::DbError;

impl ApiError {
    /// Makes the refusal of a write for which there is no room; nothing of it was written.
    pub(crate) fn storage_full() -> Self {
        let message = "The server has no room left to write this down, so nothing was done; try again when its operator \
                       has made room.";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full", message).retry_after_s(30)
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        let (code, message, wait_s) = match error {
            DbError::Busy(_) => ("database_busy", "The database is busy; try again in a second.", 1),
            DbError::StorageFull(_) => return Self::storage_full().with_cause(error),
            DbError::Unavailable(_) => (
                "database_unavailable",
                "The database cannot be reached at the moment; try again in a few seconds.",
                5,
            ),
            DbError::Driver(_)
            | DbError::Constraint { .. }
            | DbError::Inconsistent { .. }
            | DbError::RowCount { .. } => return Self::internal(error),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message).retry_after_s(wait_s).with_cause(error)
    }
}

//! How trouble with the database looks from outside.

use axum::http::StatusCode;

use super::ApiError;
use crate::db::DbError;

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        if error.is_retryable() {
            let message = "The database is busy; try again in a second.";
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, "database_busy", message)
                .retry_after_s(1)
                .with_cause(error);
        }
        Self::internal(error)
    }
}

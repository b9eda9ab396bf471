//! Why the activity log cannot be shown or written.

use axum::http::StatusCode;

use super::Action;
use crate::db::DbError;
use crate::http::ApiError;
use crate::session::ManageError;

/// Why the activity log cannot be shown or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActivityError {
    /// There is no such user, or it is somebody else.
    #[error("the user does not exist")]
    UserNotFound,
    /// Only the server writes this.
    #[error("{} is written by the server alone", .action.as_str())]
    ServerOnly {
        /// What.
        action: Action,
    },
    /// The user has written too much lately.
    #[error("the user has written too much lately")]
    TooMany {
        /// How long to wait, in seconds.
        wait_s: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<ActivityError> for ApiError {
    fn from(error: ActivityError) -> Self {
        match error {
            ActivityError::UserNotFound => ManageError::UserNotFound.into(),
            ActivityError::ServerOnly { action } => {
                let message =
                    format!("`{}` is written by the server itself, when it happens.", action.as_str());
                Self::new(StatusCode::FORBIDDEN, "server_only_action", message).with_field("field", "action")
            }
            ActivityError::TooMany { wait_s } => {
                let message = format!("Too many entries in one day; wait {wait_s} s.");
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_entries", message).retry_after_s(wait_s)
            }
            ActivityError::Database(error) => error.into(),
        }
    }
}

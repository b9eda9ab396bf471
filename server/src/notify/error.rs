//! Why preferences cannot be shown or changed.

use crate::db::DbError;
use crate::http::ApiError;

/// Why preferences cannot be shown or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotifyError {
    /// There is no such user, or it is somebody else.
    #[error("the user does not exist")]
    UserNotFound,
    /// Quiet hours would count without a start or an end.
    #[error("quiet hours need {missing}")]
    QuietHoursIncomplete {
        /// The field that is missing, by its name on the wire.
        missing: &'static str,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<NotifyError> for ApiError {
    fn from(error: NotifyError) -> Self {
        match error {
            NotifyError::UserNotFound => crate::session::ManageError::UserNotFound.into(),
            NotifyError::QuietHoursIncomplete { missing } => {
                let message = format!("Quiet hours that are on need a start and an end; send {missing} too.");
                Self::bad_request("quiet_hours_incomplete", message).with_field("field", missing)
            }
            NotifyError::Database(error) => error.into(),
        }
    }
}

//! Why a call is not let in, a refresh is refused, or a session cannot be shown or changed.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::db::DbError;
use crate::http::ApiError;

/// Why a call is not let in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The token is not one of ours, or its session has ended.
    #[error("the token is invalid or has expired")]
    InvalidToken,
    /// The token's own time is over.
    #[error("the token has expired")]
    TokenExpired,
    /// The user was deleted.
    #[error("the user was deleted")]
    UserDeleted,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Why no new tokens are given for a refresh token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The token is not one of ours, or its session has ended or expired.
    #[error("the refresh token is invalid or has expired")]
    Invalid,
    /// The token was replaced by one that is in use; its session was ended just now.
    #[error("the refresh token was used again after its successor")]
    Reused {
        /// Whose session it was.
        user_id: Uuid,
    },
    /// The user was deleted.
    #[error("the user was deleted")]
    UserDeleted,
    /// Too many refreshes of one session.
    #[error("too many refreshes of one session")]
    TooMany {
        /// How long to wait, in seconds.
        wait_s: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Why a session cannot be shown or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManageError {
    /// There is none, or it belongs to somebody else.
    #[error("the session does not exist")]
    NotFound,
    /// The user has no active session.
    #[error("the user has no active session")]
    NoneActive,
    /// There is no such user, or it is somebody else.
    #[error("the user does not exist")]
    UserNotFound,
    /// The session has ended or expired.
    #[error("the session is not active")]
    NotActive,
    /// It was changed since the client read it.
    #[error("the session is at version {current}, not at {expected}")]
    Stale {
        /// The version that the client read.
        expected: i64,
        /// The version it is at.
        current: i64,
    },
    /// The idempotency key belongs to another request.
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// What seed 004 calls every refused token.
const UNAUTHORIZED: &str = "Unauthorized";

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        let refused = |message: &'static str, in_account: &'static str| {
            Self::new(StatusCode::UNAUTHORIZED, "invalid_or_expired_token", message)
                .in_account(UNAUTHORIZED, in_account)
        };
        match error {
            SessionError::InvalidToken => {
                refused("The session has ended or the token is not valid; sign in again.", "Invalid token")
            }
            SessionError::TokenExpired => {
                refused("The token has expired; refresh it or sign in again.", "Token expired")
            }
            SessionError::UserDeleted => user_deleted(StatusCode::FORBIDDEN),
            SessionError::Database(error) => error.into(),
        }
    }
}

impl From<RefreshError> for ApiError {
    fn from(error: RefreshError) -> Self {
        let refused = |code, message: &'static str| {
            Self::new(StatusCode::UNAUTHORIZED, code, message).in_account(UNAUTHORIZED, message)
        };
        match error {
            RefreshError::Invalid => refused(
                "invalid_refresh_token",
                "The refresh token is invalid or has expired; sign in again.",
            ),
            RefreshError::Reused { user_id: _ } => refused(
                "refresh_token_reused",
                "This refresh token was used again after its successor, so its session was ended; sign in again.",
            ),
            RefreshError::UserDeleted => user_deleted(StatusCode::UNAUTHORIZED),
            RefreshError::TooMany { wait_s } => {
                let message = format!("Too many refreshes of this session; wait {wait_s} s.");
                Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message).retry_after_s(wait_s)
            }
            RefreshError::Database(error) => error.into(),
        }
    }
}

impl From<ManageError> for ApiError {
    fn from(error: ManageError) -> Self {
        let same =
            |status, code, words: &'static str| Self::new(status, code, words).in_account(words, words);
        match error {
            ManageError::NotFound => same(StatusCode::NOT_FOUND, "session_not_found", "Session not found"),
            ManageError::NoneActive => {
                same(StatusCode::NOT_FOUND, "no_active_session", "No active session found")
            }
            ManageError::UserNotFound => same(StatusCode::NOT_FOUND, "user_not_found", "User not found"),
            ManageError::NotActive => {
                same(StatusCode::BAD_REQUEST, "session_not_active", "Session is not active")
            }
            ManageError::Stale { current, .. } => {
                let message = "Session has been modified by another request. Please retry.";
                Self::new(StatusCode::CONFLICT, "stale_version", message)
                    .in_account("Failed to update session", message)
                    .with_field("version", current)
            }
            ManageError::KeyReused => crate::http::idempotency::KeyReused.into(),
            ManageError::Database(error) => error.into(),
        }
    }
}

fn user_deleted(status: StatusCode) -> ApiError {
    ApiError::new(status, "user_deleted", "This account was deleted.")
}

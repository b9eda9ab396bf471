//! Why a user cannot be shown, made or changed, or does not get in.

use axum::http::StatusCode;

use crate::db::DbError;
use crate::http::ApiError;
use crate::privy::PrivyError;
use crate::session::SessionError;

/// Why nobody signs in with a Privy token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogInError {
    /// Privy's word does not count.
    #[error(transparent)]
    Privy(#[from] PrivyError),
    /// The user was deleted.
    #[error("the user was deleted")]
    UserDeleted,
    /// The session could not be begun.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Why a user cannot be shown, made or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserError {
    /// There is none, or it is somebody else.
    #[error("the user does not exist")]
    NotFound,
    /// Only administrators make users.
    #[error("only administrators make users")]
    AdminOnly,
    /// It was changed since the client read it.
    #[error("the user is at version {current}")]
    Stale {
        /// The version it is at.
        current: i64,
    },
    /// The Privy user has an account.
    #[error("the Privy user has an account")]
    PrivyIdTaken,
    /// Another user named or proved the wallet.
    #[error("the wallet is another user's")]
    WalletTaken,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<LogInError> for ApiError {
    fn from(error: LogInError) -> Self {
        match error {
            LogInError::Privy(error) => error.into(),
            LogInError::UserDeleted => {
                Self::new(StatusCode::FORBIDDEN, "user_deleted", "This account was deleted.")
            }
            LogInError::Session(error) => error.into(),
            LogInError::Database(error) => error.into(),
        }
    }
}

impl From<UserError> for ApiError {
    fn from(error: UserError) -> Self {
        let same =
            |status, code, words: &'static str| Self::new(status, code, words).in_account(words, words);
        let taken = |code, words| same(StatusCode::BAD_REQUEST, code, words);
        match error {
            UserError::NotFound => same(StatusCode::NOT_FOUND, "user_not_found", "User not found"),
            UserError::AdminOnly => Self::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "Only administrators may make users; people make their own account by signing in.",
            ),
            UserError::Stale { current } => {
                let message = "User has been modified by another request. Please retry.";
                Self::new(StatusCode::CONFLICT, "stale_version", message)
                    .in_account("Failed to update user", message)
                    .with_field("version", current)
            }
            UserError::PrivyIdTaken => taken("privy_id_taken", "User with this Privy ID already exists"),
            UserError::WalletTaken => {
                taken("wallet_taken", "Wallet address already registered to another user")
            }
            UserError::Database(error) => error.into(),
        }
    }
}

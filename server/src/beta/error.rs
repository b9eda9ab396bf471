//! Why no key is made, redeemed or found.

use axum::http::StatusCode;

use super::{KEYS_MAX, UNUSED_MAX};
use crate::db::DbError;
use crate::http::ApiError;

/// Why no key is made, redeemed or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BetaError {
    /// That many keys are not made at once.
    #[error("1 to {KEYS_MAX} keys are made at once")]
    Count,
    /// There are so many unused keys that more would be guessed.
    #[error("there are {UNUSED_MAX} unused keys at most")]
    TooManyUnused,
    /// Hardly any key is left.
    #[error("hardly any key is left")]
    Exhausted,
    /// There is no such key.
    #[error("there is no such key")]
    KeyNotFound,
    /// Somebody has redeemed the key.
    #[error("the key was redeemed")]
    KeyUsed,
    /// The address has redeemed another key.
    #[error("the e-mail address has redeemed another key")]
    EmailTaken,
    /// The address has redeemed no key.
    #[error("the e-mail address has redeemed no key")]
    UserNotFound,
    /// Too many attempts at one key.
    #[error("too many attempts at one key")]
    TooMany {
        /// How long to wait, in seconds.
        wait_s: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<BetaError> for ApiError {
    /// What seed 004 refuses in the body alone is refused with the status 200.
    fn from(error: BetaError) -> Self {
        let told =
            |code, words: &'static str| Self::new(StatusCode::OK, code, words).in_account(words, words);
        match error {
            BetaError::Count => {
                Self::bad_request("invalid_field", "count must be a whole number from 1 to 100")
                    .with_field("field", "count")
            }
            BetaError::TooManyUnused => {
                told("too_many_unused_keys", "There are too many unused referral keys; hand those out first")
            }
            BetaError::Exhausted => {
                told("referral_keys_exhausted", "There are no referral keys left to make")
            }
            BetaError::KeyNotFound => told("referral_key_not_found", "Referral code not found"),
            BetaError::KeyUsed => told("referral_key_used", "Referral code has already been used"),
            BetaError::EmailTaken => told("email_taken", "Email already registered"),
            BetaError::UserNotFound => told("user_not_found", "User not found"),
            BetaError::TooMany { wait_s } => {
                let message = format!("Too many attempts at this referral key; wait {wait_s} s.");
                Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message).retry_after_s(wait_s)
            }
            BetaError::Database(error) => error.into(),
        }
    }
}

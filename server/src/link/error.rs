//! Why a key was not linked or unlinked.

use axum::http::StatusCode;

use super::{KEYS_MAX, PROOF_AGE_MAX_S};
use crate::db::DbError;
use crate::http::ApiError;
use crate::privy::PrivyError;
use crate::signin::SignInError;
use crate::users::LogInError;

/// Why a key was not linked or unlinked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The challenge cannot be answered any more, or an event does not answer it.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// Privy's word does not count.
    #[error(transparent)]
    Privy(#[from] PrivyError),
    /// There are other purposes.
    #[error("the purpose is neither to link nor to unlink")]
    PurposeUnknown,
    /// A proof is too old.
    #[error("the proof is {age_s} s old")]
    ProofStale {
        /// Its age, in seconds.
        age_s: u64,
    },
    /// The proof that should be by a key of the user is by another.
    #[error("the proof is by a key that is not the user's")]
    ProofNotOwn,
    /// The key that is to go is the one that was proven.
    #[error("the proof is by the key that is to go")]
    ProofByRemovedKey,
    /// Somebody else has the key.
    #[error("the key is somebody else's")]
    Taken,
    /// The user has the key.
    #[error("the key is the user's already")]
    AlreadyLinked,
    /// The user has no such key.
    #[error("the user has no such key")]
    NotFound,
    /// Nothing else would let the user in.
    #[error("the key is the last one")]
    Last,
    /// The user has as many keys as there may be.
    #[error("the user has {KEYS_MAX} keys")]
    TooMany,
    /// The user was deleted.
    #[error("the user was deleted")]
    UserDeleted,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl LinkError {
    /// Whether a proof was not valid, for the cap on attempts.
    pub(super) const fn is_bad_proof(&self) -> bool {
        match self {
            Self::SignIn(error) => matches!(error, SignInError::Event(_) | SignInError::Login(_)),
            Self::Privy(error) => matches!(error, PrivyError::Token(_) | PrivyError::IdentityToken(_)),
            Self::ProofStale { .. } | Self::ProofNotOwn => true,
            Self::PurposeUnknown
            | Self::ProofByRemovedKey
            | Self::Taken
            | Self::AlreadyLinked
            | Self::NotFound
            | Self::Last
            | Self::TooMany
            | Self::UserDeleted
            | Self::Database(_) => false,
        }
    }
}

impl From<LogInError> for LinkError {
    fn from(error: LogInError) -> Self {
        match error {
            LogInError::Privy(error) => error.into(),
            LogInError::UserDeleted => Self::UserDeleted,
            LogInError::Session(error) => SignInError::from(error).into(),
            LogInError::Database(error) => error.into(),
        }
    }
}

impl From<LinkError> for ApiError {
    fn from(error: LinkError) -> Self {
        let conflict = |code, message: &'static str| Self::new(StatusCode::CONFLICT, code, message);
        match error {
            LinkError::SignIn(error) => error.into(),
            LinkError::Privy(error) => {
                let error = Self::from(error);
                // 401 would say that the caller is not signed in.
                let is_refusal = error.status() == StatusCode::UNAUTHORIZED;
                if is_refusal { Self::bad_request(error.code(), error.message().to_owned()) } else { error }
            }
            LinkError::PurposeUnknown => {
                Self::bad_request("invalid_field", "`purpose` is `link` or `unlink`.")
                    .with_field("field", "purpose")
            }
            LinkError::ProofStale { age_s } => Self::bad_request(
                "proof_stale",
                format!("The proof is {age_s} s old, more than {PROOF_AGE_MAX_S} s; make a new one."),
            ),
            LinkError::ProofNotOwn => Self::bad_request(
                "proof_not_own",
                "The proof must be by a key that this account has already.",
            ),
            LinkError::ProofByRemovedKey => Self::bad_request(
                "proof_by_removed_key",
                "Prove a key that stays with this account, so that you can still get in.",
            ),
            LinkError::Taken => conflict(
                "identity_taken",
                "This key belongs to another account; sign in with it there and unlink it first.",
            ),
            LinkError::AlreadyLinked => {
                conflict("identity_already_linked", "This key is linked to this account already.")
            }
            LinkError::NotFound => {
                Self::new(StatusCode::NOT_FOUND, "identity_not_found", "This account has no such key.")
            }
            LinkError::Last => conflict(
                "identity_last",
                "This is the last key that signs in to this account; link another one first.",
            ),
            LinkError::TooMany => Self::new(
                StatusCode::CONFLICT,
                "identity_limit",
                format!("An account has at most {KEYS_MAX} keys; unlink one first."),
            ),
            LinkError::UserDeleted => {
                Self::new(StatusCode::FORBIDDEN, "user_deleted", "This account was deleted.")
            }
            LinkError::Database(error) => error.into(),
        }
    }
}

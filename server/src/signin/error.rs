//! Why nobody was signed in.

use axum::http::StatusCode;
use postfun_core::nostr::{EventError, LoginError};

use super::ATTEMPTS_MAX;
use crate::db::DbError;
use crate::http::ApiError;
use crate::session::SessionError;

/// A refusal, in the order in which they are looked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// The event's shape, id or signature is wrong.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The event is no sign-in to this server, now, with this challenge.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// Neither the content nor the body names a challenge.
    #[error("no challenge is named")]
    ChallengeIdMissing,
    /// There is no such challenge.
    #[error("the challenge does not exist")]
    ChallengeNotFound,
    /// The challenge's time is over.
    #[error("the challenge has expired")]
    ChallengeExpired,
    /// A valid proof has consumed the challenge.
    #[error("the challenge was used")]
    ChallengeUsed,
    /// Too many proofs for this challenge were not valid.
    #[error("the challenge had too many attempts")]
    AttemptsExceeded,
    /// The user was deleted.
    #[error("the user was deleted")]
    UserDeleted,
    /// The public key, or the `npub`, cannot be read.
    #[error("the public key is not valid")]
    InvalidPubkey,
    /// The session could not be begun.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// The codes of seed 000 for a proof that is wrong in itself.
const INVALID_EVENT: &str = "invalid_event";
const INVALID_CONTENT: &str = "invalid_event_content";
const INVALID_PROOF: &str = "invalid_signature_or_payload";

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        let text = capitalized(&error.to_string());
        match error {
            SignInError::Event(error) => {
                let is_proof = matches!(error, EventError::IdMismatch | EventError::Signature { .. });
                let seed_code = if is_proof { INVALID_PROOF } else { INVALID_EVENT };
                Self::bad_request(error.code(), text).seed_code(seed_code)
            }
            SignInError::Login(error) => {
                let is_content =
                    matches!(error, LoginError::ContentMalformed { .. } | LoginError::ContentTooLarge { .. });
                let seed_code = if is_content { INVALID_CONTENT } else { INVALID_PROOF };
                Self::bad_request(error.code(), text).seed_code(seed_code)
            }
            SignInError::ChallengeIdMissing => Self::bad_request(
                "missing_challenge_id",
                "Name the challenge: `challenge_id` in the event's content or in the body.",
            ),
            SignInError::ChallengeNotFound => Self::new(
                StatusCode::NOT_FOUND,
                "challenge_not_found",
                "There is no such challenge; ask for a new one.",
            ),
            SignInError::ChallengeExpired => {
                Self::bad_request("challenge_expired", "The challenge has expired; ask for a new one.")
            }
            SignInError::ChallengeUsed => Self::bad_request(
                "challenge_already_used",
                "The challenge was used already; ask for a new one.",
            ),
            SignInError::AttemptsExceeded => Self::bad_request(
                "challenge_attempts_exceeded",
                format!("{ATTEMPTS_MAX} proofs for this challenge were not valid; ask for a new one."),
            ),
            SignInError::UserDeleted => {
                Self::new(StatusCode::FORBIDDEN, "user_deleted", "This account was deleted.")
            }
            SignInError::InvalidPubkey => Self::bad_request(
                "invalid_pubkey",
                "`pubkey` takes 64 hex digits, `npub` the same key in bech32; if both are given they must \
                 agree.",
            ),
            SignInError::Session(error) => error.into(),
            SignInError::Database(error) => error.into(),
        }
    }
}

/// Makes an error's lower-case text a sentence.
fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

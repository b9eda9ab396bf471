//! Why Privy's word does not count.

use axum::http::StatusCode;

use super::token::TokenFault;
use crate::http::ApiError;

/// Why nobody is let in on Privy's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivyError {
    /// The server knows no Privy app.
    #[error("signing in with Privy is not set up")]
    NotConfigured,
    /// The token does not count.
    #[error("the Privy token does not count: {0}")]
    Token(#[from] TokenFault),
    /// The identity token does not count, or is another user's.
    #[error("the Privy identity token does not count: {0}")]
    IdentityToken(TokenFault),
    /// The keys that tokens are checked with cannot be fetched.
    #[error("Privy's keys cannot be fetched")]
    Unreachable,
}

impl From<PrivyError> for ApiError {
    fn from(error: PrivyError) -> Self {
        let refused = |code, message: &'static str, words| {
            Self::new(StatusCode::UNAUTHORIZED, code, message).in_account("Unauthorized", words)
        };
        match error {
            PrivyError::NotConfigured => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "privy_not_configured",
                "Signing in with Privy is not set up on this server; sign in with another key.",
            ),
            PrivyError::Token(TokenFault::Invalid) => refused(
                "invalid_privy_token",
                "The Privy token is not valid for this app; sign in at Privy again.",
                "Invalid Privy token",
            ),
            PrivyError::Token(TokenFault::Expired) => refused(
                "privy_token_expired",
                "The Privy token has expired; get a new one from Privy.",
                "Privy token expired",
            ),
            PrivyError::IdentityToken(_) => refused(
                "invalid_privy_identity_token",
                "The identity token is not valid or belongs to another user; leave it out or get a new one.",
                "Invalid Privy identity token",
            ),
            PrivyError::Unreachable => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "privy_unreachable",
                "Privy does not answer, so its token cannot be checked; try again soon.",
            )
            .retry_after_s(5),
        }
    }
}

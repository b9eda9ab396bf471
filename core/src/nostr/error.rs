//! Why an event, an `npub` or a sign-in was refused.

use alloc::string::String;

use crate::signature::SignatureError;

/// Why an event was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The JSON text is too long to be read at all.
    #[error("the event has {bytes} bytes, more than the {max} allowed")]
    TooLarge {
        /// The length of the text.
        bytes: usize,
        /// The longest there may be.
        max: usize,
    },
    /// The text is not the JSON object that NIP-01 describes.
    #[error("the event is malformed: {detail}")]
    Malformed {
        /// What the JSON reader says, with line and column.
        detail: String,
    },
    /// A field is not as many lower-case hexadecimal digits as it should be.
    #[error("the event's {field} is not {digits} lower-case hexadecimal digits")]
    Hex {
        /// The name of the field.
        field: &'static str,
        /// How many digits it should have.
        digits: usize,
    },
    /// A number is beyond what every reader of JSON keeps exactly.
    #[error("the event's created_at is above {max}")]
    CreatedAt {
        /// The largest there may be.
        max: u64,
    },
    /// There are too many tags, or too many values in one.
    #[error("the event has {count} tags or values in a tag, more than the {max} allowed")]
    TooManyTags {
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// The id is not the hash of the event.
    #[error("the id is not the hash of the event")]
    IdMismatch,
    /// The signature is not the key's signature of the id.
    #[error("the signature is invalid: {reason}")]
    Signature {
        /// What is wrong with it.
        reason: SignatureError,
    },
}

impl EventError {
    /// Every code that [`EventError::code`] returns.
    pub const CODES: [&'static str; 7] = [
        "event_too_large",
        "event_malformed",
        "event_hex_invalid",
        "event_time_out_of_range",
        "event_too_many_tags",
        "id_mismatch",
        "signature_invalid",
    ];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "event_too_large",
            Self::Malformed { .. } => "event_malformed",
            Self::Hex { .. } => "event_hex_invalid",
            Self::CreatedAt { .. } => "event_time_out_of_range",
            Self::TooManyTags { .. } => "event_too_many_tags",
            Self::IdMismatch => "id_mismatch",
            Self::Signature { .. } => "signature_invalid",
        }
    }
}

/// Why a text is no `npub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NpubError {
    /// The text is not bech32: another character, mixed case, a wrong checksum, or bech32m's.
    #[error("not a bech32 text")]
    Malformed,
    /// The text is bech32, but begins with something else than `npub`.
    #[error("not a public key: the text does not begin with npub")]
    Prefix,
    /// The text does not hold exactly 32 bytes, or its padding is not zero.
    #[error("a public key has 32 bytes")]
    Length,
}

impl NpubError {
    /// Every code that [`NpubError::code`] returns.
    pub const CODES: [&'static str; 3] = ["npub_malformed", "npub_prefix", "npub_length"];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "npub_malformed",
            Self::Prefix => "npub_prefix",
            Self::Length => "npub_length",
        }
    }
}

/// Why an event does not sign its author in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The content is too long to be a sign-in.
    #[error("the content has {bytes} bytes, more than the {max} allowed")]
    ContentTooLarge {
        /// The length of the content.
        bytes: usize,
        /// The longest there may be.
        max: usize,
    },
    /// The content is not the JSON object of a sign-in.
    #[error("the content is malformed: {detail}")]
    ContentMalformed {
        /// What the JSON reader says, with line and column.
        detail: String,
    },
    /// The event is of a kind that nobody signs in with.
    #[error("kind {kind} cannot sign in")]
    KindNotAllowed {
        /// The event's kind.
        kind: u16,
    },
    /// The challenge was asked for by another key.
    #[error("the challenge was given to another key")]
    KeyNotBound,
    /// The content was signed for something else than the challenge was given for.
    #[error("the content was signed for another purpose")]
    PurposeMismatch,
    /// The content was signed about something else than the challenge was given for.
    #[error("the content was signed about something else")]
    DataMismatch,
    /// The challenge, or its id, is not the one given out.
    #[error("the challenge is another one")]
    ChallengeMismatch,
    /// The event was made too long ago, or lies in the future.
    #[error("created_at is {off_s} s off, more than the {skew_s} s allowed")]
    CreatedAtOutOfRange {
        /// The distance between `created_at` and now.
        off_s: u64,
        /// The largest distance allowed.
        skew_s: u64,
    },
    /// The content's own expiry lies in the past.
    #[error("the sign-in expired")]
    Expired,
    /// The content's own expiry is later than any challenge lives.
    #[error("the sign-in expires too late")]
    ExpiryTooFar,
    /// The content names no domain, and this server wants its own there.
    #[error("the content names no domain")]
    DomainMissing,
    /// The content names another domain.
    #[error("the content is for another domain")]
    DomainMismatch,
    /// A kind 27235 event has not this server's address as its only `u` tag.
    #[error("the tag u is not the address of the sign-in")]
    UrlMismatch,
    /// A kind 27235 event has not this request's method as its only `method` tag.
    #[error("the tag method is not the method of the sign-in")]
    MethodMismatch,
}

impl LoginError {
    /// Every code that [`LoginError::code`] returns.
    pub const CODES: [&'static str; 14] = [
        "content_too_large",
        "content_malformed",
        "kind_not_allowed",
        "key_not_bound",
        "purpose_mismatch",
        "data_mismatch",
        "challenge_mismatch",
        "created_at_out_of_range",
        "login_expired",
        "expiry_too_far",
        "domain_missing",
        "domain_mismatch",
        "url_mismatch",
        "method_mismatch",
    ];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ContentTooLarge { .. } => "content_too_large",
            Self::ContentMalformed { .. } => "content_malformed",
            Self::KindNotAllowed { .. } => "kind_not_allowed",
            Self::KeyNotBound => "key_not_bound",
            Self::PurposeMismatch => "purpose_mismatch",
            Self::DataMismatch => "data_mismatch",
            Self::ChallengeMismatch => "challenge_mismatch",
            Self::CreatedAtOutOfRange { .. } => "created_at_out_of_range",
            Self::Expired => "login_expired",
            Self::ExpiryTooFar => "expiry_too_far",
            Self::DomainMissing => "domain_missing",
            Self::DomainMismatch => "domain_mismatch",
            Self::UrlMismatch => "url_mismatch",
            Self::MethodMismatch => "method_mismatch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_events_are_listed_once() {
        let errors = [
            EventError::TooLarge { bytes: 2, max: 1 },
            EventError::Malformed { detail: String::new() },
            EventError::Hex { field: "id", digits: 64 },
            EventError::CreatedAt { max: 1 },
            EventError::TooManyTags { count: 2, max: 1 },
            EventError::IdMismatch,
            EventError::Signature { reason: SignatureError::Mismatch },
        ];
        assert_eq!(errors.map(|error| error.code()), EventError::CODES);
    }

    #[test]
    fn codes_of_npubs_are_listed_once() {
        let errors = [NpubError::Malformed, NpubError::Prefix, NpubError::Length];
        assert_eq!(errors.map(|error| error.code()), NpubError::CODES);
    }

    #[test]
    fn codes_of_sign_ins_are_listed_once() {
        let errors = [
            LoginError::ContentTooLarge { bytes: 2, max: 1 },
            LoginError::ContentMalformed { detail: String::new() },
            LoginError::KindNotAllowed { kind: 3 },
            LoginError::KeyNotBound,
            LoginError::PurposeMismatch,
            LoginError::DataMismatch,
            LoginError::ChallengeMismatch,
            LoginError::CreatedAtOutOfRange { off_s: 301, skew_s: 300 },
            LoginError::Expired,
            LoginError::ExpiryTooFar,
            LoginError::DomainMissing,
            LoginError::DomainMismatch,
            LoginError::UrlMismatch,
            LoginError::MethodMismatch,
        ];
        assert_eq!(errors.map(|error| error.code()), LoginError::CODES);
    }
}

//! Why a signature, or a key, was refused.

/// Why a signature, or a key, was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The 32 bytes are no x coordinate of a point of the curve.
    #[error("the public key is no point of the curve")]
    PublicKey,
    /// The 32 bytes are zero or not below the order of the curve.
    #[error("the secret key is out of range")]
    SecretKey,
    /// A half of the signature is out of its range.
    #[error("the signature is malformed")]
    Malformed,
    /// The signature is well formed, but of another key or another message.
    #[error("the signature does not match")]
    Mismatch,
}

impl SignatureError {
    /// Every code that [`SignatureError::code`] returns.
    pub const CODES: [&'static str; 4] =
        ["public_key_invalid", "secret_key_invalid", "signature_malformed", "signature_mismatch"];

    /// Returns the stable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PublicKey => "public_key_invalid",
            Self::SecretKey => "secret_key_invalid",
            Self::Malformed => "signature_malformed",
            Self::Mismatch => "signature_mismatch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_listed_once() {
        let errors = [
            SignatureError::PublicKey,
            SignatureError::SecretKey,
            SignatureError::Malformed,
            SignatureError::Mismatch,
        ];
        assert_eq!(errors.map(|error| error.code()), SignatureError::CODES);
    }
}

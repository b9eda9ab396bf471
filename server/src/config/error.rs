//! Why the server refuses to start with what it was given.

/// A setting that cannot be used; its text is a sentence that names the setting and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {complaint}")]
pub struct ConfigError {
    variable: String,
    complaint: String,
}

impl ConfigError {
    /// Makes an error; variable and complaint read together as one sentence.
    #[must_use]
    pub fn new(variable: impl Into<String>, complaint: impl Into<String>) -> Self {
        Self { variable: variable.into(), complaint: complaint.into() }
    }

    /// Returns the name of the setting.
    #[must_use]
    pub fn variable(&self) -> &str {
        &self.variable
    }
}

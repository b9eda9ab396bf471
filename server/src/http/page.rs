//! Page sizes of lists.

use serde::{Deserialize, Deserializer, de};

/// Largest page a list answers with.
pub const LIMIT_MAX: u16 = 500;

/// Page size where the client names none.
pub const LIMIT_DEFAULT: u16 = 100;

/// How many rows a list answers with at most: 1 to [`LIMIT_MAX`], [`LIMIT_DEFAULT`] unless said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// Returns the page size.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(LIMIT_DEFAULT)
    }
}

impl<'de> Deserialize<'de> for Limit {
    /// Reads a whole number; refuses one outside the range, because a silently smaller page looks like the last.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = u16::deserialize(deserializer)?;
        if (1..=LIMIT_MAX).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(de::Error::custom(format_args!("expected 1 to {LIMIT_MAX}")))
        }
    }
}

impl utoipa::PartialSchema for Limit {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::Integer)
            .minimum(Some(1))
            .maximum(Some(LIMIT_MAX))
            .default(Some(LIMIT_DEFAULT.into()))
            .into()
    }
}

impl utoipa::ToSchema for Limit {}

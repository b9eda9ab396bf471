//! A count of sats on the wire: a whole positive JSON number, nothing else.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::http::ApiError;

/// What stands where sats are expected. Text, booleans and fractions are kept as what they are, so that the refusal can
/// say what is wrong; nothing is converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SatsField {
    /// A whole number above zero.
    Whole(u64),
    /// Zero, or a whole number below it.
    NotPositive,
    /// Anything else.
    Other,
}

impl SatsField {
    /// Returns the count, or what is wrong with it. The seed tells three mistakes apart.
    pub(super) fn sats(field: Option<&Self>) -> Result<u64, ApiError> {
        match field {
            Some(Self::Whole(sats)) => Ok(*sats),
            Some(Self::NotPositive) => {
                Err(ApiError::bad_request("amount_must_be_positive", "`amount_sats` must be above zero."))
            }
            Some(Self::Other) => Err(ApiError::bad_request(
                "invalid_amount",
                "`amount_sats` takes a whole number of sats, such as 10000; no text and no fraction.",
            )),
            None => Err(ApiError::bad_request("amount_required", "`amount_sats` is missing.")),
        }
    }
}

impl<'de> Deserialize<'de> for SatsField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self::read(raw.get()))
    }
}

impl SatsField {
    /// Reads the raw JSON text, so that no digit passes through a float.
    fn read(text: &str) -> Self {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::Other;
        }
        match digits.parse::<u64>() {
            Ok(0) => Self::NotPositive,
            _ if digits.len() < text.len() => Self::NotPositive,
            Ok(sats) => Self::Whole(sats),
            // More than any limit; the limit says so.
            Err(_above) => Self::Whole(u64::MAX),
        }
    }
}

impl PartialSchema for SatsField {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).into()
    }
}

impl ToSchema for SatsField {}

#[cfg(test)]
mod tests {
    use super::SatsField;

    #[test]
    fn only_whole_positive_numbers_are_sats() {
        for (text, expected) in [
            ("1", SatsField::Whole(1)),
            ("18446744073709551615", SatsField::Whole(u64::MAX)),
            ("99999999999999999999999", SatsField::Whole(u64::MAX)),
            ("0", SatsField::NotPositive),
            ("-0", SatsField::NotPositive),
            ("-5", SatsField::NotPositive),
            ("1.0", SatsField::Other),
            ("0.5", SatsField::Other),
            ("1e3", SatsField::Other),
            ("true", SatsField::Other),
            ("\"100\"", SatsField::Other),
            ("[1]", SatsField::Other),
            ("{}", SatsField::Other),
        ] {
            assert_eq!(SatsField::read(text), expected, "{text}");
            let read: SatsField = serde_json::from_str(text).unwrap();
            assert_eq!(read, expected, "{text}");
        }
    }
}

//! Amounts on the wire: exact decimal text, never a float.
//!
//! A client sends an amount as a JSON number or as a string; both keep every digit, because the raw text is what is
//! read. An amount leaves as a JSON number with its exact decimals; the twin `<key>_units` holds base units as text.

use std::str::FromStr;

use postfun_core::amount::{self, AmountError, Decimals, Units};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// An amount as the client wrote it; it becomes base units once the token's decimals are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountText(String);

impl AmountText {
    /// Converts to base units, exactly or not at all.
    ///
    /// # Units
    ///
    /// The text counts whole tokens, the result base units of `10^-decimals` tokens.
    ///
    /// # Errors
    ///
    /// As [`amount::parse`]: malformed text, a sign, more decimals than the token has, a value out of range.
    pub fn units(&self, decimals: Decimals) -> Result<Units, AmountError> {
        amount::parse(&self.0, decimals)
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AmountText {
    type Err = std::convert::Infallible;

    /// Takes any text; only [`AmountText::units`] can judge it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for AmountText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        match text.as_bytes().first() {
            // A string may hold escapes, so it is decoded as JSON.
            Some(b'"') => serde_json::from_str(text).map(Self).map_err(de::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Self(String::from(Box::<str>::from(raw)))),
            _ => Err(de::Error::custom("expected a number or a decimal string")),
        }
    }
}

impl PartialSchema for AmountText {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0));
        let text =
            ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^\d+(\.\d+)?([eE][+-]?\d+)?$"));
        AnyOfBuilder::new()
            .item(number)
            .item(text)
            .description(Some(
                "A decimal amount of whole tokens, exact: a number, or a string where digits matter.",
            ))
            .into()
    }
}

impl ToSchema for AmountText {}

/// An amount as it leaves: a JSON number with the exact decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountNumber(String);

impl AmountNumber {
    /// Formats base units as whole tokens.
    #[must_use]
    pub fn new(units: Units, decimals: Decimals) -> Self {
        Self(amount::format(units, decimals))
    }

    /// Returns the decimal text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for AmountNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone()).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl PartialSchema for AmountNumber {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(0))
            .description(Some("An amount of whole tokens, printed with its exact decimals."))
            .into()
    }
}

impl ToSchema for AmountNumber {}

#[cfg(test)]
mod tests {
    use postfun_core::amount::{Decimals, Units};

    use super::{AmountNumber, AmountText};

    fn decimals(n: u8) -> Decimals {
        Decimals::new(n).unwrap()
    }

    #[test]
    fn every_digit_of_a_number_or_string_is_kept() {
        for (json, units) in [
            ("1.5", 150_000_000_u64),
            ("\"1.5\"", 150_000_000),
            ("\"\\u0031.5\"", 150_000_000),
            ("92233720368.54775807", 9_223_372_036_854_775_807),
            ("1e-8", 1),
            ("0", 0),
        ] {
            let amount: AmountText = serde_json::from_str(json).unwrap();
            assert_eq!(amount.units(decimals(8)).unwrap().get(), units, "{json}");
        }
    }

    #[test]
    fn what_is_no_number_and_no_string_is_refused() {
        for json in ["true", "null", "[1]", "{\"$serde_json::private::Number\":\"5\"}"] {
            assert!(serde_json::from_str::<AmountText>(json).is_err(), "{json}");
        }
        for json in ["-1", "\"\"", "\" 1\"", "\"0x10\"", "1.123456789", "1e99", "\"1_000\""] {
            let amount: AmountText = serde_json::from_str(json).unwrap();
            assert!(amount.units(decimals(8)).is_err(), "{json}");
        }
    }

    #[test]
    fn an_amount_leaves_as_an_exact_number() {
        let amount = AmountNumber::new(Units::new(9_007_199_254_740_993).unwrap(), decimals(8));
        assert_eq!(serde_json::to_string(&amount).unwrap(), "90071992.54740993");
    }

    /// The exact wire numbers rest on `RawValue`; this feature would break types that have nothing to do with amounts.
    #[test]
    fn serde_json_does_not_use_arbitrary_precision() {
        let value: serde_json::Value = serde_json::from_str("1.50").unwrap();
        assert_eq!(value.to_string(), "1.5");
    }
}

//! What LNbits posts when an invoice was paid.
//!
//! Anybody can post it, so it is a hint to ask LNbits, and only its payment hash is read. LNbits sends JSON inside a
//! JSON string.

use serde_json::Value;

use crate::lightning::backend::PaymentHash;

/// How often JSON is looked for inside a JSON string.
const LAYERS_MAX: usize = 3;

/// Reads the payment hash of a webhook's body.
#[must_use]
pub fn payment_hash(body: &[u8]) -> Option<PaymentHash> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    for _layer in 1..LAYERS_MAX {
        let Value::String(text) = &value else { break };
        value = serde_json::from_str(text).ok()?;
    }
    value.get("payment_hash")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::payment_hash;
    use crate::lightning::backend::PaymentHash;

    #[test]
    fn the_hash_is_found_in_json_and_in_json_within_json() {
        let hash = PaymentHash::from_bytes([9; 32]);
        let plain = json!({"payment_hash": hash.to_string(), "amount": 1, "status": "success"}).to_string();
        let twice = json!(plain).to_string();
        let thrice = json!(twice).to_string();
        for body in [&plain, &twice, &thrice] {
            assert_eq!(payment_hash(body.as_bytes()), Some(hash), "{body}");
        }
        let deeper = json!(thrice).to_string();
        for body in
            [&deeper, "", "null", "[]", "{}", r#"{"payment_hash": "00"}"#, r#"{"payment_hash": 1}"#, r#""x""#]
        {
            assert_eq!(payment_hash(body.as_bytes()), None, "{body}");
        }
    }
}

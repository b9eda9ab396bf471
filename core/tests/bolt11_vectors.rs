//! BOLT 11: every example of the specification, and those of our own for what it leaves without one.
#![expect(clippy::expect_used, reason = "set-up that fails is a failed test")]

use std::collections::BTreeSet;

use postfun_core::bolt11::{Bolt11Error, Invoice, fee_cap_msat};
use postfun_core::encoding::hex;
use serde_json::{Value, json};

fn cases(lists: [&str; 2]) -> Vec<Value> {
    let file: Value =
        serde_json::from_str(include_str!("../../tests/vectors/bolt11.json")).expect("the vectors are JSON");
    lists.iter().flat_map(|list| file[*list].as_array().expect("a list").clone()).collect()
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().expect("a text")
}

/// What a case says of an invoice.
fn described(case: &Value, invoice: &Invoice) -> Value {
    json!({
        "name": case["name"],
        "invoice": case["invoice"],
        "network": invoice.network.as_str(),
        "amount_msat": invoice.amount_msat.map(|msat| msat.to_string()),
        "timestamp_s": invoice.timestamp_s,
        "expires_in_s": invoice.expires_in_s.to_string(),
        "payment_hash": hex::encode_lower(&invoice.payment_hash),
        "payment_secret": invoice.payment_secret.map(|secret| hex::encode_lower(&secret)),
        "description": invoice.description,
        "description_hash": invoice.description_hash.map(|hash| hex::encode_lower(&hash)),
        "payee": hex::encode_lower(&invoice.payee),
        "min_final_cltv": invoice.min_final_cltv,
    })
}

#[test]
fn every_valid_invoice_is_read_to_the_last_field() {
    let cases = cases(["valid", "own_valid"]);
    assert_eq!(cases.len(), 16 + 24);
    for case in &cases {
        let invoice = Invoice::decode(text(case, "invoice"));
        let invoice = invoice.unwrap_or_else(|error| panic!("{}: {error}", case["name"]));
        assert_eq!(&described(case, &invoice), case);
    }
}

#[test]
fn every_invalid_invoice_is_refused_for_its_own_reason() {
    let cases = cases(["invalid", "own_invalid"]);
    assert_eq!(cases.len(), 10 + 36);
    let mut seen = BTreeSet::new();
    for case in &cases {
        let refused = Invoice::decode(text(case, "invoice")).map_err(|error| error.code());
        assert_eq!(refused.err(), Some(text(case, "code")), "{}", case["name"]);
        seen.insert(text(case, "code"));
    }
    // Only a draft can be too long in this place: the field holds no more.
    seen.insert("invoice_description_too_long");
    assert_eq!(seen, BTreeSet::from(Bolt11Error::CODES), "every reason has a vector");
}

#[test]
fn every_fee_cap_is_computed() {
    let file: Value =
        serde_json::from_str(include_str!("../../tests/vectors/bolt11.json")).expect("the vectors are JSON");
    let caps = file["fee_caps"].as_array().expect("a list");
    assert_eq!(caps.len(), 13);
    for case in caps {
        let number = |field: &str| text(case, field).parse::<u64>().expect("digits");
        let configured = (!case["fee_sats_max"].is_null()).then(|| number("fee_sats_max"));
        assert_eq!(fee_cap_msat(number("amount_msat"), configured), number("fee_cap_msat"), "{case}");
    }
}

//! The core's reader of JSON against serde's: what one reads, the other reads as the same.

use postfun_core::encoding::json::{self, JsonError, Reader};
use proptest::prelude::*;
use serde_json::Value;

/// An object of one member.
fn holding(json: &str) -> String {
    format!("{{\"v\":{json}}}")
}

/// What stands at that member.
fn value<'a, T>(object: &'a str, read: impl Fn(&mut Reader<'a>) -> Result<T, JsonError>) -> Option<T> {
    let mut slot = None;
    json::object(object, |reader, _name| reader.once(&mut slot, &read)).ok()?;
    slot
}

/// Whether serde takes the text; nothing when it stops at a number that is too large for a float.
fn is_json(text: &str) -> Option<bool> {
    match serde_json::from_str::<Value>(text) {
        Ok(_) => Some(true),
        Err(error) => (!error.to_string().starts_with("number out of range")).then_some(false),
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x1f\"\\\\é€🦀]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec(("[a-c\"\\\\é]{0,3}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn json_is_skipped(json in any_json()) {
        let text = serde_json::to_string_pretty(&json).expect("a value has a text");
        prop_assert_eq!(value(&holding(&text), Reader::skip), Some(()));
    }

    #[test]
    fn damaged_json_is_taken_by_both_or_by_none(
        json in any_json(),
        at in any::<prop::sample::Index>(),
        cut in 0_usize..3,
        put in "[\\[\\]{},:\"\\\\0-9eE+.\\-untrfalse \\x00-\\x20]{0,3}",
    ) {
        let whole: Vec<char> = json.to_string().chars().collect();
        let at = at.index(whole.len());
        let kept = whole.iter().skip((at + cut).min(whole.len()));
        let damaged: String = whole.iter().take(at).chain(&put.chars().collect::<Vec<_>>()).chain(kept).collect();
        let object = holding(&damaged);
        let taken = json::object(&object, |reader, _name| reader.skip()).is_ok();
        prop_assert_eq!(taken, is_json(&object).unwrap_or(taken), "{}", object);
    }

    #[test]
    fn texts_are_read_alike(text in any::<String>(), is_escaped in any::<bool>()) {
        let json = if is_escaped {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            format!("\"{}\"", units.collect::<String>())
        } else {
            serde_json::to_string(&text).expect("a text has a spelling")
        };
        prop_assert_eq!(value(&holding(&json), Reader::string), Some(text));
    }

    #[test]
    fn numbers_are_read_alike(text in "-?[0-9]{1,20}|[-+.eE0-9]{1,6}") {
        prop_assert_eq!(value(&holding(&text), Reader::unsigned), serde_json::from_str(&text).ok());
        prop_assert_eq!(value(&holding(&text), Reader::signed), serde_json::from_str(&text).ok());
    }
}

//! Words of LNbits, made fit for a log line.

use serde_json::Value;

/// Longest text that is kept, in characters.
const CHARS_MAX: usize = 200;

/// Cuts a text to one short line.
pub(super) fn short(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(CHARS_MAX).collect::<String>().trim().to_owned()
}

/// Returns what an error says: its `detail`, which is a text, or a list of faults with a `msg` each.
pub(super) fn detail(body: &Value) -> Option<String> {
    let detail = body.get("detail")?;
    let fault = || detail.get(0)?.get("msg")?.as_str();
    detail.as_str().or_else(fault).map(short)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{detail, short};

    #[test]
    fn words_become_one_short_line() {
        assert_eq!(short("a\nb\u{1b}[31m "), "a b [31m");
        assert_eq!(short(&"x".repeat(1_000)).len(), 200);
    }

    #[test]
    fn an_errors_words_are_found_in_both_forms() {
        assert_eq!(detail(&json!({"detail": "No."})).as_deref(), Some("No."));
        let list = json!({"detail": [{"loc": ["body", "memo"], "msg": "too long"}]});
        assert_eq!(detail(&list).as_deref(), Some("too long"));
        assert_eq!(detail(&json!({"message": "No."})), None);
    }
}

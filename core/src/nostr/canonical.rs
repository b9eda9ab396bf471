//! Writing JSON for events: the canonical form that is hashed, and the form that travels.
//!
//! They differ in one thing only. In the canonical form NIP-01 escapes seven characters and takes every other as
//! it is, also the control characters that JSON itself forbids in a text. What travels must be JSON.

use alloc::string::{String, ToString};

use super::event::UnsignedEvent;
use crate::encoding::hex;

/// What becomes of control characters without an escape of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controls {
    /// They stay as they are: canonical form.
    Verbatim,
    /// They become `\u00..`: JSON.
    Escaped,
}

/// Returns `[0,pubkey,created_at,kind,tags,content]` without white space.
pub(super) fn canonical(event: &UnsignedEvent) -> String {
    let mut text = String::with_capacity(event.content.len().saturating_add(128));
    text.push_str("[0,\"");
    hex::push_lower(&mut text, &event.pubkey);
    text.push_str("\",");
    text.push_str(&event.created_at.to_string());
    text.push(',');
    text.push_str(&event.kind.to_string());
    text.push(',');
    push_tags(&mut text, &event.tags, Controls::Verbatim);
    text.push(',');
    push_string(&mut text, &event.content, Controls::Verbatim);
    text.push(']');
    text
}

/// Appends the members `"pubkey"` to `"content"` of an event's JSON object, without its braces.
pub(super) fn push_members(text: &mut String, event: &UnsignedEvent) {
    text.push_str("\"pubkey\":\"");
    hex::push_lower(text, &event.pubkey);
    text.push_str("\",\"created_at\":");
    text.push_str(&event.created_at.to_string());
    text.push_str(",\"kind\":");
    text.push_str(&event.kind.to_string());
    text.push_str(",\"tags\":");
    push_tags(text, &event.tags, Controls::Escaped);
    text.push_str(",\"content\":");
    push_string(text, &event.content, Controls::Escaped);
}

fn push_tags(text: &mut String, tags: &[alloc::vec::Vec<String>], controls: Controls) {
    text.push('[');
    for (index, tag) in tags.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push('[');
        for (index, value) in tag.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            push_string(text, value, controls);
        }
        text.push(']');
    }
    text.push(']');
}

/// Appends a text in quotes.
pub(super) fn push_string(text: &mut String, value: &str, controls: Controls) {
    text.push('"');
    for character in value.chars() {
        match character {
            '\n' => text.push_str("\\n"),
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\0'..='\u{1f}' if controls == Controls::Escaped => {
                text.push_str("\\u00");
                // A control character is below 0x20, so one byte in UTF-8.
                let mut buffer = [0; 4];
                hex::push_lower(text, character.encode_utf8(&mut buffer).as_bytes());
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &str, controls: Controls) -> String {
        let mut text = String::new();
        push_string(&mut text, value, controls);
        text
    }

    #[test]
    fn seven_characters_are_escaped_in_both_forms() {
        for controls in [Controls::Verbatim, Controls::Escaped] {
            assert_eq!(written("\n\"\\\r\t\u{8}\u{c}", controls), r#""\n\"\\\r\t\b\f""#);
            assert_eq!(written("/é\u{7f}\u{2028}🦀", controls), "\"/é\u{7f}\u{2028}🦀\"");
        }
    }

    #[test]
    fn other_control_characters_differ_between_the_forms() {
        assert_eq!(written("\0\u{1}\u{b}\u{1f}", Controls::Verbatim), "\"\0\u{1}\u{b}\u{1f}\"");
        assert_eq!(written("\0\u{1}\u{b}\u{1f}", Controls::Escaped), r#""\u0000\u0001\u000b\u001f""#);
    }
}

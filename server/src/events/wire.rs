//! What a user's stream says, and where in it a client is.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use super::UserEvent;
use crate::http::time::iso_micros;
use crate::ledger::Holdings;
use crate::ledger::http::HoldingsObject;
use crate::session::SessionEnd;

/// Digits of a number in a position, at most; it then fits 63 bits.
const DIGITS_MAX: usize = 18;

/// How far a client has got: the last event, and the state of the balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) seq: i64,
    pub(super) revision: i64,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.seq, self.revision)
    }
}

impl Position {
    /// Reads `<seq>-<revision>`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str| {
            let is_plain = digits.len() <= DIGITS_MAX && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<i64>().ok().filter(|_| is_plain)
        };
        let (seq, revision) = text.split_once('-')?;
        Some(Self { seq: number(seq)?, revision: number(revision)? })
    }

    /// Writes one event that leads to this position.
    pub(super) fn frame(self, body: &[u8], into: &mut Vec<u8>) {
        into.extend_from_slice(format!("id: {self}\n").as_bytes());
        into.extend_from_slice(body);
    }
}

/// Writes an event without its id, which differs from client to client.
pub(super) fn event_body(event: &UserEvent) -> Bytes {
    let UserEvent { seq, kind, data, created_at_ms } = event;
    let at = iso_micros(*created_at_ms);
    // JSON as it is written here has no line breaks; outside of its texts, where they may stand, a space is as good.
    let data = data.replace(['\r', '\n'], " ");
    Bytes::from(format!("event: {kind}\ndata: {{\"seq\":{seq},\"created_at\":\"{at}\",\"data\":{data}}}\n\n"))
}

/// Writes the state of the balances without its id.
pub(super) fn balances_body(holdings: Holdings) -> Result<Bytes, serde_json::Error> {
    let json = serde_json::to_string(&HoldingsObject::from(holdings))?;
    Ok(Bytes::from(format!("event: balances\ndata: {json}\n\n")))
}

#[derive(Serialize)]
struct EndObject {
    code: &'static str,
    message: &'static str,
}

/// Writes why the stream is over.
pub(super) fn end_body(end: SessionEnd) -> Option<Bytes> {
    let json = serde_json::to_string(&EndObject { code: end.code(), message: end.message() }).ok()?;
    Some(Bytes::from(format!("event: end\ndata: {json}\n\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_two_plain_numbers() {
        let position = Position { seq: 12, revision: 345 };
        assert_eq!(Position::parse("12-345"), Some(position));
        assert_eq!(position.to_string(), "12-345");
        assert!(Position::parse("0-0").is_some());
        for text in
            ["", "-", "1", "1-", "-1-2", "1--2", "+1-2", "1-2-3", "a-1", " 1-2", "1-9223372036854775808"]
        {
            assert_eq!(Position::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_event_is_one_data_line_whatever_its_json_looks_like() {
        let data = "{\n\"a\":\r\n1}".to_owned();
        let event = UserEvent { seq: 7, kind: "test.happened".to_owned(), data, created_at_ms: 0 };
        let body = event_body(&event);
        let text = std::str::from_utf8(&body).unwrap();
        assert_eq!(text.lines().count(), 3);
        let json = text.lines().nth(1).unwrap().strip_prefix("data: ").unwrap();
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!((&value["seq"], &value["data"]["a"]), (&7.into(), &1.into()));
        assert_eq!(value["created_at"], "1970-01-01T00:00:00.000000Z");
    }
}

//! Ids of requests: the client's own where it is well formed, else one made here.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName};

use crate::id::{Entropy, random};

/// Carries the id in both directions.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken from a client, in characters.
const CHARS_MAX: usize = 64;

/// Makes ids that are unique across processes without asking for randomness each time.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u64,
    made: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        Self { process: u64::from_be_bytes(random(entropy)), made: AtomicU64::new(0) }
    }

    /// Takes the id of the request, or makes the next one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Arc<str> {
        let given =
            headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|text| is_well_formed(text));
        given.map_or_else(|| self.next(), Arc::from)
    }

    fn next(&self) -> Arc<str> {
        let mut text = String::with_capacity(25);
        // Writing to a string cannot fail.
        let _ = write!(text, "{:016x}-{:08x}", self.process, self.made.fetch_add(1, Ordering::Relaxed));
        Arc::from(text)
    }
}

/// An id ends up in logs and in the answer's head, so it is letters, digits, `_` and `-` only.
fn is_well_formed(text: &str) -> bool {
    (1..=CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{HEADER, RequestIds};
    use crate::id::SeededEntropy;

    #[test]
    fn only_well_formed_ids_are_taken_over() {
        let ids = RequestIds::new(&SeededEntropy::new(1));
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_str(text).unwrap());
            ids.of(&headers).to_string()
        };
        let longest = "a".repeat(64);
        for good in ["a", "3f1c-_Z9", &longest] {
            assert_eq!(of(good), good);
        }
        for bad in ["", "a b", "a;b", "ü", "{}", &"a".repeat(65)] {
            assert_ne!(of(bad), bad);
        }
    }

    #[test]
    fn made_ids_differ() {
        let ids = RequestIds::new(&SeededEntropy::new(1));
        let (first, second) = (ids.of(&HeaderMap::new()), ids.of(&HeaderMap::new()));
        assert_ne!(first, second);
        assert!(super::is_well_formed(&first));
    }
}

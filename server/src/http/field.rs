//! Turns a decoder's complaint into an answer that names the field.

use super::error::ApiError;

/// Longest part of a decoder's message that is repeated to the client, in characters.
const REASON_CHARS_MAX: usize = 160;

/// A field that could not be decoded, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FieldFault {
    field: Option<String>,
    reason: String,
}

impl FieldFault {
    pub(crate) const BODY: &'static str = "body";
    pub(crate) const QUERY: &'static str = "query";

    /// Returns the name of the field, where one could be told.
    pub(crate) fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Makes the 400 for it; `place` is what is wrong where no field is.
    pub(crate) fn into_error(self, code: &'static str, place: &str) -> ApiError {
        let name = self.field.as_deref().unwrap_or(place);
        let message = format!("`{name}` is not what this call takes: {}.", self.reason);
        let error = ApiError::bad_request(code, message);
        match self.field {
            Some(field) => error.with_field("field", field),
            None => error,
        }
    }
}

/// Names the field at `path`, or the missing or unknown one that the message speaks of.
pub(crate) fn locate(path: &str, message: &str) -> FieldFault {
    let reason = message.split(" at line ").next().unwrap_or_default();
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| reason.strip_prefix(start))
        .and_then(|rest| rest.split('`').next());
    let path = Some(path).filter(|path| !path.is_empty() && *path != ".");
    // For an unknown field the decoder's path ends in the field itself, for a missing one in its parent.
    let field = match (path, named) {
        (Some(parent), Some(name)) if parent != name && !parent.ends_with(&format!(".{name}")) => {
            Some(format!("{parent}.{name}"))
        }
        (Some(path), _) => Some(path.to_owned()),
        (None, name) => name.map(str::to_owned),
    };
    let clean =
        |text: &str| text.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect::<String>();
    FieldFault { field: field.map(|field| clean(&field)), reason: clean(reason) }
}

#[cfg(test)]
mod tests {
    use super::locate;

    #[test]
    fn the_field_comes_from_the_path_or_from_the_message() {
        for (path, message, field) in [
            (
                "amount_in",
                "invalid type: boolean `true`, expected a number at line 1 column 9",
                Some("amount_in"),
            ),
            (".", "missing field `pool_id` at line 1 column 2", Some("pool_id")),
            ("event", "missing field `sig` at line 1 column 2", Some("event.sig")),
            ("extra", "unknown field `extra`, expected `a`", Some("extra")),
            ("event.extra", "unknown field `extra`, expected `a`", Some("event.extra")),
            (".", "invalid type: sequence, expected struct Body", None),
        ] {
            assert_eq!(locate(path, message).field(), field, "{path} {message}");
        }
    }

    #[test]
    fn a_long_value_is_not_repeated_in_full() {
        let fault = locate("name", &format!("invalid type: string \"{}\"", "x".repeat(10_000)));
        assert!(fault.reason.len() <= 160);
    }
}

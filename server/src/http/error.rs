//! The one error every handler answers with.
//!
//! An [`ApiError`] knows its status and a stable code; it does not know how its body looks, because that depends on
//! the prefix it is answered under (`family`). Its `IntoResponse` leaves it in the response's extensions, and the
//! `envelope` renders it once, with the request id, and logs an internal cause once. Causes are never sent.

use std::borrow::Cow;
use std::sync::Arc;

use axum::BoxError;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// An answer that is not a success.
#[derive(Debug, Clone)]
pub struct ApiError(Arc<Answer>);

/// What is known about an error before it is rendered.
#[derive(Debug, Clone)]
struct Answer {
    status: StatusCode,
    code: &'static str,
    seed_code: Option<&'static str>,
    message: Cow<'static, str>,
    account: Option<(&'static str, &'static str)>,
    fields: Vec<(&'static str, Value)>,
    retry_after_s: Option<u64>,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    /// Makes an error from a status, a stable `snake_case` code and a sentence for people.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Answer {
            status,
            code,
            seed_code: None,
            message: message.into(),
            account: None,
            fields: Vec::new(),
            retry_after_s: None,
            cause: None,
        }))
    }

    /// Makes the 400 that most refusals of input are.
    #[must_use]
    pub fn bad_request(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// Makes a 500 that hides its cause from the client; the cause is logged with the request id.
    #[must_use]
    pub fn internal(cause: impl Into<BoxError>) -> Self {
        let message = "The server failed. The request id finds the cause in its log.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message).with_cause(cause)
    }

    /// Sets the code a seed's clients look for, where it differs from the stable one.
    #[must_use]
    pub fn seed_code(self, code: &'static str) -> Self {
        self.edit(|answer| answer.seed_code = Some(code))
    }

    /// Sets another status, for routes that say in the body alone that they refuse.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        self.edit(|answer| answer.status = status)
    }

    /// Sets the words of seed 004, `error` and `message`, where its clients look for them.
    #[must_use]
    pub fn in_account(self, error: &'static str, message: &'static str) -> Self {
        self.edit(|answer| answer.account = Some((error, message)))
    }

    /// Adds a key to the body; the names `error`, `code`, `message`, `detail`, `success` and `request_id` are taken.
    #[must_use]
    pub fn with_field(self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.edit(|answer| answer.fields.push((name, value)))
    }

    /// Says after how many seconds a repetition may succeed (header `retry-after`).
    #[must_use]
    pub fn retry_after_s(self, seconds: u64) -> Self {
        self.edit(|answer| answer.retry_after_s = Some(seconds))
    }

    /// Adds the cause that the log shows and the client does not.
    #[must_use]
    pub fn with_cause(self, cause: impl Into<BoxError>) -> Self {
        let cause = Arc::from(cause.into());
        self.edit(|answer| answer.cause = Some(cause))
    }

    /// Returns the HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Returns the stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// Returns the code at the seed's own key: the seed's where it has one, else the stable one.
    #[must_use]
    pub fn code_for_seed(&self) -> &'static str {
        self.0.seed_code.unwrap_or(self.0.code)
    }

    /// Returns the sentence for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns what stands at `error` and `message` in seed 004's shape; the former is the status's name elsewhere.
    pub(crate) fn words_in_account(&self) -> (&str, &str) {
        let name = self.0.status.canonical_reason().unwrap_or("Error");
        self.0.account.unwrap_or((self.0.seed_code.unwrap_or(name), &self.0.message))
    }

    pub(crate) fn fields(&self) -> &[(&'static str, Value)] {
        &self.0.fields
    }

    pub(crate) fn wait_s(&self) -> Option<u64> {
        self.0.retry_after_s
    }

    /// Returns the chain of causes as one line, outermost first.
    pub(crate) fn cause_text(&self) -> Option<String> {
        let mut cause: Option<&dyn std::error::Error> = Some(self.0.cause.as_deref()?);
        let mut text = String::new();
        while let Some(error) = cause {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&error.to_string());
            cause = error.source();
        }
        Some(text)
    }

    fn edit(mut self, change: impl FnOnce(&mut Answer)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl IntoResponse for ApiError {
    /// Answers with the status and no body yet; the envelope renders it.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The error that stands for a bare status which no handler explained.
pub(crate) fn of_status(status: StatusCode) -> ApiError {
    let (code, message) = match status {
        StatusCode::NOT_FOUND => {
            ("route_not_found", "There is nothing at this path; /apidoc lists what there is.")
        }
        StatusCode::METHOD_NOT_ALLOWED => (
            "method_not_allowed",
            "This path does not answer that method; the allow header names those it does.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "The body is larger than this server accepts."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("unsupported_media_type", "Send a JSON body with the header content-type: application/json.")
        }
        StatusCode::REQUEST_TIMEOUT => ("request_timeout", "The body did not arrive in time; send it again."),
        StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "The server cannot answer now; try again soon."),
        other if other.is_server_error() => {
            ("internal", "The server failed. The request id finds the cause in its log.")
        }
        _ => ("bad_request", "The server could not make sense of this request."),
    };
    ApiError::new(status, code, message)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    use super::{ApiError, of_status};

    #[test]
    fn the_error_travels_in_the_extensions() {
        let error = ApiError::bad_request("pool_closed", "The pool is closed.")
            .seed_code("closed")
            .with_field("pool_id", 7);
        let response = error.into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let carried = response.extensions().get::<ApiError>().unwrap();
        assert_eq!((carried.code(), carried.code_for_seed()), ("pool_closed", "closed"));
        assert_eq!(carried.fields()[0].0, "pool_id");
    }

    #[test]
    fn an_internal_error_keeps_its_cause_to_itself() {
        let cause = std::io::Error::other("disk on fire");
        let error = ApiError::internal(cause);
        assert!(!error.message().contains("fire"));
        assert_eq!(error.cause_text().as_deref(), Some("disk on fire"));
    }

    #[test]
    fn every_bare_status_has_a_code_of_its_class() {
        for status in (400..600).filter_map(|n| StatusCode::from_u16(n).ok()) {
            let error = of_status(status);
            assert_eq!(error.status(), status);
            assert_eq!(
                error.code() == "internal",
                status.is_server_error() && status.as_u16() != 503,
                "{status}"
            );
        }
    }
}

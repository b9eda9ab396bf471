//! JSON bodies, read with a bound on size and time, and refused with the name of the field that is wrong.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::context::{BodyLimits, RequestContext};
use super::error::{ApiError, of_status};
use super::field::{FieldFault, locate};

/// A JSON body that must be there.
#[derive(Debug, Clone)]
pub struct JsonBody<T>(pub T);

/// A JSON body that may be absent; then it is the type's default.
#[derive(Debug, Clone)]
pub struct OptionalJsonBody<T>(pub T);

/// A JSON body together with its bytes as they arrived, for hashing.
#[derive(Debug, Clone)]
pub struct JsonWithRaw<T> {
    /// The decoded body.
    pub value: T,
    /// The bytes it was decoded from.
    pub raw: Bytes,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        require_json(request.headers())?;
        decode(&read(request).await?).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let content_type = require_json(request.headers());
        let raw = read(request).await?;
        if raw.is_empty() {
            return Ok(Self(T::default()));
        }
        content_type?;
        decode(&raw).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonWithRaw<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        require_json(request.headers())?;
        let raw = read(request).await?;
        Ok(Self { value: decode(&raw)?, raw })
    }
}

/// Refuses a body that is not announced as JSON, so that a plain HTML form of another site cannot post one.
fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let essence = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|text| text.split(';').next().unwrap_or_default().trim());
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case("application/json") => Ok(()),
        _ => Err(of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    }
}

/// Reads a whole body within the limits of the request.
async fn read(request: Request) -> Result<Bytes, ApiError> {
    let BodyLimits { bytes, timeout } = RequestContext::body_limits(request.extensions());
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if announced.is_some_and(|length| length > bytes as u64) {
        return Err(too_large(bytes));
    }
    match tokio::time::timeout(timeout, Limited::new(request.into_body(), bytes).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(bytes)),
        Ok(Err(error)) => {
            let message = "The body broke off before its end; send it again.";
            Err(ApiError::bad_request("body_incomplete", message).with_cause(error))
        }
        Err(_elapsed) => Err(of_status(StatusCode::REQUEST_TIMEOUT)),
    }
}

fn too_large(limit_bytes: usize) -> ApiError {
    let message = format!("The body is larger than the {limit_bytes} bytes this server accepts.");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
}

/// Decodes a body; only a refusal pays for finding out which field was wrong.
fn decode<T: DeserializeOwned>(raw: &[u8]) -> Result<T, ApiError> {
    // The decoder would take an array for an object whose keys go by position.
    if raw.trim_ascii_start().first().is_some_and(|byte| *byte != b'{') {
        return Err(ApiError::bad_request(
            "invalid_json",
            "The body is not a JSON object; send one, in braces.",
        ));
    }
    serde_json::from_slice(raw).map_err(|error| refusal::<T>(raw, &error))
}

fn refusal<T: DeserializeOwned>(raw: &[u8], error: &serde_json::Error) -> ApiError {
    use serde_json::error::Category;
    match error.classify() {
        Category::Data => {
            let mut tracked = serde_json::Deserializer::from_slice(raw);
            let located = serde_path_to_error::deserialize::<_, T>(&mut tracked).err();
            let path = located.as_ref().map(|error| error.path().to_string()).unwrap_or_default();
            locate(&path, &error.to_string()).into_error("invalid_field", FieldFault::BODY)
        }
        Category::Eof if raw.is_empty() => {
            ApiError::bad_request("invalid_json", "The body is empty; send a JSON object.")
        }
        Category::Io | Category::Syntax | Category::Eof => {
            let message = format!(
                "The body is not JSON: it stops making sense at line {}, column {}.",
                error.line(),
                error.column()
            );
            ApiError::bad_request("invalid_json", message)
        }
    }
}

/// Answers with JSON and the status 200.
///
/// # Errors
///
/// An internal error when the value cannot be serialised, which is a defect of its type.
pub fn to_bytes<T: serde::Serialize>(value: &T) -> Result<Bytes, ApiError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(ApiError::internal)
}

/// Makes a body of JSON bytes that exist already.
#[must_use]
pub fn response(status: StatusCode, json: Bytes) -> axum::response::Response {
    let mut response = axum::response::Response::new(Body::from(json));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, super::APPLICATION_JSON);
    response
}

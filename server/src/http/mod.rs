//! The HTTP layer, which knows no domain: extractors, the error shapes, the envelope around every request, the accept
//! loop, the API document and the page.
//!
//! | file | |
//! |---|---|
//! | [`error`], `family`, `field` | the one error type, its five shapes, and how a bad field is named |
//! | [`json`], [`query`], [`path`] | extractors that refuse with a code |
//! | [`amount`], [`page`], [`time`] | amounts, page sizes and times on the wire |
//! | `envelope` | what happens around every request |
//! | `request_id`, `client_ip`, `limiter`, `cors`, `compress`, `measure` | its parts |
//! | [`origin`] | the rule for requests that rest on a cookie |

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;

use crate::config::Config;

pub mod amount;
mod client_ip;
mod compress;
pub mod context;
mod cors;
mod envelope;
pub mod error;
mod family;
mod field;
pub mod idempotency;
pub mod json;
mod limiter;
mod measure;
pub mod origin;
pub mod page;
pub mod path;
pub mod query;
pub mod schema;
mod request_id;
#[cfg(test)]
mod tests;
pub mod time;

pub use context::{ClientIp, RequestId};
pub use error::ApiError;
pub use json::{JsonBody, JsonWithRaw, OptionalJsonBody};
pub use path::PathParam;
pub use query::QueryParams;

pub(crate) const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Wraps a complete router in what every request needs; nothing may be added to the router afterwards.
///
/// The router's fallback keeps serving the page; a path with another method answers 405 in the family's shape.
pub fn stack(router: Router, config: &Config) -> Router {
    let envelope = Arc::new(envelope::Envelope::new(config));
    router
        .method_not_allowed_fallback(async || error::of_status(StatusCode::METHOD_NOT_ALLOWED))
        .layer(from_fn_with_state(envelope, envelope::wrap))
}

//! The HTTP layer, which knows no domain: extractors, the error shapes, the envelope around every request, the accept
//! loop, the API document and the page.
//!
//! | file | |
//! |---|---|
//! | [`error`], `family`, `field` | the one error type, its five shapes, and how a bad field is named |
//! | [`json`], [`query`], [`path`] | extractors that refuse with a code |
//! | [`amount`], [`page`], [`time`] | amounts, page sizes and times on the wire |

use axum::http::HeaderValue;

pub mod amount;
pub mod context;
pub mod error;
mod family;
mod field;
pub mod json;
pub mod page;
pub mod path;
pub mod query;
pub mod time;

pub use context::{ClientIp, RequestId};
pub use error::ApiError;
pub use json::{JsonBody, JsonWithRaw, OptionalJsonBody};
pub use path::PathParam;
pub use query::QueryParams;

pub(crate) const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

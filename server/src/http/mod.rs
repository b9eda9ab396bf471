//! The HTTP layer, which knows no domain: extractors, the error shapes, the envelope around every request, the accept
//! loop, the API document and the page.
//!
//! | file | |
//! |---|---|
//! | [`error`], `family`, `field` | the one error type, its five shapes, and how a bad field is named |
//! | [`json`], [`query`], [`path`] | extractors that refuse with a code |
//! | [`amount`], [`page`], [`time`] | amounts, page sizes and times on the wire |
//! | [`account`] | how seed 004 wraps its answers |
//! | `envelope` | what happens around every request |
//! | `request_id`, `client_ip`, `limiter`, `cors`, `compress`, `measure` | its parts |
//! | [`origin`] | the rule for requests that rest on a cookie |
//! | `web` | the page |
//! | `event_stream`, `slots` | server-sent events, and how many a client may have |
//! | `serve`, `connection`, `crowd` | the accept loop |

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use crate::config::Config;

pub mod account;
pub mod amount;
mod client_ip;
mod compress;
mod connection;
pub mod context;
mod cors;
mod crowd;
mod database;
mod envelope;
pub mod error;
pub(crate) mod event_stream;
mod family;
mod field;
pub mod idempotency;
pub mod json;
pub(crate) mod limiter;
mod measure;
pub mod openapi;
pub mod origin;
pub mod page;
pub mod path;
pub mod query;
mod request_id;
pub mod schema;
mod serve;
mod slots;
#[cfg(test)]
mod tests;
pub mod time;
mod web;

pub use context::{ClientIp, RequestId};
pub use error::ApiError;
pub use event_stream::StreamSlots;
pub use idempotency::IdempotencyKey;
pub use json::{JsonBody, JsonWithRaw, OptionalJsonBody};
pub(crate) use measure::REQUEST_DURATION;
pub use path::PathParam;
pub use query::QueryParams;
pub use serve::serve;
pub(crate) use web::no_route;

pub(crate) const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Completes a router: the page where no route answers, and what happens around every request.
///
/// Nothing may be added to the router afterwards, because it would stand outside the envelope.
pub fn stack(router: Router, config: &Config) -> Router {
    let web = web::Web::new(config.web_dir.clone(), config.privy.as_ref().map(|privy| &privy.auth_url));
    router
        .fallback(move |method: Method, uri: Uri, headers: HeaderMap| {
            web.clone().answer(method, uri, headers)
        })
        .method_not_allowed_fallback(async || error::of_status(StatusCode::METHOD_NOT_ALLOWED))
        .layer(envelope::EnvelopeLayer::new(config))
}

//! What the envelope tells the handlers about a request.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;

/// Largest body an extractor reads where no envelope said otherwise, in bytes.
const BODY_BYTES_DEFAULT: usize = 64 * 1024;

/// Longest wait for a whole body where no envelope said otherwise.
const BODY_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// The bounds on reading a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    /// Largest body, in bytes.
    pub(crate) bytes: usize,
    /// Longest wait until the last byte.
    pub(crate) timeout: Duration,
}

/// Set by the envelope before any handler runs.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    pub(crate) request_id: Arc<str>,
    pub(crate) client_ip: IpAddr,
    pub(crate) body: BodyLimits,
}

impl RequestContext {
    /// Returns the bounds for this request's body.
    pub(crate) fn body_limits(extensions: &Extensions) -> BodyLimits {
        let default = BodyLimits { bytes: BODY_BYTES_DEFAULT, timeout: BODY_TIMEOUT_DEFAULT };
        extensions.get::<Self>().map_or(default, |context| context.body)
    }
}

/// The address of the client: the peer, or what trusted proxies say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

impl<S: Sync> FromRequestParts<S> for ClientIp {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let ip = parts.extensions.get::<RequestContext>().map(|context| context.client_ip);
        Ok(Self(ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))))
    }
}

/// The id of the request: the client's own where it is well formed, else one made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let id = parts.extensions.get::<RequestContext>().map(|context| Arc::clone(&context.request_id));
        Ok(Self(id.unwrap_or_else(|| Arc::from(""))))
    }
}

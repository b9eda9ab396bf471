//! What happens around every request, in one place and one pass.
//!
//! Before the handler: request id, client address, preflight, rate limit. After it: an error becomes a body in its
//! family's shape, then compression, headers, one measurement and one log line. It is one middleware and not ten,
//! because each layer of a router costs an allocation and an indirection on every request.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use ipnet::IpNet;
use tower::{Layer, Service};

use super::context::{BodyLimits, RequestContext};
use super::cors::{self, Grant};
use super::error::{ApiError, of_status};
use super::family::Family;
use super::limiter::Limiter;
use super::measure::Durations;
use super::request_id::{self, RequestIds};
use super::{APPLICATION_JSON, client_ip, compress};
use crate::config::{Config, Cors};
use crate::id::OsEntropy;

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const DATA_ONLY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The route of a request that no template matches.
const UNMATCHED: &str = "unmatched";

/// What the envelope needs to know, once for the whole server.
#[derive(Debug)]
struct Envelope {
    cors: Cors,
    trusted_proxies: Vec<IpNet>,
    limiter: Limiter,
    body: BodyLimits,
    request_timeout: Duration,
    is_https: bool,
    ids: RequestIds,
    durations: Durations,
}

/// What is known about a request after its head was read.
struct Call {
    started: Instant,
    request_id: Arc<str>,
    client_ip: IpAddr,
    method: Method,
    route: Option<MatchedPath>,
    family: Family,
    grant: Grant,
    accept_encoding: Option<HeaderValue>,
}

impl Envelope {
    fn new(config: &Config) -> Self {
        Self {
            cors: config.cors.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            limiter: Limiter::new(config.rates),
            body: BodyLimits {
                bytes: config.limits.body_bytes,
                timeout: Duration::from_millis(config.limits.body_timeout_ms),
            },
            request_timeout: Duration::from_millis(config.limits.request_timeout_ms),
            is_https: config.public_url.as_ref().is_some_and(|url| url.scheme() == "https"),
            ids: RequestIds::new(&OsEntropy),
            durations: Durations::default(),
        }
    }

    fn read_head(&self, request: &Request) -> Call {
        let headers = request.headers();
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Call {
            started: Instant::now(),
            request_id: self.ids.of(headers),
            client_ip: client_ip::find(
                peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
                headers,
                &self.trusted_proxies,
            ),
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            family: Family::of_path(request.uri().path()),
            grant: Grant::of(&self.cors, headers),
            accept_encoding: headers.get(header::ACCEPT_ENCODING).cloned(),
        }
    }

    /// Answers without the handler, where it must not run.
    fn intercept(&self, call: &Call, request: &Request) -> Option<Response> {
        if cors::is_preflight(&call.method, request.headers()) {
            return Some(cors::preflight(&call.grant));
        }
        if is_unlimited(&call.method, call.route.as_ref().map(MatchedPath::as_str)) {
            return None;
        }
        let wait_s = self.limiter.check(request.uri().path(), client_ip::limit_key(call.client_ip)).err()?;
        let message = format!("Too many requests from your address; wait {wait_s} s.");
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message);
        Some(error.retry_after_s(wait_s).into_response())
    }

    /// Waits for the handler, but not for ever, and not for one that panics.
    async fn wait(&self, handler: impl Future<Output = Result<Response, Infallible>>) -> Response {
        match tokio::time::timeout(self.request_timeout, AssertUnwindSafe(handler).catch_unwind()).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(never))) => match never {},
            // The panic hook has logged where and why.
            Ok(Err(_panic)) => ApiError::internal("the handler panicked").into_response(),
            Err(_elapsed) => {
                let message = "The server took too long to answer. Read the state again before repeating a change, or \
                               repeat it with the same idempotency key.";
                ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", message)
                    .retry_after_s(1)
                    .into_response()
            }
        }
    }

    /// Adds what every answer carries.
    fn stamp(&self, call: &Call, headers: &mut HeaderMap) {
        call.grant.apply(headers);
        if let Ok(id) = HeaderValue::from_str(&call.request_id) {
            headers.insert(request_id::HEADER, id);
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(DATA_ONLY);
        headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
        if self.is_https {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
        }
    }

    /// Turns what a handler answered into what the client gets.
    async fn finish(&self, call: &Call, response: Response) -> Response {
        let (response, error) = render(response, call);
        let mut response = compress::apply(response, call.accept_encoding.clone()).await;
        self.stamp(call, response.headers_mut());
        self.note(call, response.status(), error.as_ref());
        response
    }

    fn note(&self, call: &Call, status: StatusCode, error: Option<&ApiError>) {
        let took = call.started.elapsed();
        let route = call.route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
        self.durations.record(&call.method, route, status, took);
        let cause = error.and_then(ApiError::cause_text);
        if status.is_server_error() {
            let code = error.map_or("internal", ApiError::code);
            let cause = cause.as_deref().unwrap_or("unknown");
            tracing::error!(request_id = &*call.request_id, route, code, cause, "a request failed");
        } else if let Some(cause) = cause.as_deref() {
            tracing::debug!(request_id = &*call.request_id, route, cause, "a request was refused");
        }
        tracing::info!(
            request_id = &*call.request_id,
            method = call.method.as_str(),
            route,
            status = status.as_u16(),
            duration_ms = took.as_secs_f64() * 1e3,
            client_ip = %call.client_ip,
            code = error.map(ApiError::code),
            "request"
        );
    }
}

/// Puts an envelope around every route of a router.
#[derive(Debug, Clone)]
pub(crate) struct EnvelopeLayer(Arc<Envelope>);

impl EnvelopeLayer {
    pub(crate) fn new(config: &Config) -> Self {
        Self(Arc::new(Envelope::new(config)))
    }
}

impl<S> Layer<S> for EnvelopeLayer {
    type Service = Enveloped<S>;

    fn layer(&self, inner: S) -> Enveloped<S> {
        Enveloped { envelope: Arc::clone(&self.0), inner }
    }
}

/// A route in its envelope. It is a service of its own and not a function made into one, since that costs every request
/// two more allocations.
#[derive(Debug, Clone)]
pub(crate) struct Enveloped<S> {
    envelope: Arc<Envelope>,
    inner: S,
}

impl<S> Service<Request> for Enveloped<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let envelope = Arc::clone(&self.envelope);
        let call = envelope.read_head(&request);
        if let Some(response) = envelope.intercept(&call, &request) {
            return Box::pin(async move { Ok(envelope.finish(&call, response).await) });
        }
        let context = RequestContext {
            request_id: Arc::clone(&call.request_id),
            client_ip: call.client_ip,
            body: envelope.body,
        };
        request.extensions_mut().insert(context);
        let handler = self.inner.call(request);
        Box::pin(async move {
            let response = envelope.wait(handler).await;
            Ok(envelope.finish(&call, response).await)
        })
    }
}

/// Gives an error its body, and an explanation to a bare error status.
fn render(mut response: Response, call: &Call) -> (Response, Option<ApiError>) {
    let status = response.status();
    let carried = response.extensions_mut().remove::<ApiError>();
    let error = match carried {
        Some(error) => error,
        None if (status.is_client_error() || status.is_server_error()) && is_bare(&response) => {
            of_status(status)
        }
        None => return (response, None),
    };
    let body = error_body(&error, call);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, APPLICATION_JSON);
    headers.remove(header::CONTENT_LENGTH);
    if let Some(seconds) = error.wait_s() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    *response.body_mut() = body;
    (response, Some(error))
}

fn error_body(error: &ApiError, call: &Call) -> Body {
    if call.method == Method::HEAD {
        return Body::empty();
    }
    Body::from(call.family.render(error, &call.request_id))
}

/// Tells whether an error status has no body of ours: none at all, or the framework's plain sentence.
fn is_bare(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    response.body().size_hint().exact() == Some(0)
        || content_type.is_none_or(|value| value.as_bytes().starts_with(b"text/plain"))
}

/// Tells whether a request is free: health checks, the page and the API document.
fn is_unlimited(method: &Method, route: Option<&str>) -> bool {
    match route {
        None => matches!(*method, Method::GET | Method::HEAD),
        Some(route) => matches!(route, "/health" | "/ready") || route.starts_with("/apidoc"),
    }
}

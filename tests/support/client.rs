//! Requests as a client sends them, and answers as it reads them: text first, so that no digit of an amount is lost.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::app::TestApp;

/// Someone who sends requests, always with the same headers, from the same address.
#[derive(Debug, Clone)]
pub struct Client {
    app: TestApp,
    headers: HeaderMap,
    peer: SocketAddr,
}

impl Client {
    /// Returns a client without a token that connects from 127.0.0.1.
    #[must_use]
    pub fn new(app: TestApp) -> Self {
        Self { app, headers: HeaderMap::new(), peer: SocketAddr::from(([127, 0, 0, 1], 50_000)) }
    }

    /// Adds a header to every request.
    ///
    /// # Panics
    ///
    /// When it is no header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header's value is visible ASCII");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    /// Presents a token in every request.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Connects from another address.
    #[must_use]
    pub const fn from_peer(mut self, peer: SocketAddr) -> Self {
        self.peer = peer;
        self
    }

    /// Returns the server that this client talks to.
    #[must_use]
    pub const fn app(&self) -> &TestApp {
        &self.app
    }

    /// Reads a path.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path, Body::empty())).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send_json(Method::POST, path, body.into()).await
    }

    /// Puts JSON.
    pub async fn put(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send_json(Method::PUT, path, body.into()).await
    }

    /// Deletes, with JSON that says how.
    pub async fn delete(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send_json(Method::DELETE, path, body.into()).await
    }

    /// Posts JSON with an idempotency key.
    ///
    /// # Panics
    ///
    /// When the key is no header value.
    pub async fn post_once(&self, key: &str, path: &str, body: impl Into<Body>) -> Answer {
        self.clone().with("idempotency-key", key).post(path, body).await
    }

    /// Sends JSON by any method.
    ///
    /// # Panics
    ///
    /// When the path is none.
    pub async fn send_json(&self, method: Method, path: &str, body: Body) -> Answer {
        let mut request = self.request(method, path, body);
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.send(request).await
    }

    /// Makes a request with this client's headers and no other.
    ///
    /// # Panics
    ///
    /// When the path is none.
    #[must_use]
    pub fn request(&self, method: Method, path: &str, body: Body) -> Request<Body> {
        let mut request =
            Request::builder().method(method).uri(path).body(body).expect("the path is well formed");
        *request.headers_mut() = self.headers.clone();
        request
    }

    /// Sends a request as it is, from this client's address.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.send_for_bytes(request).await).await
    }

    /// As [`Client::send`], for answers that are not text, or do not end.
    pub async fn send_for_bytes(&self, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.app.send_for_bytes(request).await
    }
}

/// What a client got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("an in-process body arrives whole").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("these answers are text");
        Self { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    /// Insists on a status.
    ///
    /// # Panics
    ///
    /// With the answer's text, when the status is another.
    #[must_use]
    #[track_caller]
    pub fn ok(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Insists on a refusal in the shape of seed 000: the seed's code in `error`, the stable one in `code`, a sentence in
    /// `message`, and the request's id.
    ///
    /// # Panics
    ///
    /// With the answer's text, when it is anything else.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        let shown = format!("{} {}", self.status, self.text);
        assert_eq!(self.status, status, "{shown}");
        let body = self.json();
        assert_eq!(body["code"], code, "{shown}");
        assert!(body["error"].as_str().is_some_and(is_code), "{shown}");
        assert!(body["message"].as_str().is_some_and(is_sentence), "{shown}");
        let id = body["request_id"].as_str();
        assert_eq!(id, self.header("x-request-id"), "{shown}");
        assert!(id.is_some(), "{shown}");
    }

    /// Insists on a refusal in the shape of seed 004: its words in `error`, a sentence in `message`, the stable code.
    ///
    /// # Panics
    ///
    /// With the answer's text, when it is anything else.
    #[track_caller]
    pub fn refused_in_account(&self, status: u16, code: &str, error: &str) {
        let shown = format!("{} {}", self.status, self.text);
        assert_eq!(self.status, status, "{shown}");
        let body = self.json();
        assert_eq!(
            (&body["success"], &body["code"], &body["error"]),
            (&false.into(), &code.into(), &error.into()),
            "{shown}"
        );
        assert!(body["message"].as_str().is_some_and(is_sentence), "{shown}");
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"), "{shown}");
    }

    /// Returns a header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Reads the body as JSON. Amounts lose digits in it: compare their `_units`, or use [`Answer::raw`].
    ///
    /// # Panics
    ///
    /// With the answer's text, when it is not JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {} {}", self.status, self.text))
    }

    /// Returns the exact JSON text at a path such as `quote.amount_out` or `items.0.amount`.
    ///
    /// # Panics
    ///
    /// With the answer's text, when nothing stands there.
    #[must_use]
    #[track_caller]
    pub fn raw(&self, path: &str) -> String {
        let mut here = self.text.clone();
        for step in path.split('.') {
            here = child(&here, step).unwrap_or_else(|| panic!("no {step} of {path} in {}", self.text));
        }
        here
    }

    /// Returns the text of the JSON string at a path.
    ///
    /// # Panics
    ///
    /// With the answer's text, when no string stands there.
    #[must_use]
    #[track_caller]
    pub fn string(&self, path: &str) -> String {
        serde_json::from_str(&self.raw(path))
            .unwrap_or_else(|_| panic!("{path} is no string in {}", self.text))
    }

    /// Returns the base units at a path, whose last step ends in `_units`.
    ///
    /// # Panics
    ///
    /// With the answer's text, when no whole number stands there as a string.
    #[must_use]
    #[track_caller]
    pub fn units(&self, path: &str) -> u64 {
        self.string(path).parse().unwrap_or_else(|_| panic!("{path} are no base units in {}", self.text))
    }
}

fn child(text: &str, step: &str) -> Option<String> {
    let raw = match step.parse::<usize>() {
        Ok(index) => serde_json::from_str::<Vec<Box<RawValue>>>(text).ok()?.into_iter().nth(index)?,
        Err(_) => serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(text).ok()?.remove(step)?,
    };
    Some(raw.get().to_owned())
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn is_sentence(text: &str) -> bool {
    text.len() > 5 && text.contains(' ')
}

//! Compression of answers that are worth it.

use std::convert::Infallible;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, Request, Response, header};
use tower::{ServiceExt, service_fn};
use tower_http::compression::Compression;

/// Smaller bodies cost more to compress than they save, in bytes.
const BYTES_MIN: u64 = 1_024;

/// Kinds of content that shrink; pictures and fonts are compressed already.
const TEXTUAL: [&str; 6] = [
    "text/",
    "application/json",
    "application/javascript",
    "application/wasm",
    "image/svg+xml",
    "application/manifest",
];

/// Compresses a body of known size if it is large enough, textual, and the client reads the result.
///
/// Bodies of unknown size are streams, whose pieces must leave at once.
pub(crate) async fn apply(response: Response<Body>, accept_encoding: Option<HeaderValue>) -> Response<Body> {
    match accept_encoding {
        // Boxed, because the state of a compressor would otherwise be part of every request's future.
        Some(accepted) if is_worth_it(&response) => Box::pin(compress(response, accepted)).await,
        _ => response,
    }
}

async fn compress(response: Response<Body>, accept_encoding: HeaderValue) -> Response<Body> {
    let mut request = Request::new(());
    request.headers_mut().insert(header::ACCEPT_ENCODING, accept_encoding);
    let mut answer = Some(response);
    let answer_once = service_fn(move |_request: Request<()>| {
        let response = answer.take().unwrap_or_default();
        async { Ok::<_, Infallible>(response) }
    });
    match Compression::new(answer_once).oneshot(request).await {
        Ok(compressed) => compressed.map(Body::new),
        Err(never) => match never {},
    }
}

fn is_worth_it(response: &Response<Body>) -> bool {
    let is_large = response.body().size_hint().exact().is_some_and(|bytes| bytes >= BYTES_MIN);
    let headers = response.headers();
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    is_large
        && !headers.contains_key(header::CONTENT_ENCODING)
        && TEXTUAL.iter().any(|start| content_type.starts_with(start))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{HeaderValue, Response, header};

    use super::apply;

    fn response(content_type: &'static str, bytes: usize) -> Response<Body> {
        let body = Body::from("x".repeat(bytes));
        Response::builder().header(header::CONTENT_TYPE, content_type).body(body).unwrap()
    }

    async fn encoding(response: Response<Body>, accepted: Option<&'static str>) -> Option<String> {
        let response = apply(response, accepted.map(HeaderValue::from_static)).await;
        response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn only_large_texts_for_willing_clients_are_compressed() {
        let json = "application/json";
        assert_eq!(encoding(response(json, 2_000), Some("gzip, br")).await.as_deref(), Some("br"));
        assert_eq!(encoding(response(json, 2_000), Some("gzip")).await.as_deref(), Some("gzip"));
        assert_eq!(encoding(response(json, 1_000), Some("gzip")).await, None);
        assert_eq!(encoding(response(json, 2_000), None).await, None);
        assert_eq!(encoding(response(json, 2_000), Some("identity")).await, None);
        assert_eq!(encoding(response("image/png", 2_000), Some("gzip")).await, None);
    }

    #[tokio::test]
    async fn a_compressed_body_is_smaller() {
        let response = apply(response("text/html", 5_000), Some(HeaderValue::from_static("gzip"))).await;
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        assert!(bytes.len() < 500, "{}", bytes.len());
    }
}

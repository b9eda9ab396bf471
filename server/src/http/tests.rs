//! The envelope seen from outside: a small router, one request each.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt;

use super::{ApiError, ClientIp, JsonBody, JsonWithRaw, OptionalJsonBody, PathParam, stack};
use crate::config::{Config, Cors, Rate};

#[derive(Debug, Default, Deserialize)]
struct Swap {
    pool_id: u64,
    event: Option<Event>,
}

#[derive(Debug, Deserialize)]
struct Event {
    sig: String,
}

fn router() -> Router {
    Router::new()
        .route("/ok", get(async || "fine"))
        .route("/panic", get(async || -> &'static str { panic!("on purpose") }))
        .route("/slow", get(async || tokio::time::sleep(Duration::from_mins(1)).await))
        .route("/internal", get(async || ApiError::internal(std::io::Error::other("hunter2"))))
        .route("/api/auth/fail", get(async || ApiError::bad_request("no", "No.")))
        .route("/ip", get(async |ClientIp(ip): ClientIp| ip.to_string()))
        .route("/pools/{id}", get(async |PathParam(id): PathParam<u64>| id.to_string()))
        .route(
            "/swap",
            post(async |JsonBody(swap): JsonBody<Swap>| {
                format!("{}{}", swap.pool_id, swap.event.map(|event| event.sig).unwrap_or_default())
            }),
        )
        .route(
            "/optional",
            post(async |OptionalJsonBody(swap): OptionalJsonBody<Swap>| swap.pool_id.to_string()),
        )
        .route(
            "/raw",
            post(async |body: JsonWithRaw<Swap>| format!("{} {}", body.value.pool_id, body.raw.len())),
        )
        .route("/health", get(async || "ok"))
        .route("/auth/verify", post(async || "token"))
}

fn config() -> Config {
    Config::for_tests(Path::new("/nowhere"))
}

async fn send_to(router: Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn send(config: &Config, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    send_to(stack(router(), config), request).await
}

fn get_request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn json_request(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}

/// Sends a request and asserts that it is refused in the default family's shape.
async fn refused(request: Request<Body>, status: StatusCode, code: &str) -> Value {
    let (actual, headers, body) = send(&config(), request).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((actual, body["code"].as_str()), (status, Some(code)), "{body}");
    assert_eq!(body["error"], code);
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()));
    assert_eq!(body["request_id"].as_str().unwrap(), headers["x-request-id"].to_str().unwrap());
    assert_eq!(headers["content-type"], "application/json");
    body
}

#[tokio::test]
async fn every_answer_carries_an_id_and_the_safety_headers() {
    for path in ["/ok", "/panic", "/internal", "/nothing", "/swap"] {
        let (_, headers, _) = send(&config(), get_request(path)).await;
        assert!(!headers["x-request-id"].is_empty(), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert!(
            headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_well_formed_id_comes_back_and_another_does_not() {
    for (given, kept) in [("client-7", true), ("has space", false)] {
        let request = Request::get("/ok").header("x-request-id", given).body(Body::empty()).unwrap();
        let (_, headers, _) = send(&config(), request).await;
        assert_eq!(headers["x-request-id"] == given, kept, "{given}");
    }
}

#[tokio::test]
async fn what_the_router_refuses_has_the_shape_of_an_error() {
    refused(get_request("/nothing"), StatusCode::NOT_FOUND, "route_not_found").await;
    refused(get_request("/swap"), StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed").await;
    refused(get_request("/panic"), StatusCode::INTERNAL_SERVER_ERROR, "internal").await;
    refused(get_request("/pools/x"), StatusCode::BAD_REQUEST, "invalid_path").await;
    let (_, headers, _) = send(&config(), get_request("/swap")).await;
    assert_eq!(headers["allow"], "POST");
}

#[tokio::test]
async fn an_internal_cause_is_not_sent() {
    let body = refused(get_request("/internal"), StatusCode::INTERNAL_SERVER_ERROR, "internal").await;
    assert!(!body.to_string().contains("hunter2"));
}

#[tokio::test]
async fn the_family_of_the_path_shapes_the_error() {
    let (status, _, body) = send(&config(), get_request("/api/auth/fail")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains(r#""success":false"#), "{body}");
    let (_, _, body) = send(&config(), get_request("/api/oauth/nothing")).await;
    assert!(body.contains("error_description"), "{body}");
}

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be_are_named() {
    let bad = StatusCode::BAD_REQUEST;
    refused(json_request("/swap", ""), bad, "invalid_json").await;
    refused(json_request("/swap", "{\"pool_id\":"), bad, "invalid_json").await;
    refused(json_request("/swap", "{\"pool_id\":1} x"), bad, "invalid_json").await;
    refused(json_request("/swap", vec![0xff, 0xfe]), bad, "invalid_json").await;
    refused(json_request("/swap", "[1]"), bad, "invalid_json").await;
    refused(json_request("/swap", "{\"x\":[".repeat(9_000)), bad, "invalid_json").await;
    for (body, field) in [
        ("{}", "pool_id"),
        ("{\"pool_id\":-1}", "pool_id"),
        ("{\"pool_id\":\"1\"}", "pool_id"),
        ("{\"pool_id\":1,\"pool_id\":1}", "pool_id"),
        ("{\"pool_id\":1,\"event\":{}}", "event.sig"),
        ("{\"pool_id\":1,\"event\":{\"sig\":7}}", "event.sig"),
    ] {
        let answer = refused(json_request("/swap", body), bad, "invalid_field").await;
        assert_eq!(answer["field"], field, "{body}");
    }
}

#[tokio::test]
async fn only_json_is_taken_for_json() {
    let typed = |content_type: Option<&str>, path: &str, body: &'static str| {
        let builder = Request::post(path);
        let builder = content_type.map_or(Request::post(path), |text| builder.header("content-type", text));
        builder.body(Body::from(body)).unwrap()
    };
    let unsupported = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    for content_type in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp")]
    {
        refused(typed(content_type, "/swap", "{\"pool_id\":1}"), unsupported, "unsupported_media_type").await;
        refused(typed(content_type, "/optional", "{\"pool_id\":1}"), unsupported, "unsupported_media_type")
            .await;
        let (status, _, body) = send(&config(), typed(content_type, "/optional", "")).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "0"));
    }
    let request = typed(Some("Application/JSON; charset=utf-8"), "/raw", "{\"pool_id\": 1}");
    assert_eq!(send(&config(), request).await.2, "1 14");
}

#[tokio::test]
async fn a_large_body_is_refused_announced_or_not() {
    let large = format!("{{\"pool_id\":1,\"x\":\"{}\"}}", "a".repeat(70_000));
    refused(json_request("/swap", large.clone()), StatusCode::PAYLOAD_TOO_LARGE, "body_too_large").await;
    let pieces = futures_util::stream::iter(vec![Ok::<_, std::io::Error>(large)]);
    let request = json_request("/swap", Body::from_stream(pieces));
    refused(request, StatusCode::PAYLOAD_TOO_LARGE, "body_too_large").await;
    let mut announced = json_request("/swap", "{}");
    announced.headers_mut().insert("content-length", "70000".parse().unwrap());
    refused(announced, StatusCode::PAYLOAD_TOO_LARGE, "body_too_large").await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let pieces = futures_util::stream::iter(vec![Ok("{\"pool"), Err(std::io::Error::other("gone"))]);
    refused(json_request("/swap", Body::from_stream(pieces)), StatusCode::BAD_REQUEST, "body_incomplete")
        .await;
}

#[tokio::test]
async fn what_takes_too_long_ends() {
    let mut config = config();
    (config.limits.request_timeout_ms, config.limits.body_timeout_ms) = (50, 10);
    let (status, _, body) = send(&config, get_request("/slow")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("\"timeout\"") && body.contains("idempotency"), "{body}");
    let never = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let (status, _, body) = send(&config, json_request("/swap", never)).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    assert!(body.contains("\"request_timeout\""), "{body}");
}

#[tokio::test]
async fn the_rate_limit_answers_429_and_spares_health_checks() {
    let mut config = config();
    config.rates.general = Some(Rate { count: 1, per_s: 3_600 });
    config.rates.auth = Some(Rate { count: 1, per_s: 3_600 });
    let router = stack(router(), &config);
    let from = |ip: &str, path: &str, method: Method| {
        let peer: SocketAddr = format!("{ip}:9").parse().unwrap();
        let builder = Request::builder().method(method).uri(path).extension(ConnectInfo(peer));
        send_to(router.clone(), builder.body(Body::empty()).unwrap())
    };
    assert_eq!(from("192.0.2.1", "/ok", Method::GET).await.0, StatusCode::OK);
    let (status, headers, body) = from("192.0.2.1", "/ok", Method::GET).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(body.contains("\"rate_limited\""), "{body}");
    let wait: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3_600).contains(&wait), "{wait}");
    for (ip, path, method) in [
        ("192.0.2.1", "/health", Method::GET),
        ("192.0.2.2", "/ok", Method::GET),
        ("192.0.2.1", "/auth/verify", Method::POST),
    ] {
        assert_eq!(from(ip, path, method).await.0, StatusCode::OK, "{ip} {path}");
    }
    assert_eq!(from("192.0.2.1", "/auth/verify", Method::POST).await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(from("192.0.2.1", "/no-such-file.txt", Method::GET).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_client_is_found_behind_a_trusted_proxy_only() {
    let ip = |trusted: &str| {
        let mut config = config();
        config.trusted_proxies = vec![trusted.parse().unwrap()];
        let peer: SocketAddr = "10.0.0.1:9".parse().unwrap();
        let request =
            Request::get("/ip").extension(ConnectInfo(peer)).header("x-forwarded-for", "203.0.113.9");
        let request = request.body(Body::empty()).unwrap();
        async move { send(&config, request).await.2 }
    };
    assert_eq!(ip("10.0.0.0/8").await, "203.0.113.9");
    assert_eq!(ip("172.16.0.0/12").await, "10.0.0.1");
}

#[tokio::test]
async fn another_page_may_read_errors_too() {
    let origin = "https://a.example";
    let ask = |cors: Cors, method: Method| {
        let mut config = config();
        config.cors = cors;
        let request = Request::builder().method(method).uri("/swap").header("origin", origin);
        let request = request.header("access-control-request-method", "POST").body(Body::empty()).unwrap();
        async move { send(&config, request).await }
    };
    let (status, headers, _) = ask(Cors::Any, Method::GET).await;
    assert_eq!(
        (status, headers["access-control-allow-origin"].as_bytes()),
        (StatusCode::METHOD_NOT_ALLOWED, &b"*"[..])
    );
    let (status, headers, _) = ask(Cors::List(vec![origin.into()]), Method::OPTIONS).await;
    assert_eq!(
        (status, &headers["access-control-allow-origin"]),
        (StatusCode::NO_CONTENT, &origin.parse().unwrap())
    );
    assert!(headers["access-control-allow-headers"].to_str().unwrap().contains("idempotency-key"));
    let (_, headers, _) = ask(Cors::SameOrigin, Method::OPTIONS).await;
    assert!(!headers.contains_key("access-control-allow-origin"));
}

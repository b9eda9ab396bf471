//! Answers around the answer: request ids, headers, errors that no handler made.

use axum::body::Body;
use axum::http::{Method, header};
use postfun_server::config::Cors;
use postfun_tests::{TestApp, on_both_engines};

on_both_engines! {
    async fn every_answer_names_its_request(app: TestApp) {
        let stranger = app.stranger();
        for path in ["/health", "/api/amm/pools", "/auth/me", "/nowhere", "/"] {
            let (first, second) = (stranger.get(path).await, stranger.get(path).await);
            let (one, two) = (first.header("x-request-id").unwrap(), second.header("x-request-id").unwrap());
            assert!(one.len() >= 16 && one != two, "{path}: {one} {two}");
        }
        let given = stranger.clone().with("x-request-id", "abc-123").get("/api/amm/pools").await;
        assert_eq!(given.header("x-request-id"), Some("abc-123"));
        let unfit = stranger.with("x-request-id", &"x".repeat(500)).get("/api/amm/pools").await;
        assert_ne!(unfit.header("x-request-id"), Some(&*"x".repeat(500)), "an id of any length would fill the log");
    }

    async fn unknown_route_and_method_have_the_shape_too(app: TestApp) {
        let stranger = app.stranger();
        for path in ["/api/nowhere", "/auth/nowhere", "/api/amm/pools/1/nothing"] {
            stranger.get(path).await.refused(404, "route_not_found");
        }
        for (method, path) in [(Method::DELETE, "/api/amm/pools"), (Method::PUT, "/auth/verify"), (Method::GET, "/api/amm/swap")] {
            let answer = stranger.send(stranger.request(method, path, Body::empty())).await;
            answer.refused(405, "method_not_allowed");
            assert!(answer.header("allow").is_some(), "{path}");
        }
    }

    async fn bodies_must_say_that_they_are_json(app: TestApp) {
        let stranger = app.stranger();
        for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("multipart/form-data")] {
            let mut request = stranger.request(Method::POST, "/auth/verify", Body::from("{}"));
            if let Some(content_type) = content_type {
                request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
            }
            stranger.send(request).await.refused(415, "unsupported_media_type");
        }
        let mut with_charset = stranger.request(Method::POST, "/auth/challenge", Body::from("{}"));
        with_charset.headers_mut().insert(header::CONTENT_TYPE, "application/json; charset=utf-8".parse().unwrap());
        let _understood = stranger.send(with_charset).await.ok(201);
    }

    async fn browser_is_told_to_trust_little(app: TestApp) {
        let data = app.stranger().get("/api/amm/pools").await.ok(200);
        assert_eq!(data.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(data.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
        let page = app.stranger().get("/").await;
        let policy = page.header("content-security-policy").expect("a page has a policy");
        assert!(policy.contains("'wasm-unsafe-eval'"), "the page runs the core: {policy}");
        assert!(!policy.contains("'unsafe-inline'") && !policy.contains("'unsafe-eval'"), "{policy}");
    }

    async fn pages_of_others_get_what_the_settings_say(app: TestApp) {
        let other = |app: &TestApp| app.stranger().with("origin", "https://app.example");
        let cross = other(&app).get("/api/amm/pools").await.ok(200);
        assert_eq!(cross.header("access-control-allow-origin"), Some("*"));
        assert_eq!(cross.header("access-control-allow-credentials"), None, "never together with a star");
        let closed = app.reconfigured(|config| config.cors = Cors::SameOrigin).await;
        let cross = other(&closed).get("/api/amm/pools").await.ok(200);
        assert_eq!(cross.header("access-control-allow-origin"), None);
        let listed = app.reconfigured(|config| config.cors = Cors::List(vec!["https://app.example".to_owned()])).await;
        let cross = other(&listed).get("/api/amm/pools").await.ok(200);
        assert_eq!(cross.header("access-control-allow-origin"), Some("https://app.example"));
        let unlisted = listed.stranger().with("origin", "https://evil.example").get("/api/amm/pools").await.ok(200);
        assert_eq!(unlisted.header("access-control-allow-origin"), None);
    }

    async fn answers_shrink_for_those_who_can_read_them(app: TestApp) {
        let listening = app.listen().await;
        let url = format!("http://{}/apidoc/openapi.json", listening.address);
        let plain = curl(&["--silent", &url]).await;
        for coding in ["gzip", "br"] {
            let header = format!("accept-encoding: {coding}");
            let packed = curl(&["--silent", "--header", &header, &url]).await;
            assert!(packed.len() * 3 < plain.len(), "{coding}: {} of {} bytes", packed.len(), plain.len());
        }
        listening.stop().await;
    }
}

async fn curl(arguments: &[&str]) -> Vec<u8> {
    let output =
        tokio::process::Command::new("curl").args(arguments).output().await.expect("curl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

//! Whether the server lives, what it offers, and its own description.

use std::collections::BTreeSet;

use postfun_tests::{TestApp, on_both_engines};

on_both_engines! {
    async fn health_satisfies_every_seed(app: TestApp) {
        let health = app.stranger().get("/health").await.ok(200).json();
        assert_eq!((&health["status"], &health["database"]["connected"]), (&"ok".into(), &true.into()));
        let engine = if app.engine == postfun_tests::Engine::Sqlite { "sqlite" } else { "postgres" };
        assert_eq!(health["database"]["type"], engine);
        assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
        assert!(health["timestamp"].as_str().unwrap().starts_with("2026-01-01T00:00:00"), "{health}");
        let _ready = app.stranger().get("/ready").await.ok(200);
    }

    async fn lost_database_is_told(app: TestApp) {
        let failing = app.reconfigured(|_| {}).await;
        let user = app.user(1).await;
        failing.app.db.close().await;
        assert_eq!(failing.stranger().get("/health").await.status, 503);
        assert_eq!(failing.stranger().get("/ready").await.status, 503);
        let answer = failing.stranger().with_token(&user.token).get("/api/amm/balances").await;
        assert!(answer.status >= 500, "{} {}", answer.status, answer.text);
        let shown = answer.text.to_lowercase();
        for leak in ["sqlx", "pool", "select", "panicked", ".rs"] {
            assert!(!shown.contains(leak), "{leak} in {}", answer.text);
        }
    }

    async fn page_learns_what_it_needs(app: TestApp) {
        let config = app.stranger().get("/api/config").await.ok(200).json();
        assert_eq!((&config["name"], &config["domain"]), (&"postfun".into(), &"postfun".into()));
        assert_eq!(config["login"]["kinds"], serde_json::json!([22242, 27235, 1]));
        assert_eq!(config["login"]["ttl_seconds"], 600);
        assert_eq!(config["features"]["lightning"], false);
        assert!(config["privy"].is_null());
        let config = app.with_privy().await.stranger().get("/api/config").await.ok(200).json();
        let expected = serde_json::json!({"app_id": "cmtestapp000000000000000", "auth_url": "https://auth.privy.io"});
        assert_eq!(config["privy"], expected);
    }

    async fn description_names_every_route_and_only_those(app: TestApp) {
        let demo = app.reconfigured(|config| config.demo = true).await;
        let (plain, demo) = (described_paths(&app).await, described_paths(&demo).await);
        let expected = [
            "/api/amm/airdrop", "/api/amm/balances", "/api/amm/pools", "/api/amm/pools/{id}",
            "/api/amm/pools/{id}/burns", "/api/amm/pools/{id}/checkpoints", "/api/amm/pools/{id}/head",
            "/api/amm/pools/{id}/history",
            "/api/amm/pools/{id}/stream", "/api/amm/pools/{id}/trades", "/api/amm/quote", "/api/amm/swap", "/api/config",
            "/api/lightning/balance", "/api/lightning/deposit", "/api/lightning/invoices", "/api/lightning/invoices/{id}",
            "/api/lightning/webhook", "/api/lightning/withdraw", "/api/lightning/withdrawals",
            "/api/lightning/withdrawals/{id}", "/api/me/identities", "/api/me/identities/challenge",
            "/api/me/identities/unlink", "/api/me/stream", "/api/tokens", "/auth/challenge", "/auth/logout", "/auth/me",
            "/auth/verify", "/health", "/ready",
        ];
        // Those of seed 004 are in the table of `access`.
        let others: BTreeSet<_> = plain.iter().filter(|path| !crate::access::is_about(path)).collect();
        assert_eq!(others, expected.map(str::to_owned).iter().collect());
        let only_demo = ["lightning/decide", "lightning/invoice", "lightning/settle", "lightning/trouble", "starter-grant"];
        let only_demo = only_demo.map(|path| format!("/api/demo/{path}"));
        assert_eq!(demo.difference(&plain).cloned().collect::<Vec<_>>(), only_demo);
    }

    async fn description_can_be_browsed(app: TestApp) {
        let answer = app.stranger().get("/apidoc/").await.ok(200);
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{:?}", answer.headers);
    }
}

async fn described_paths(app: &TestApp) -> BTreeSet<String> {
    let document = app.stranger().get("/apidoc/openapi.json").await.ok(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    document["paths"].as_object().unwrap().keys().cloned().collect()
}

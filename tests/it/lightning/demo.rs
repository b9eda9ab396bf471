//! The demo's own node: deposits that anybody may pay, somebody elsewhere to pay, and bad days on request.

use postfun_server::config::BackendConfig;
use postfun_tests::{TestApp, User, on_both_engines};
use serde_json::json;

use super::{balance, deposit, withdraw, withdrawal};

async fn demo(app: &TestApp) -> (TestApp, User) {
    let demo = app
        .reconfigured(|config| {
            config.demo = true;
            config.lightning.backend = BackendConfig::Simulated;
            config.lightning.network = postfun_core::bolt11::Network::Regtest;
        })
        .await;
    let user = demo.user(1).await;
    (demo, user)
}

async fn poll_after_s(app: &TestApp, seconds: i64) {
    app.clock.advance_ms(seconds * 1_000);
    app.app.lightning.poll().await.unwrap();
}

async fn fund(app: &TestApp, user: &User, amount_sats: u64) {
    let invoice = deposit(user, amount_sats).await;
    let body = json!({"payment_hash": invoice.string("payment_hash")}).to_string();
    let answer = user.post("/api/demo/lightning/settle", body.clone()).await.ok(200);
    assert_eq!(answer.raw("settled_now"), "true");
    let again = user.post("/api/demo/lightning/settle", body).await.ok(200);
    assert_eq!(again.raw("settled_now"), "false");
    poll_after_s(app, 1).await;
}

async fn invoice_elsewhere(user: &User, amount_sats: u64) -> String {
    let body = json!({"amount_sats": amount_sats}).to_string();
    user.post("/api/demo/lightning/invoice", body).await.ok(201).string("payment_request")
}

async fn plan(user: &User, trouble: &str) {
    let body = json!({"next_payment": trouble}).to_string();
    let _ok = user.post("/api/demo/lightning/trouble", body).await.ok(200);
}

on_both_engines! {
    async fn deposit_that_somebody_pays_arrives_and_a_withdrawal_leaves(app: TestApp) {
        let (demo, user) = demo(&app).await;
        fund(&demo, &user, 5_000).await;
        assert_eq!(balance(&user).await, (5_000_000, 0));
        let bolt11 = invoice_elsewhere(&user, 2_000).await;
        let answer = withdraw(&user, &bolt11, 2_000).await.ok(201);
        // One sat and a thousandth, as the node charges.
        assert_eq!((answer.string("status"), answer.string("fee_msat")), ("confirmed".into(), "3000".into()));
        assert_eq!(balance(&user).await, (2_997_000, 0));
        let reconciliation = postfun_server::lightning::reconcile(&demo.app.db, demo.app.lightning.backend().unwrap()).await.unwrap().unwrap();
        assert_eq!((reconciliation.surplus_msat(), reconciliation.in_flight), (0, 0), "{reconciliation}");
    }

    async fn bad_days_of_the_node_lose_nothing(app: TestApp) {
        let (demo, user) = demo(&app).await;
        fund(&demo, &user, 50_000).await;
        let mut paid_msat = 0;
        for (trouble, status) in [
            ("refuse", "failed"),
            ("answer_lost", "confirmed"),
            ("order_lost", "confirmed"),
            ("hang", "confirmed"),
            ("hang", "failed"),
        ] {
            plan(&user, trouble).await;
            let bolt11 = invoice_elsewhere(&user, 1_000).await;
            let answer = withdraw(&user, &bolt11, 1_000).await;
            let id = answer.string("id");
            if trouble == "hang" {
                poll_after_s(&demo, 600).await;
                let hash = withdrawal(&user, &id).await;
                assert_eq!(hash.string("status"), "pending");
                let end = if status == "failed" { "fail" } else { "settle" };
                let body = json!({"payment_hash": hash.string("payment_hash"), "end": end}).to_string();
                let _ok = user.post("/api/demo/lightning/decide", body).await.ok(200);
            }
            poll_after_s(&demo, 600).await;
            assert_eq!(withdrawal(&user, &id).await.string("status"), status, "{trouble}");
            paid_msat += if status == "confirmed" { 1_002_000 } else { 0 };
            assert_eq!(balance(&user).await, (50_000_000 - paid_msat, 0), "{trouble}");
        }
    }

    async fn nobody_can_settle_what_is_not_there(app: TestApp) {
        let (demo, user) = demo(&app).await;
        let path = "/api/demo/lightning/settle";
        let missing = json!({"payment_hash": "ab".repeat(32)}).to_string();
        user.post(path, missing.clone()).await.refused(404, "invoice_not_found");
        user.post(path, r#"{"payment_hash":"x"}"#).await.refused(400, "invalid_payment_hash");
        demo.stranger().post(path, missing).await.refused(401, "missing_bearer_token");
        for amount in ["0", "100000001"] {
            let body = format!(r#"{{"amount_sats":{amount}}}"#);
            user.post("/api/demo/lightning/invoice", body).await.refused(400, "invalid_amount");
        }
        let invoice = deposit(&user, 5).await;
        demo.clock.advance_ms(3_601_000);
        let body = json!({"payment_hash": invoice.string("payment_hash")}).to_string();
        user.post(path, body).await.refused(400, "invoice_expired");
    }

    async fn server_that_is_no_demo_has_no_such_routes(app: TestApp) {
        let user = app.user(1).await;
        for route in ["settle", "invoice", "trouble", "decide"] {
            let path = format!("/api/demo/lightning/{route}");
            user.post(&path, "{}").await.refused(404, "route_not_found");
        }
    }

    async fn provider_without_a_key_that_pays_takes_no_withdrawal(app: TestApp) {
        let node = postfun_tests::Node::new(app.clock.clone());
        let app = app.with_node(&node, |config| {
            let url = "http://127.0.0.1:1".parse().unwrap();
            let second = std::time::Duration::from_secs(1);
            config.lightning.backend = BackendConfig::Lnbits(postfun_server::config::LnbitsConfig {
                api_url: url,
                invoice_key: postfun_server::config::Secret::new("invoice-key"),
                admin_key: None,
                connect_timeout: second,
                timeout: second,
            });
        }).await;
        let user = app.user(1).await;
        let bolt11 = node.foreign_invoice(1, Some(1), 60);
        withdraw(&user, &bolt11, 1).await.refused(500, "lightning_not_configured");
        let config = user.get("/api/config").await.ok(200);
        assert_eq!((config.raw("lightning.can_deposit"), config.raw("lightning.can_withdraw")), ("true".into(), "false".into()));
    }
}

//! Whatever cannot be a deposit or a withdrawal: the seed's error, a stable code, no row, no call to the provider.

use postfun_core::bolt11::Network;
use postfun_tests::{TestApp, on_both_engines};
use serde_json::json;

use super::{Scene, fund, withdraw};

/// Bodies that name no amount of sats, with the code that says so.
const AMOUNTS: [(&str, &str); 10] = [
    ("0", "amount_must_be_positive"),
    ("-1", "amount_must_be_positive"),
    ("1.5", "invalid_amount"),
    ("1.0", "invalid_amount"),
    ("1e3", "invalid_amount"),
    ("\"100\"", "invalid_amount"),
    ("true", "invalid_amount"),
    ("[]", "invalid_amount"),
    ("{}", "invalid_amount"),
    ("99999999999999999999999999", "amount_over_limit"),
];

on_both_engines! {
    async fn impossible_deposits_leave_nothing(app: TestApp) {
        let scene = Scene::new(&app).await;
        let before = scene.app.row_counts().await;
        let path = "/api/lightning/deposit";
        for (amount, code) in AMOUNTS {
            let body = format!(r#"{{"amount_sats":{amount}}}"#);
            scene.user.post(path, body).await.refused(400, code);
        }
        for (body, code) in [
            ("{}".to_owned(), "amount_required"),
            (r#"{"amount_sats":null}"#.to_owned(), "amount_required"),
            (json!({"amount_sats": 1, "memo": "x".repeat(640)}).to_string(), "memo_too_long"),
            (json!({"amount_sats": 1, "memo": "two\nlines\u{0}"}).to_string(), "invalid_memo"),
            (json!({"amount_sats": 1, "memo": 7}).to_string(), "invalid_field"),
            ("[]".to_owned(), "invalid_json"),
        ] {
            let answer = scene.user.post(path, body).await;
            assert_eq!(answer.status, 400, "{}", answer.text);
            assert!(answer.string("code") == code || code == "invalid_json", "{code}: {}", answer.text);
        }
        scene.app.stranger().post(path, r#"{"amount_sats":1}"#).await.refused(401, "missing_bearer_token");
        assert_eq!(scene.app.row_counts().await, before);
        assert_eq!(scene.node.calls(), 0);
    }

    async fn impossible_withdrawals_leave_nothing(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 10_000).await;
        let node = &scene.node;
        let good = node.foreign_invoice(1, Some(100), 60);
        let amountless = node.foreign_invoice(2, None, 60);
        let mainnet = node.invoice_of_network(3, 100, Network::Mainnet);
        let mut damaged = good.clone();
        damaged.replace_range(30..31, if &good[30..31] == "q" { "p" } else { "q" });
        let (before, calls) = (scene.app.row_counts().await, node.calls());
        for (bolt11, amount_sats, code) in [
            (good.as_str(), 99, "amount_mismatch"),
            (good.as_str(), 101, "amount_mismatch"),
            (good.as_str(), 1, "amount_mismatch"),
            (amountless.as_str(), 100, "amountless_invoice"),
            (mainnet.as_str(), 100, "network_mismatch"),
        ] {
            withdraw(&scene.user, bolt11, amount_sats).await.refused(400, code);
        }
        for text in [damaged.as_str(), "", "lnbc", "not an invoice", "https://example.org", &"l".repeat(50_000)] {
            let answer = withdraw(&scene.user, text, 100).await;
            assert_eq!((answer.status, answer.string("error")), (400, "invalid_bolt11".to_owned()), "{}", answer.text);
        }
        for (amount, code) in AMOUNTS {
            let body = format!(r#"{{"bolt11":"{good}","amount_sats":{amount}}}"#);
            let answer = scene.user.post("/api/lightning/withdraw", body).await;
            let expected = if code == "amount_over_limit" { "amount_mismatch" } else { code };
            answer.refused(400, expected);
        }
        let body = json!({"bolt11": good}).to_string();
        scene.user.post("/api/lightning/withdraw", body).await.refused(400, "amount_required");
        app.clock.advance_ms(60_000);
        withdraw(&scene.user, &good, 100).await.refused(400, "invoice_expired");
        assert_eq!(scene.app.row_counts().await, before);
        assert_eq!(node.calls(), calls);
    }

    async fn limits_hold_for_each_and_for_a_day(app: TestApp) {
        let scene = Scene::with(&app, |limits| {
            limits.deposit_sats_max = 1_000;
            limits.withdraw_sats_max = 400;
            limits.withdraw_sats_daily_max = 700;
        })
        .await;
        let body = json!({"amount_sats": 1_001}).to_string();
        scene.user.post("/api/lightning/deposit", body).await.refused(400, "amount_over_limit");
        fund(&scene, &scene.user, 1_000).await;
        fund(&scene, &scene.user, 1_000).await;
        let user = &scene.user;
        let pay = |number, sats| {
            let bolt11 = scene.node.foreign_invoice(number, Some(sats), 3_600);
            async move { withdraw(user, &bolt11, sats).await }
        };
        pay(1, 401).await.refused(400, "amount_over_limit");
        let _paid = pay(2, 400).await.ok(201);
        let over = pay(3, 301).await;
        over.refused(400, "daily_limit_reached");
        assert_eq!(over.raw("left_sats"), "300");
        let _paid = pay(4, 300).await.ok(201);
        app.clock.advance_ms(86_400_001);
        let user = scene.app.user(1).await;
        let bolt11 = scene.node.foreign_invoice(5, Some(400), 3_600);
        let _paid = withdraw(&user, &bolt11, 400).await.ok(201);
    }

    async fn fee_above_the_cap_is_refused_before_anything_is_sent(app: TestApp) {
        let scene = Scene::with(&app, |limits| limits.fee_sats_max = Some(5)).await;
        fund(&scene, &scene.user, 10_000).await;
        scene.node.set_reserve_msat(5_001);
        let bolt11 = scene.node.foreign_invoice(1, Some(100), 3_600);
        let before = scene.app.row_counts().await;
        let answer = withdraw(&scene.user, &bolt11, 100).await;
        answer.refused(400, "fee_over_cap");
        assert_eq!((answer.raw("fee_reserve_sats"), answer.raw("fee_cap_sats")), ("6".to_owned(), "5".to_owned()));
        assert_eq!(scene.app.row_counts().await, before);
        scene.node.set_reserve_msat(5_000);
        let _paid = withdraw(&scene.user, &bolt11, 100).await.ok(201);
    }

    async fn ids_of_others_look_like_missing_ones(app: TestApp) {
        let scene = Scene::new(&app).await;
        let other = scene.app.user(2).await;
        let invoice = super::deposit(&scene.user, 5).await;
        let id = invoice.string("id");
        for id in [id.as_str(), &id.to_uppercase(), "1", "x", "00000000-0000-0000-0000-000000000000", &"9".repeat(5_000)] {
            other.get(&format!("/api/lightning/invoices/{id}")).await.refused(404, "invoice_not_found");
            other.get(&format!("/api/lightning/withdrawals/{id}")).await.refused(404, "withdrawal_not_found");
        }
    }

    async fn server_without_a_provider_says_so(app: TestApp) {
        let user = app.user(1).await;
        let body = r#"{"amount_sats":1}"#;
        user.post("/api/lightning/deposit", body).await.refused(500, "lightning_not_configured");
        let body = r#"{"bolt11":"lnbc1","amount_sats":1}"#;
        user.post("/api/lightning/withdraw", body).await.refused(500, "lightning_not_configured");
        let _balance = user.get("/api/lightning/balance").await.ok(200);
    }
}

//! Deposits: credited once, whoever notices first.

use futures_util::future::{join, join_all};
use postfun_tests::{TestApp, on_both_engines};
use serde_json::json;

use super::{Scene, balance, deposit};

on_both_engines! {
    async fn invoice_has_the_shape_of_the_seed(app: TestApp) {
        let scene = Scene::new(&app).await;
        let body = json!({"amount_sats": 10_000, "memo": "coffee"}).to_string();
        let invoice = scene.user.post("/api/lightning/deposit", body).await.ok(201);
        let keys: Vec<String> = invoice.json().as_object().unwrap().keys().cloned().collect();
        let expected = ["amount_sats", "created_at", "credited", "expires_at", "id", "memo", "paid_at",
            "payment_hash", "payment_request", "status", "user_id"];
        assert_eq!(keys, expected);
        let json = invoice.json();
        assert_eq!((&json["status"], &json["credited"], &json["memo"]), (&json!("pending"), &json!(false), &json!("coffee")));
        assert_eq!((&json["amount_sats"], &json["user_id"]), (&json!(10_000), &json!(scene.user.id)));
        assert!(invoice.string("payment_request").starts_with("lnbcrt100u1"), "{}", invoice.text);
        assert_eq!(invoice.string("expires_at"), "2026-01-01T01:00:00.000000Z");
        let balance = scene.user.get("/api/lightning/balance").await.ok(200);
        assert_eq!((balance.raw("balance_sats"), balance.string("asset")), ("0".to_owned(), "BTC".to_owned()));
    }

    async fn paid_invoice_is_credited_once_under_a_hundred_polls(app: TestApp) {
        let scene = Scene::new(&app).await;
        let invoice = deposit(&scene.user, 1_234).await;
        let path = format!("/api/lightning/invoices/{}", invoice.string("id"));
        assert_eq!(scene.user.get(&path).await.ok(200).string("status"), "pending");
        scene.node.receive(&invoice.string("payment_hash"));
        let answers = join_all((0..100).map(|_| scene.user.get(&path))).await;
        for answer in &answers {
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        let last = scene.user.get(&path).await.ok(200);
        assert_eq!((last.string("status"), last.raw("credited")), ("paid".to_owned(), "true".to_owned()));
        assert_eq!(balance(&scene.user).await, (1_234_000, 0));
        scene.poll_after_s(60).await;
        assert_eq!(balance(&scene.user).await, (1_234_000, 0));
    }

    async fn poller_and_polls_on_two_servers_credit_once(app: TestApp) {
        let scene = Scene::new(&app).await;
        let other = app.with_node(&scene.node, |_| {}).await;
        let invoices = join_all((0..8).map(|_| deposit(&scene.user, 10))).await;
        for invoice in &invoices {
            scene.node.receive(&invoice.string("payment_hash"));
        }
        app.clock.advance_ms(5_000);
        let polls = join_all((0..8).map(|turn| {
            let server = if turn % 2 == 0 { &scene.app } else { &other };
            server.app.lightning.poll()
        }));
        let paths = invoices.iter().map(|invoice| format!("/api/lightning/invoices/{}", invoice.string("id")));
        let user = &scene.user;
        let gets = join_all(paths.map(|path| async move { user.get(&path).await.ok(200).status }));
        let (polls, _gets) = join(polls, gets).await;
        assert!(polls.iter().all(Result::is_ok), "{polls:?}");
        assert_eq!(balance(&scene.user).await, (80_000, 0));
    }

    async fn user_who_never_comes_back_is_credited_by_the_poller(app: TestApp) {
        let scene = Scene::new(&app).await;
        let invoice = deposit(&scene.user, 21).await;
        scene.node.receive(&invoice.string("payment_hash"));
        scene.poll_after_s(3).await;
        assert_eq!(balance(&scene.user).await, (21_000, 0));
        let events = scene.user.get("/api/lightning/invoices").await.ok(200);
        assert_eq!(events.string("items.0.status"), "paid");
    }

    async fn webhook_is_a_hint_and_never_believed(app: TestApp) {
        let scene = Scene::new(&app).await;
        let invoice = deposit(&scene.user, 21).await;
        let hash = invoice.string("payment_hash");
        let body = json!({"payment_hash": hash, "status": "success", "paid": true, "amount": 999_000}).to_string();
        let stranger = scene.app.stranger();
        scene.poll_after_s(3).await;
        let calls = scene.node.calls();
        let _ok = stranger.post("/api/lightning/webhook", body.clone()).await.ok(200);
        assert_eq!(scene.node.calls(), calls, "a stranger's hint makes no call by itself");
        scene.poll_after_s(0).await;
        assert_eq!(balance(&scene.user).await, (0, 0));
        scene.node.receive(&hash);
        // LNbits sends JSON that holds JSON.
        let _ok = stranger.post("/api/lightning/webhook", json!(body).to_string()).await.ok(200);
        let _ok = stranger.post("/api/lightning/webhook", body).await.ok(200);
        scene.poll_after_s(0).await;
        assert_eq!(balance(&scene.user).await, (21_000, 0));
        let unknown = json!({"payment_hash": "00".repeat(32)}).to_string();
        let _ok = stranger.post("/api/lightning/webhook", unknown).await.ok(200);
        for nonsense in ["", "null", "{}", r#"{"payment_hash":"zz"}"#, "[1,2"] {
            stranger.post("/api/lightning/webhook", nonsense).await.refused(400, "invalid_webhook");
        }
    }

    async fn invoice_expires_when_the_provider_confirms_it_after_the_grace(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (late, never) = (deposit(&scene.user, 5).await, deposit(&scene.user, 6).await);
        scene.poll_after_s(3_600).await;
        let path = |invoice: &postfun_tests::Answer| format!("/api/lightning/invoices/{}", invoice.string("id"));
        assert_eq!(scene.user.get(&path(&never)).await.ok(200).string("status"), "pending");
        // Paid in the last second, noticed within the grace.
        scene.node.receive(&late.string("payment_hash"));
        scene.node.set_down(true);
        scene.poll_after_s(120).await;
        assert_eq!(scene.user.get(&path(&never)).await.ok(200).string("status"), "pending");
        scene.node.set_down(false);
        scene.poll_after_s(60).await;
        assert_eq!(scene.user.get(&path(&late)).await.ok(200).string("status"), "paid");
        assert_eq!(scene.user.get(&path(&never)).await.ok(200).string("status"), "expired");
        assert_eq!(balance(&scene.user).await, (5_000, 0));
    }

    async fn invoice_that_the_provider_settles_late_is_credited(app: TestApp) {
        let scene = Scene::new(&app).await;
        let invoice = deposit(&scene.user, 5).await;
        let path = format!("/api/lightning/invoices/{}", invoice.string("id"));
        scene.poll_after_s(3_700).await;
        assert_eq!(scene.user.get(&path).await.ok(200).string("status"), "expired");
        scene.node.receive(&invoice.string("payment_hash"));
        scene.poll_after_s(3_700).await;
        assert_eq!(scene.user.get(&path).await.ok(200).string("status"), "paid");
        assert_eq!(balance(&scene.user).await, (5_000, 0));
    }

    async fn what_is_decided_is_looked_at_no_more(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (paid, never) = (deposit(&scene.user, 5).await, deposit(&scene.user, 6).await);
        scene.node.receive(&paid.string("payment_hash"));
        scene.poll_after_s(3).await;
        for _hours in 0..30 {
            scene.poll_after_s(3_600).await;
        }
        let calls = scene.node.calls();
        for invoice in [&paid, &never] {
            let hint = json!({"payment_hash": invoice.string("payment_hash")}).to_string();
            let _ok = scene.app.stranger().post("/api/lightning/webhook", hint).await.ok(200);
        }
        for _minutes in 0..10 {
            scene.poll_after_s(60).await;
        }
        // The hint about the one that was never paid is worth one look.
        assert_eq!(scene.node.calls(), calls + 1);
    }

    async fn provider_that_is_down_changes_nothing(app: TestApp) {
        let scene = Scene::new(&app).await;
        let invoice = deposit(&scene.user, 5).await;
        scene.node.set_down(true);
        let body = json!({"amount_sats": 5}).to_string();
        let refused = scene.user.post("/api/lightning/deposit", body).await;
        refused.refused(502, "lnbits_unreachable");
        assert_eq!(refused.string("error"), "lnbits_error");
        let path = format!("/api/lightning/invoices/{}", invoice.string("id"));
        assert_eq!(scene.user.get(&path).await.ok(200).string("status"), "pending");
    }

    async fn repeated_key_gets_the_first_invoice(app: TestApp) {
        let scene = Scene::new(&app).await;
        let body = json!({"amount_sats": 7}).to_string();
        let path = "/api/lightning/deposit";
        let first = scene.user.post_once("one", path, body.clone()).await.ok(201);
        let again = scene.user.post_once("one", path, body).await.ok(201);
        assert_eq!((first.text, again.header("idempotent-replayed")), (again.text.clone(), Some("true")));
        let other = json!({"amount_sats": 8}).to_string();
        scene.user.post_once("one", path, other.clone()).await.refused(422, "idempotency_key_reused");
        let at_once = join_all((0..16).map(|_| scene.user.post_once("two", path, other.clone()))).await;
        assert!(at_once.iter().all(|answer| answer.text == at_once[0].text && answer.status == 201));
        let list = scene.user.get("/api/lightning/invoices").await.ok(200);
        assert_eq!(list.json()["items"].as_array().unwrap().len(), 2);
    }

    async fn lists_are_paged_and_private(app: TestApp) {
        let scene = Scene::new(&app).await;
        let other = scene.app.user(2).await;
        let _foreign = deposit(&other, 1).await;
        for sats in 1..=5 {
            app.clock.advance_ms(10);
            let _invoice = deposit(&scene.user, sats).await;
        }
        let first = scene.user.get("/api/lightning/invoices?limit=3").await.ok(200);
        assert_eq!((first.raw("items.0.amount_sats"), first.raw("items.2.amount_sats")), ("5".into(), "3".into()));
        let next = format!("/api/lightning/invoices?limit=3&before={}", first.string("next_before"));
        let second = scene.user.get(&next).await.ok(200);
        assert_eq!(second.json()["items"].as_array().unwrap().len(), 2);
        assert_eq!(second.raw("next_before"), "null");
        scene.user.get("/api/lightning/invoices?limit=0").await.refused(400, "invalid_limit");
        scene.user.get("/api/lightning/invoices?before=x").await.refused(400, "invalid_query");
    }

    async fn database_remembers_where_the_sats_are(app: TestApp) {
        let scene = Scene::new(&app).await;
        super::fund(&scene, &scene.user, 100).await;
        let stranger = scene.node.renamed("elsewhere");
        let refused = app.try_with_node(&stranger, |_| {}).await.expect_err("it must not start");
        assert!(refused.to_string().contains("pay them out first"), "{refused}");
        // Once everybody is paid out, the provider may change.
        let bolt11 = scene.node.foreign_invoice(1, Some(80), 3_600);
        let fee = postfun_tests::node::Behaviour::Settle { fee_msat: 20_000 };
        scene.node.script([fee]);
        assert_eq!(super::withdraw(&scene.user, &bolt11, 80).await.ok(201).string("status"), "confirmed");
        let _moved = app.with_node(&stranger, |_| {}).await;
        assert!(app.try_with_node(&scene.node, |_| {}).await.is_ok(), "nobody holds sats, so back again is fine");
    }
}

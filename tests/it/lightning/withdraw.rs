//! Withdrawals that the provider answers: paid or not, once.

use futures_util::future::join_all;
use postfun_tests::node::Behaviour;
use postfun_tests::{TestApp, on_both_engines};
use serde_json::json;

use super::{Scene, balance, fund, withdraw, withdrawal};

on_both_engines! {
    async fn paid_withdrawal_costs_amount_and_real_fee(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 10_000).await;
        scene.node.script([Behaviour::Settle { fee_msat: 1_500 }]);
        let bolt11 = scene.node.foreign_invoice(1, Some(5_000), 3_600);
        let answer = withdraw(&scene.user, &bolt11, 5_000).await.ok(201);
        let json = answer.json();
        assert_eq!((&json["status"], &json["amount_sats"], &json["user_id"]), (&json!("confirmed"), &json!(5_000), &json!(scene.user.id)));
        // A started sat is a sat; the exact fee stands beside it.
        assert_eq!((&json["fee_sats"], &json["fee_msat"], &json["fee_cap_sats"]), (&json!(2), &json!("1500"), &json!(50)));
        assert!(json["processed_at"].is_string() && json["failure"].is_null(), "{}", answer.text);
        assert_eq!(balance(&scene.user).await, (4_998_500, 0));
        let dressed = format!("Lightning:{}", scene.node.foreign_invoice(2, Some(10), 3_600));
        let _paid = withdraw(&scene.user, &dressed, 10).await.ok(201);
        let same = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!(same.text, answer.text);
    }

    async fn refused_withdrawal_gives_everything_back(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 10_000).await;
        scene.node.script([Behaviour::Fail]);
        let bolt11 = scene.node.foreign_invoice(1, Some(5_000), 3_600);
        let answer = withdraw(&scene.user, &bolt11, 5_000).await;
        answer.refused(502, "withdraw_failed");
        assert_eq!(balance(&scene.user).await, (10_000_000, 0));
        let failed = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!((failed.string("status"), failed.string("failure")), ("failed".into(), "payment_failed".into()));
        // What failed for good may be tried again.
        assert_eq!(withdraw(&scene.user, &bolt11, 5_000).await.ok(201).string("status"), "confirmed");
        assert_eq!(balance(&scene.user).await, (4_999_000, 0));
    }

    async fn fifty_withdrawals_of_a_balance_that_covers_one_send_one(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 1_020).await;
        let invoices: Vec<String> =
            (0..50).map(|number| scene.node.foreign_invoice(number, Some(1_000), 3_600)).collect();
        let answers = join_all(invoices.iter().map(|bolt11| withdraw(&scene.user, bolt11, 1_000))).await;
        let (paid, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!(paid.len(), 1);
        for answer in refused {
            answer.refused(400, "insufficient_funds");
            assert!(answer.json()["balance_sats"].is_u64(), "{}", answer.text);
        }
        assert_eq!(scene.node.orders().len(), 1);
        assert_eq!(balance(&scene.user).await, (19_000, 0));
    }

    async fn same_invoice_twice_at_once_is_one_payment(app: TestApp) {
        let scene = Scene::new(&app).await;
        let other = app.with_node(&scene.node, |_| {}).await;
        fund(&scene, &scene.user, 10_000).await;
        let elsewhere = other.user(1).await;
        let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 3_600);
        // Of one user, on two servers, the second time in capitals.
        let loud = bolt11.to_uppercase();
        let answers = join_all((0..10).map(|turn| {
            let user = if turn % 2 == 0 { &scene.user } else { &elsewhere };
            withdraw(user, if turn % 3 == 0 { &loud } else { &bolt11 }, 1_000)
        }))
        .await;
        let first = answers[0].string("id");
        for answer in &answers {
            assert_eq!((answer.status, answer.string("id")), (201, first.clone()), "{}", answer.text);
        }
        assert_eq!(scene.node.orders().len(), 1);
        assert_eq!(balance(&scene.user).await, (8_999_000, 0));
    }

    async fn two_users_cannot_pay_one_invoice(app: TestApp) {
        let scene = Scene::new(&app).await;
        let users = join_all((2..6).map(|number| scene.app.user(number))).await;
        for user in &users {
            fund(&scene, user, 2_000).await;
        }
        let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 3_600);
        let answers = join_all(users.iter().map(|user| withdraw(user, &bolt11, 1_000))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.refused(409, "conflict");
            assert!(!answer.text.contains("pending") && answer.json()["id"].is_null(), "{}", answer.text);
        }
        assert_eq!(scene.node.orders().len(), 1);
    }

    async fn repeated_key_gets_the_withdrawal_as_it_stands(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 10_000).await;
        let path = "/api/lightning/withdraw";
        let body = |number| {
            let bolt11 = scene.node.foreign_invoice(number, Some(1_000), 60);
            json!({"bolt11": bolt11, "amount_sats": 1_000}).to_string()
        };
        let paid = body(1);
        let first = scene.user.post_once("paid", path, paid.clone()).await.ok(201);
        // Long after the invoice has expired.
        app.clock.advance_ms(3_600_000);
        let again = scene.user.post_once("paid", path, paid).await.ok(201);
        assert_eq!((first.text, again.header("idempotent-replayed")), (again.text.clone(), Some("true")));
        scene.node.script([Behaviour::Fail]);
        let failing = body(2);
        scene.user.post_once("failed", path, failing.clone()).await.refused(502, "withdraw_failed");
        scene.user.post_once("failed", path, failing).await.refused(502, "withdraw_failed");
        scene.user.post_once("failed", path, body(3)).await.refused(422, "idempotency_key_reused");
        assert_eq!(scene.node.orders().len(), 2);
        assert_eq!(balance(&scene.user).await, (8_999_000, 0));
    }

    async fn fee_above_the_hold_is_the_operators_loss(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 2_000).await;
        scene.node.script([Behaviour::Settle { fee_msat: 50_000 }]);
        let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 3_600);
        let answer = withdraw(&scene.user, &bolt11, 1_000).await.ok(201);
        assert_eq!(answer.string("fee_msat"), "50000");
        // Twenty sats of the fifty, as promised.
        assert_eq!(balance(&scene.user).await, (980_000, 0));
    }

    async fn whole_balance_can_leave_when_the_cap_is_zero(app: TestApp) {
        let scene = Scene::with(&app, |limits| limits.fee_sats_max = Some(0)).await;
        fund(&scene, &scene.user, 1_000).await;
        scene.node.script([Behaviour::Settle { fee_msat: 3_000 }]);
        let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 3_600);
        assert_eq!(withdraw(&scene.user, &bolt11, 1_000).await.ok(201).string("status"), "confirmed");
        assert_eq!(balance(&scene.user).await, (0, 0));
    }

    async fn lists_of_withdrawals_are_paged_and_private(app: TestApp) {
        let scene = Scene::new(&app).await;
        let other = scene.app.user(2).await;
        fund(&scene, &scene.user, 10_000).await;
        for number in 1..=3 {
            app.clock.advance_ms(10);
            let bolt11 = scene.node.foreign_invoice(number, Some(100), 3_600);
            let _paid = withdraw(&scene.user, &bolt11, 100).await.ok(201);
        }
        let list = scene.user.get("/api/lightning/withdrawals?limit=2").await.ok(200);
        let next = format!("/api/lightning/withdrawals?limit=2&before={}", list.string("next_before"));
        let rest = scene.user.get(&next).await.ok(200);
        assert_eq!((list.json()["items"].as_array().unwrap().len(), rest.json()["items"].as_array().unwrap().len()), (2, 1));
        assert_eq!(other.get("/api/lightning/withdrawals").await.ok(200).raw("items"), "[]");
        let path = format!("/api/lightning/withdrawals/{}", list.string("items.0.id"));
        other.get(&path).await.refused(404, "withdrawal_not_found");
    }
}

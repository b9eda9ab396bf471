//! Payments between two users of one server: inside the ledger, without the provider.

use futures_util::future::join_all;
use postfun_server::lightning::reconcile;
use postfun_tests::{TestApp, on_both_engines};

use super::{Scene, balance, deposit, fund, withdraw};

on_both_engines! {
    async fn invoice_of_another_user_is_settled_inside_without_a_fee(app: TestApp) {
        let scene = Scene::new(&app).await;
        let payee = scene.app.user(2).await;
        fund(&scene, &scene.user, 1_000).await;
        let invoice = deposit(&payee, 1_000).await;
        let answer = withdraw(&scene.user, &invoice.string("payment_request"), 1_000).await.ok(201);
        assert_eq!((answer.string("status"), answer.raw("fee_sats"), answer.raw("settled_inside")), ("confirmed".into(), "0".into(), "true".into()));
        assert_eq!((balance(&scene.user).await, balance(&payee).await), ((0, 0), (1_000_000, 0)));
        assert!(scene.node.orders().is_empty());
        let path = format!("/api/lightning/invoices/{}", invoice.string("id"));
        assert_eq!(payee.get(&path).await.ok(200).string("status"), "paid");
        scene.poll_after_s(7_200).await;
        assert_eq!(balance(&payee).await, (1_000_000, 0));
    }

    async fn invoice_that_borrows_a_hash_of_ours_is_refused(app: TestApp) {
        let scene = Scene::new(&app).await;
        let payee = scene.app.user(2).await;
        fund(&scene, &scene.user, 1_000).await;
        let invoice = deposit(&payee, 1_000).await;
        let hash = postfun_core::encoding::hex::decode_array(&invoice.string("payment_hash")).unwrap();
        let forged = scene.node.invoice_with_hash(hash, 1);
        withdraw(&scene.user, &forged, 1).await.refused(400, "invoice_forged");
        let path = format!("/api/lightning/invoices/{}", invoice.string("id"));
        assert_eq!(payee.get(&path).await.ok(200).string("status"), "pending");
        // The original in the dress that wallets give it.
        let dressed = format!("LIGHTNING:{}", invoice.string("payment_request").to_uppercase());
        let _paid = withdraw(&scene.user, &dressed, 1_000).await.ok(201);
        assert_eq!(balance(&payee).await, (1_000_000, 0));
    }

    async fn own_invoice_cannot_pay_itself(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 1_000).await;
        let invoice = deposit(&scene.user, 500).await;
        let before = scene.app.row_counts().await;
        withdraw(&scene.user, &invoice.string("payment_request"), 500).await.refused(400, "self_payment");
        assert_eq!(scene.app.row_counts().await, before);
    }

    async fn many_payers_of_one_invoice_pay_it_once(app: TestApp) {
        let scene = Scene::new(&app).await;
        let payers = join_all((2..10).map(|number| scene.app.user(number))).await;
        for payer in &payers {
            fund(&scene, payer, 100).await;
        }
        let invoice = deposit(&scene.user, 100).await;
        let bolt11 = invoice.string("payment_request");
        let answers = join_all(payers.iter().map(|payer| withdraw(payer, &bolt11, 100))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!(answer.status, 409, "{}", answer.text);
        }
        assert_eq!(balance(&scene.user).await, (100_000, 0));
    }

    async fn invoice_that_was_just_paid_outside_is_not_paid_inside(app: TestApp) {
        let scene = Scene::new(&app).await;
        let payee = scene.app.user(2).await;
        fund(&scene, &scene.user, 1_000).await;
        let invoice = deposit(&payee, 1_000).await;
        scene.node.receive(&invoice.string("payment_hash"));
        let answer = withdraw(&scene.user, &invoice.string("payment_request"), 1_000).await;
        answer.refused(409, "invoice_already_paid");
        assert_eq!((balance(&scene.user).await, balance(&payee).await), ((1_000_000, 0), (1_000_000, 0)));
    }

    async fn second_payment_from_outside_goes_into_suspense(app: TestApp) {
        let scene = Scene::new(&app).await;
        let payee = scene.app.user(2).await;
        fund(&scene, &scene.user, 1_000).await;
        let invoice = deposit(&payee, 1_000).await;
        let _paid = withdraw(&scene.user, &invoice.string("payment_request"), 1_000).await.ok(201);
        scene.node.receive(&invoice.string("payment_hash"));
        // The webhook brings it to light at once; otherwise the look after the invoice's end does.
        let hint = serde_json::json!({"payment_hash": invoice.string("payment_hash")}).to_string();
        for _twice in 0..2 {
            let _ok = scene.app.stranger().post("/api/lightning/webhook", hint.clone()).await.ok(200);
            scene.poll_after_s(1).await;
        }
        assert_eq!(balance(&payee).await, (1_000_000, 0));
        assert_eq!(scene.app.suspense_msat().await, 1_000_000);
        scene.poll_after_s(7_200).await;
        assert_eq!(scene.app.suspense_msat().await, 1_000_000);
    }

    async fn second_payment_is_in_suspense_with_what_arrived(app: TestApp) {
        let scene = Scene::new(&app).await;
        let payee = scene.app.user(2).await;
        fund(&scene, &scene.user, 1_000).await;
        let invoice = deposit(&payee, 1_000).await;
        let _paid = withdraw(&scene.user, &invoice.string("payment_request"), 1_000).await.ok(201);
        // Payers may pay up to twice what is asked for.
        scene.node.receive_other(&invoice.string("payment_hash"), 1_500_000);
        scene.poll_after_s(7_200).await;
        assert_eq!(scene.app.suspense_msat().await, 1_500_000);
        assert_eq!(balance(&payee).await, (1_000_000, 0));
        let backend = scene.app.app.lightning.backend().expect("a node is configured");
        let found = reconcile(&app.app.db, backend).await.expect("the node answers").expect("there were invoices");
        assert_eq!(found.surplus_msat(), 0, "{found}");
        app.assert_books_are_exact().await;
    }

    async fn empty_payer_pays_nothing(app: TestApp) {
        let scene = Scene::new(&app).await;
        let payee = scene.app.user(2).await;
        let invoice = deposit(&payee, 1_000).await;
        let answer = withdraw(&scene.user, &invoice.string("payment_request"), 1_000).await;
        answer.refused(400, "insufficient_funds");
        let path = format!("/api/lightning/invoices/{}", invoice.string("id"));
        assert_eq!(payee.get(&path).await.ok(200).string("status"), "pending");
    }
}

//! The wallet that a database's sats are in: no other one is used while anybody holds some.

use postfun_tests::fake_lnbits::FakeLnbits;
use postfun_tests::node::Behaviour;
use postfun_tests::process::Finished;
use postfun_tests::{TestApp, on_both_engines};
use serde_json::json;

use super::{Scene, balance, deposit, fund, withdraw, withdrawal};

on_both_engines! {
    async fn other_wallet_is_refused_at_start_while_anybody_holds_sats(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 100).await;
        for other in [Some("another"), None] {
            scene.node.set_wallet(other);
            let refused = app.try_with_node(&scene.node, |_| {}).await.expect_err("it must not start").to_string();
            assert!(refused.contains("in the wallet the only one"), "{refused}");
            assert!(refused.contains("configure keys of the old wallet again"), "{refused}");
        }
        // New keys of the old wallet open the old wallet.
        scene.node.set_wallet(Some("the only one"));
        let again = app.with_node(&scene.node, |_| {}).await;
        let _invoice = deposit(&again.user(1).await, 5).await;
    }

    async fn other_wallet_may_be_used_once_everybody_is_paid_out(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 100).await;
        // The operator has lost something at the old wallet, which says nothing about the new one.
        scene.node.script([Behaviour::Settle { fee_msat: 25_000 }]);
        let bolt11 = scene.node.foreign_invoice(1, Some(80), 3_600);
        assert_eq!(withdraw(&scene.user, &bolt11, 80).await.ok(201).string("status"), "confirmed");
        assert_eq!((balance(&scene.user).await, scene.app.operator_loss_msat().await), ((0, 0), 5_000));
        scene.node.set_wallet(Some("another"));
        let moved = app.with_node(&scene.node, |_| {}).await;
        let user = moved.user(1).await;
        let invoice = deposit(&user, 7).await;
        scene.node.receive(&invoice.string("payment_hash"));
        moved.clock.advance_ms(3_000);
        moved.app.lightning.poll().await.unwrap();
        assert_eq!(balance(&user).await, (7_000, 0));
        let backend = moved.app.lightning.backend().unwrap();
        let found = postfun_server::lightning::reconcile(&app.app.db, backend).await.unwrap().unwrap();
        assert_eq!(found.surplus_msat(), 0, "{found}");
        scene.node.set_wallet(Some("the only one"));
        assert!(app.try_with_node(&scene.node, |_| {}).await.is_err(), "now the sats are in the new wallet");
    }

    async fn wallet_that_could_not_be_asked_at_start_is_asked_before_anything_moves(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 2_000).await;
        scene.node.script([Behaviour::SettleUnheard { fee_msat: 0 }]);
        let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 3_600);
        let unknown = withdraw(&scene.user, &bolt11, 1_000).await.ok(201);
        scene.node.set_down(true);
        let late = app.with_node(&scene.node, |_| {}).await;
        let user = late.user(1).await;
        let body = json!({"amount_sats": 5}).to_string();
        user.post("/api/lightning/deposit", body.clone()).await.refused(502, "lnbits_unreachable");
        scene.node.set_down(false);
        scene.node.set_wallet(Some("another"));
        let (rows, calls, orders) = (late.row_counts().await, scene.node.calls(), scene.node.orders().len());
        user.post("/api/lightning/deposit", body.clone()).await.refused(500, "lightning_wallet_changed");
        let other = scene.node.foreign_invoice(2, Some(100), 3_600);
        withdraw(&user, &other, 100).await.refused(500, "lightning_wallet_changed");
        // What is undecided stays so: the other wallet knows nothing of it, and would pay it again.
        late.clock.advance_ms(600_000);
        let _looked = late.app.lightning.poll().await;
        let _looked = late.app.lightning.look_at_failed().await.unwrap();
        assert_eq!(withdrawal(&user, &unknown.string("id")).await.string("status"), "pending");
        assert_eq!((late.row_counts().await, scene.node.calls(), scene.node.orders().len()), (rows, calls, orders));
        scene.node.set_wallet(Some("the only one"));
        late.clock.advance_ms(600_000);
        late.app.lightning.poll().await.unwrap();
        assert_eq!(withdrawal(&user, &unknown.string("id")).await.string("status"), "confirmed");
        let _invoice = deposit(&user, 5).await;
    }

    async fn wallet_is_remembered_as_soon_as_it_tells_its_name(app: TestApp) {
        let nameless = postfun_tests::Node::new(app.clock.clone());
        nameless.set_wallet(None);
        let first = app.with_node(&nameless, |_| {}).await;
        let user = first.user(1).await;
        let invoice = deposit(&user, 5).await;
        nameless.receive(&invoice.string("payment_hash"));
        // As LNbits does, which names a wallet in its payments.
        nameless.set_wallet(Some("first"));
        first.clock.advance_ms(3_000);
        first.app.lightning.poll().await.unwrap();
        assert_eq!(balance(&user).await, (5_000, 0));
        nameless.set_wallet(Some("second"));
        assert!(app.try_with_node(&nameless, |_| {}).await.is_err());
    }

    async fn audit_says_when_the_wallet_was_not_compared(app: TestApp) {
        let scene = Scene::new(&app).await;
        app.run(&["audit"]).await.succeeded();
        fund(&scene, &scene.user, 100).await;
        let fake = FakeLnbits::start().await;
        let elsewhere = fake.settings();
        let mut nobody = elsewhere.clone();
        "http://127.0.0.1:9".clone_into(&mut nobody[0].1);
        for (settings, why) in [(Vec::new(), "no Lightning provider"), (elsewhere, "in the wallet the only one"), (nobody, "cannot be reached")] {
            let audit = async |arguments: &[&str]| {
                let mut command = app.program(arguments);
                command.envs(settings.clone()).env("JWT_SECRET", "only-for-tests-0123456789abcdef0123456789abcdef");
                Finished::of(command).await
            };
            let finished = audit(&["audit"]).await;
            assert_eq!(finished.code, Some(4), "{}{}", finished.out, finished.err);
            assert!(finished.out.contains("NOT compared") && finished.out.contains(why), "{}", finished.out);
            let said = audit(&["audit", "--offline"]).await.succeeded();
            assert!(!said.contains("lightning:"), "{said}");
            // A difference in the books is worse than a wallet that was not seen.
            app.try_statement("UPDATE accounts SET available = available + 1 WHERE available > 0").await.unwrap();
            assert_eq!(audit(&["audit"]).await.code, Some(3));
            assert_eq!(audit(&["audit", "--offline"]).await.code, Some(3));
            app.try_statement("UPDATE accounts SET available = available - 1 WHERE available > 0").await.unwrap();
        }
    }
}

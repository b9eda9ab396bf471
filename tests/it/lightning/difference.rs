//! A provider that moves another amount than it was asked for: nobody's balance suffers, and nothing is silent.

use postfun_tests::node::Behaviour;
use postfun_tests::{TestApp, on_both_engines};

use super::{Scene, balance, deposit, fund, withdraw};

/// Withdraws 1,000 of 2,000 sats from a provider that says it paid another amount, and books are exact afterwards.
async fn pay_other(scene: &Scene, amount_msat: u64) {
    fund(scene, &scene.user, 2_000).await;
    scene.node.script([Behaviour::SettleOther { amount_msat }]);
    let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 3_600);
    let paid = withdraw(&scene.user, &bolt11, 1_000).await.ok(201);
    assert_eq!((paid.string("status"), paid.raw("amount_sats")), ("confirmed".into(), "1000".into()));
    assert_eq!(balance(&scene.user).await, (1_000_000, 0), "the user pays what they ordered");
    scene.app.assert_books_are_exact().await;
}

/// Has an invoice over 5 sats paid with another amount.
async fn receive_other(scene: &Scene, amount_msat: u64) {
    let invoice = deposit(&scene.user, 5).await;
    scene.node.receive_other(&invoice.string("payment_hash"), amount_msat);
    scene.poll_after_s(3).await;
    assert_eq!(balance(&scene.user).await, (5_000, 0), "the user gets what the invoice says");
    scene.app.assert_books_are_exact().await;
}

on_both_engines! {
    async fn payment_of_more_than_was_ordered_is_the_operators_loss(app: TestApp) {
        let scene = Scene::new(&app).await;
        pay_other(&scene, 1_100_001).await;
        assert_eq!((scene.app.operator_loss_msat().await, scene.app.suspense_msat().await), (100_001, 0));
    }

    async fn payment_of_less_than_was_ordered_leaves_the_rest_in_suspense(app: TestApp) {
        let scene = Scene::new(&app).await;
        pay_other(&scene, 1).await;
        assert_eq!((scene.app.operator_loss_msat().await, scene.app.suspense_msat().await), (0, 999_999));
    }

    async fn deposit_of_more_than_its_invoice_leaves_the_rest_in_suspense(app: TestApp) {
        let scene = Scene::new(&app).await;
        receive_other(&scene, 7_001).await;
        assert_eq!((scene.app.operator_loss_msat().await, scene.app.suspense_msat().await), (0, 2_001));
    }

    async fn deposit_of_less_than_its_invoice_is_the_operators_loss(app: TestApp) {
        let scene = Scene::new(&app).await;
        receive_other(&scene, 4_999).await;
        assert_eq!((scene.app.operator_loss_msat().await, scene.app.suspense_msat().await), (1, 0));
    }

    async fn audit_finds_a_difference_that_is_not_booked(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 2_000).await;
        let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 3_600);
        let _paid = withdraw(&scene.user, &bolt11, 1_000).await.ok(201);
        for (change, back) in [
            ("UPDATE lightning_withdrawals SET paid_msat = 999000", "UPDATE lightning_withdrawals SET paid_msat = 1000000"),
            ("UPDATE lightning_invoices SET received_msat = 1999999", "UPDATE lightning_invoices SET received_msat = 2000000"),
        ] {
            app.try_statement(change).await.expect(change);
            let report = postfun_server::audit::run(&app.app.db).await.unwrap();
            assert!(report.to_string().contains("difference of what the provider moved is not booked"), "{report}");
            app.try_statement(back).await.expect(back);
        }
    }
}

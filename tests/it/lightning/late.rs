//! Withdrawals that failed, and what the provider says of them later: an alarm by itself, and never a sat of a user.

use futures_util::future::join_all;
use postfun_server::lightning::{PaymentState, Settlement};
use postfun_tests::node::Behaviour;
use postfun_tests::{TestApp, on_both_engines};
use serde_json::json;

use super::{Scene, balance, fund, withdraw, withdrawal};

const JOB: &str = "lightning-late";
const HOUR_S: i64 = 3_600;

/// Has a withdrawal of 1,000 of 2,000 sats fail; returns its id and payment hash.
async fn failed(scene: &Scene) -> (String, String) {
    fund(scene, &scene.user, 2_000).await;
    scene.node.script([Behaviour::Fail]);
    let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 7_200);
    let answer = withdraw(&scene.user, &bolt11, 1_000).await;
    answer.refused(502, "withdraw_failed");
    let id = answer.string("id");
    let hash = withdrawal(&scene.user, &id).await.string("payment_hash");
    (id, hash)
}

fn paid(fee_msat: u64) -> PaymentState {
    PaymentState::Settled(Settlement { amount_msat: 1_000_000, fee_msat })
}

impl Scene {
    async fn look_after_s(&self, seconds: i64) {
        self.app.clock.advance_ms(seconds * 1_000);
        self.app.run_job(JOB).await;
    }
}

on_both_engines! {
    async fn payment_after_a_failure_is_found_by_itself_and_the_operators_loss(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (id, hash) = failed(&scene).await;
        scene.node.decide(&hash, paid(2_500));
        // Nobody asks, and the poller of what is undecided has nothing to do with it.
        scene.poll_after_s(30).await;
        assert_eq!(scene.app.operator_loss_msat().await, 0);
        scene.look_after_s(60).await;
        assert_eq!(scene.app.operator_loss_msat().await, 1_002_500);
        assert_eq!(balance(&scene.user).await, (2_000_000, 0), "nothing is taken back");
        assert_eq!(withdrawal(&scene.user, &id).await.string("status"), "failed", "an end is an end");
        scene.app.assert_books_are_exact().await;
        let calls = scene.node.calls();
        for _days in 0..40 {
            scene.look_after_s(24 * HOUR_S).await;
        }
        assert_eq!((scene.app.operator_loss_msat().await, scene.node.calls()), (1_002_500, calls));
    }

    async fn invoice_that_was_paid_late_is_never_paid_again(app: TestApp) {
        let scene = Scene::new(&app).await;
        let other = scene.app.user(2).await;
        fund(&scene, &other, 2_000).await;
        let (_id, hash) = failed(&scene).await;
        scene.node.decide(&hash, paid(0));
        scene.look_after_s(60).await;
        let (rows, orders) = (scene.app.row_counts().await, scene.node.orders().len());
        let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 7_200);
        withdraw(&scene.user, &bolt11, 1_000).await.refused(409, "invoice_already_paid");
        withdraw(&other, &bolt11, 1_000).await.refused(409, "conflict");
        assert_eq!((scene.app.row_counts().await, scene.node.orders().len()), (rows, orders));
    }

    async fn second_attempt_that_is_paid_is_no_late_payment(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (_id, hash) = failed(&scene).await;
        let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 7_200);
        assert_eq!(withdraw(&scene.user, &bolt11, 1_000).await.ok(201).string("status"), "confirmed");
        scene.look_after_s(60).await;
        assert_eq!(scene.app.operator_loss_msat().await, 0);
        assert_eq!(balance(&scene.user).await, (999_000, 0));
        // And one that is on its way when the provider pays after all.
        scene.node.script([Behaviour::Fail, Behaviour::KeepPending]);
        let bolt11 = scene.node.foreign_invoice(2, Some(500), 7_200);
        withdraw(&scene.user, &bolt11, 500).await.refused(502, "withdraw_failed");
        let again = withdraw(&scene.user, &bolt11, 500).await.ok(201);
        assert_ne!(again.string("payment_hash"), hash);
        scene.node.decide(&again.string("payment_hash"), PaymentState::Settled(Settlement { amount_msat: 500_000, fee_msat: 0 }));
        scene.look_after_s(60).await;
        assert_eq!(scene.app.operator_loss_msat().await, 0);
        scene.poll_after_s(60).await;
        assert_eq!(balance(&scene.user).await, (499_000, 0));
    }

    async fn two_failures_of_one_invoice_are_one_loss(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (_id, hash) = failed(&scene).await;
        scene.node.script([Behaviour::Fail]);
        let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 7_200);
        withdraw(&scene.user, &bolt11, 1_000).await.refused(502, "withdraw_failed");
        scene.node.decide(&hash, paid(0));
        let other = app.with_node(&scene.node, |_| {}).await;
        scene.app.clock.advance_ms(60_000);
        // Two processes that both take themselves for the leader.
        let looks = join_all([scene.app.app.lightning.look_at_failed(), other.app.lightning.look_at_failed()]).await;
        assert!(looks.iter().all(Result::is_ok), "{looks:?}");
        assert_eq!(scene.app.operator_loss_msat().await, 1_000_000);
    }

    async fn failed_withdrawals_are_looked_at_for_a_week_and_then_no_more(app: TestApp) {
        let scene = Scene::new(&app).await;
        let _failed = failed(&scene).await;
        let calls = scene.node.calls();
        for _half_minutes in 0..130 {
            scene.look_after_s(30).await;
        }
        assert_eq!(scene.node.calls(), calls + 3, "after a minute, ten, and an hour");
        for _hours in 0..(8 * 24) {
            scene.look_after_s(HOUR_S).await;
        }
        assert_eq!(scene.node.calls(), calls + 7, "after six hours, one day, three, and seven");
        for _days in 0..30 {
            scene.look_after_s(24 * HOUR_S).await;
        }
        assert_eq!(scene.node.calls(), calls + 7);
    }

    async fn provider_that_is_down_is_asked_again(app: TestApp) {
        let scene = Scene::new(&app).await;
        let (_id, hash) = failed(&scene).await;
        scene.node.decide(&hash, paid(0));
        scene.node.set_down(true);
        scene.look_after_s(30 * 24 * HOUR_S).await;
        assert_eq!(scene.app.operator_loss_msat().await, 0);
        scene.node.set_down(false);
        scene.look_after_s(600).await;
        assert_eq!(scene.app.operator_loss_msat().await, 1_000_000);
    }

    async fn one_round_asks_about_a_bounded_number(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 1_000).await;
        for number in 0..105 {
            scene.node.script([Behaviour::Fail]);
            let bolt11 = scene.node.foreign_invoice(number, Some(1), 7_200);
            let body = json!({"bolt11": bolt11, "amount_sats": 1}).to_string();
            scene.user.post("/api/lightning/withdraw", body).await.refused(502, "withdraw_failed");
        }
        scene.app.clock.advance_ms(60_000);
        let calls = scene.node.calls();
        assert_eq!(scene.app.app.lightning.look_at_failed().await.unwrap(), 100);
        assert_eq!(scene.app.app.lightning.look_at_failed().await.unwrap(), 5);
        assert_eq!(scene.app.app.lightning.look_at_failed().await.unwrap(), 0);
        assert_eq!(scene.node.calls(), calls + 105);
    }

    async fn what_was_never_sent_is_never_asked_about(app: TestApp) {
        let scene = Scene::new(&app).await;
        fund(&scene, &scene.user, 2_000).await;
        let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 60);
        // Set aside, and not sent before the invoice ended: as by a process that died in between.
        scene.node.script([Behaviour::Lose]);
        let answer = withdraw(&scene.user, &bolt11, 1_000).await.ok(201);
        scene.app.never_sent(&answer.string("id")).await;
        scene.poll_after_s(120).await;
        let ended = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!((ended.string("status"), ended.string("failure")), ("failed".into(), "invoice_expired".into()));
        let calls = scene.node.calls();
        for _hours in 0..30 {
            scene.look_after_s(HOUR_S).await;
        }
        assert_eq!(scene.node.calls(), calls);
    }
}

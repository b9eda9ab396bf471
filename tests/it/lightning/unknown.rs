//! Withdrawals of which the provider does not say what became: nobody guesses.

use std::pin::pin;

use futures_util::future::{Either, join, select};
use postfun_server::lightning::{PaymentState, Settlement};
use postfun_tests::node::Behaviour;
use postfun_tests::{Answer, TestApp, on_both_engines};

use super::{Scene, balance, fund, withdraw, withdrawal};

/// Withdraws 1,000 of 2,000 sats under a behaviour and insists that nobody knows.
async fn undecided(scene: &Scene, behaviour: Behaviour) -> Answer {
    fund(scene, &scene.user, 2_000).await;
    scene.node.script([behaviour]);
    let bolt11 = scene.node.foreign_invoice(1, Some(1_000), 3_600);
    let answer = withdraw(&scene.user, &bolt11, 1_000).await.ok(201);
    assert_eq!((answer.string("status"), answer.string("progress")), ("pending".into(), "unknown".into()));
    assert_eq!(balance(&scene.user).await, (980_000, 1_020_000), "amount and fee cap stay set aside");
    answer
}

on_both_engines! {
    async fn lost_answer_of_a_payment_is_confirmed_once(app: TestApp) {
        let scene = Scene::new(&app).await;
        let answer = undecided(&scene, Behaviour::SettleUnheard { fee_msat: 2_000 }).await;
        let seen = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!((seen.string("status"), seen.string("fee_msat")), ("confirmed".into(), "2000".into()));
        scene.poll_after_s(600).await;
        assert_eq!(balance(&scene.user).await, (998_000, 0));
        assert_eq!(scene.node.orders().len(), 1);
    }

    async fn lost_answer_of_a_refusal_is_refunded_once(app: TestApp) {
        let scene = Scene::new(&app).await;
        let answer = undecided(&scene, Behaviour::FailUnheard).await;
        // While the order may be on the line, a failure that the provider knows of may be an older one's.
        let seen = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!(seen.string("status"), "pending");
        scene.poll_after_s(30).await;
        let seen = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!((seen.string("status"), seen.string("failure")), ("failed".into(), "payment_failed".into()));
        scene.poll_after_s(600).await;
        assert_eq!(balance(&scene.user).await, (2_000_000, 0));
        assert_eq!(scene.node.orders().len(), 1);
    }

    async fn order_that_never_arrived_is_sent_again_and_paid_once(app: TestApp) {
        let scene = Scene::new(&app).await;
        let answer = undecided(&scene, Behaviour::Lose).await;
        let seen = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!(seen.string("status"), "pending", "a 404 is no failure");
        assert_eq!(scene.node.orders().len(), 1, "it may still be on the line");
        scene.poll_after_s(30).await;
        let seen = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!(seen.string("status"), "confirmed");
        assert_eq!(scene.node.orders().len(), 2);
        assert_eq!(balance(&scene.user).await, (999_000, 0));
    }

    async fn late_failure_of_an_older_order_is_not_the_newer_ones(app: TestApp) {
        let scene = Scene::new(&app).await;
        let answer = undecided(&scene, Behaviour::Lose).await;
        app.clock.advance_ms(30_000);
        // Somebody asks what became of the order that was lost, and has to wait for the answer.
        let mut question = scene.node.hold_question();
        let id = answer.string("id");
        let mut look = pin!(withdrawal(&scene.user, &id));
        assert!(matches!(select(&mut look, pin!(question.arrived())).await, Either::Right(_)));
        // Meanwhile it is handed over again, and the lost order turns up after all and fails.
        let mut order = scene.node.hold_order();
        let turn_up = async {
            order.arrived().await;
            let late = PaymentState::Failed { reason: "late".to_owned() };
            scene.node.decide(&answer.string("payment_hash"), late);
            question.go();
            let _seen = look.await;
            order.go();
        };
        let (round, ()) = join(scene.app.app.lightning.poll(), turn_up).await;
        assert!(round.is_ok());
        let seen = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!((seen.string("status"), seen.string("fee_msat")), ("confirmed".into(), "1000".into()));
        assert_eq!(balance(&scene.user).await, (999_000, 0), "what was paid is not given back");
    }

    async fn payment_on_its_way_is_waited_for(app: TestApp) {
        let scene = Scene::new(&app).await;
        let answer = undecided(&scene, Behaviour::KeepPending).await;
        for _hours in 0..3 {
            scene.poll_after_s(20_000).await;
            assert_eq!(balance(&scene.user).await, (980_000, 1_020_000));
        }
        scene.node.decide(&answer.string("payment_hash"), PaymentState::Settled(Settlement { amount_msat: 1_000_000, fee_msat: 0 }));
        scene.poll_after_s(120).await;
        let seen = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!((seen.string("status"), seen.raw("fee_sats")), ("confirmed".into(), "0".into()));
        assert_eq!(balance(&scene.user).await, (1_000_000, 0));
        assert_eq!(scene.node.orders().len(), 1);
    }

    async fn nonsense_and_silence_decide_nothing(app: TestApp) {
        let scene = Scene::new(&app).await;
        let answer = undecided(&scene, Behaviour::SettleUnheard { fee_msat: 0 }).await;
        scene.node.set_nonsense(true);
        scene.poll_after_s(600).await;
        scene.node.set_down(true);
        scene.poll_after_s(600).await;
        let seen = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!((seen.string("status"), seen.string("progress")), ("pending".into(), "unknown".into()));
        assert_eq!(balance(&scene.user).await, (980_000, 1_020_000));
        scene.node.set_nonsense(false);
        scene.node.set_down(false);
        scene.poll_after_s(600).await;
        assert_eq!(withdrawal(&scene.user, &answer.string("id")).await.string("status"), "confirmed");
    }

    async fn refused_repetition_of_a_payment_on_its_way_is_no_failure(app: TestApp) {
        let scene = Scene::new(&app).await;
        let answer = undecided(&scene, Behaviour::Lose).await;
        // The order arrives after all, between the look that missed it and the repetition.
        app.clock.advance_ms(30_000);
        scene.node.script([Behaviour::KeepPending, Behaviour::Fail]);
        scene.app.app.lightning.poll().await.unwrap();
        scene.node.decide(&answer.string("payment_hash"), PaymentState::Pending);
        scene.poll_after_s(60).await;
        assert_eq!(balance(&scene.user).await, (980_000, 1_020_000));
        scene.node.decide(&answer.string("payment_hash"), PaymentState::Settled(Settlement { amount_msat: 1_000_000, fee_msat: 0 }));
        scene.poll_after_s(60).await;
        assert_eq!(balance(&scene.user).await, (1_000_000, 0));
    }

    async fn refusal_of_a_repetition_is_no_failure_while_the_first_order_may_arrive(app: TestApp) {
        let scene = Scene::new(&app).await;
        let answer = undecided(&scene, Behaviour::Lose).await;
        scene.node.script([Behaviour::TurnAway]);
        scene.poll_after_s(60).await;
        assert_eq!(scene.node.orders().len(), 2);
        assert_eq!(withdrawal(&scene.user, &answer.string("id")).await.string("status"), "pending");
        assert_eq!(balance(&scene.user).await, (980_000, 1_020_000));
        // Once nobody can pay the invoice any more, a refusal is the end.
        scene.node.script([Behaviour::TurnAway]);
        scene.poll_after_s(3_700).await;
        let seen = withdrawal(&scene.user, &answer.string("id")).await;
        assert_eq!(seen.string("status"), "failed", "{}", seen.text);
        assert_eq!(balance(&scene.user).await, (2_000_000, 0));
    }

    async fn two_servers_looking_at_once_send_again_once(app: TestApp) {
        let scene = Scene::new(&app).await;
        let other = app.with_node(&scene.node, |_| {}).await;
        let _answer = undecided(&scene, Behaviour::Lose).await;
        app.clock.advance_ms(30_000);
        let polls = futures_util::future::join_all((0..8).map(|turn| {
            let server = if turn % 2 == 0 { &scene.app } else { &other };
            server.app.lightning.poll()
        }))
        .await;
        assert!(polls.iter().all(Result::is_ok), "{polls:?}");
        assert_eq!(scene.node.orders().len(), 2);
        assert_eq!(balance(&scene.user).await, (999_000, 0));
    }
}

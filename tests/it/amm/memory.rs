//! A worker remembers what its last batch left. What changed elsewhere meanwhile is seen all the same.

use postfun_server::clock::{Clock, SystemClock};
use postfun_tests::metrics::Measured;
use postfun_tests::{TestApp, User, on_both_engines};

const SWAP: &str = "/api/amm/swap";

fn sell(amount: &str) -> String {
    format!(r#"{{"pool_id":1,"side":"AtoB","amount_in":{amount}}}"#)
}

/// A user with 1 gBTC, and a worker that remembers them after a few swaps of 0.01.
async fn remembered(app: &TestApp) -> (User, User) {
    let (admin, user) = (app.admin().await, app.user(1).await);
    admin.seed_pool().await;
    admin.airdrop(&user, "gBTC", "1").await;
    for _swap in 0..5 {
        let _swapped = user.post(SWAP, sell("0.01")).await.ok(201);
    }
    (admin, user)
}

on_both_engines! {
    async fn balance_that_grew_elsewhere_is_neither_lost_nor_overlooked(app: TestApp) {
        let (admin, user) = remembered(&app).await;
        admin.airdrop(&user, "gBTC", "5").await;
        let _what_the_old_balance_covers = user.post(SWAP, sell("0.05")).await.ok(201);
        assert_eq!(user.balance_units("gBTC").await, 590_000_000);
        admin.airdrop(&user, "gBTC", "5").await;
        let _what_it_does_not = user.post(SWAP, sell("10")).await.ok(201);
        assert_eq!(user.balance_units("gBTC").await, 90_000_000);
        assert_eq!(app.replay(1).await.swaps(), 7);
    }

    async fn balance_that_was_spent_elsewhere_is_not_spent_again(app: TestApp) {
        let (_admin, user) = remembered(&app).await;
        let beside = app.reconfigured(|_| {}).await;
        let elsewhere = beside.stranger().with_token(&user.token);
        for _swap in 0..5 {
            let _swapped = elsewhere.post(SWAP, sell("0.18")).await.ok(201);
        }
        let refused = user.post(SWAP, sell("0.1")).await;
        refused.refused(400, "insufficient_balance");
        let _rest = user.post(SWAP, sell("0.05")).await.ok(201);
        assert_eq!(user.balance_units("gBTC").await, 0);
        assert_eq!(app.replay(1).await.swaps(), 11);
    }

    async fn workers_that_take_turns_build_on_each_other(app: TestApp) {
        let (_admin, user) = remembered(&app).await;
        let beside = app.reconfigured(|_| {}).await;
        let elsewhere = beside.stranger().with_token(&user.token);
        for turn in 0..40 {
            let client = if turn / 3 % 2 == 0 { &elsewhere } else { &*user };
            let _swapped = client.post(SWAP, sell("0.01")).await.ok(201);
        }
        assert_eq!(user.balance_units("gBTC").await, 55_000_000);
        assert_eq!(app.replay(1).await.swaps(), 45);
    }

    async fn key_that_is_not_looked_up_is_not_carried_out_again(app: TestApp) {
        let (_admin, user) = remembered(&app).await;
        let first = user.post_once("a-key", SWAP, sell("0.01")).await.ok(201);
        let other = user.post_once("a-key", SWAP, sell("0.02")).await;
        other.refused(422, "idempotency_key_reused");
        let again = user.post_once("a-key", SWAP, sell("0.01")).await.ok(201);
        assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &first.text));
        assert_eq!(user.balance_units("gBTC").await, 94_000_000);
    }

    async fn memory_is_used_and_found_out(app: TestApp) {
        app.clock.set_ms(SystemClock.now_ms());
        let server = Measured::start(&app, &[]).await;
        let (admin, user) = (app.admin().await, app.user(1).await);
        admin.seed_pool().await;
        admin.airdrop(&user, "gBTC", "1").await;
        for _swap in 0..5 {
            let _swapped = server.ask(&user.token, "POST", SWAP, &sell("0.01")).await.ok(201);
        }
        // On PostgreSQL a worker has to be busy before it has a connection of its own.
        server.sees("postfun_swap_batches_total{state=\"remembered\"}", |batches| batches > 2.5).await;
        admin.airdrop(&user, "gBTC", "1").await;
        let _swapped = server.ask(&user.token, "POST", SWAP, &sell("0.01")).await.ok(201);
        server.counts("postfun_swap_batches_total{state=\"outdated\"}", 1).await;
        assert_eq!(user.balance_units("gBTC").await, 194_000_000);
        server.stop().await;
    }
}

//! Demo mode: a pool to try and a starter grant, only where it was asked for.

use futures_util::future::join_all;
use postfun_tests::{Answer, TestApp, on_both_engines};

const GRANT: &str = "/api/demo/starter-grant";

on_both_engines! {
    async fn demo_has_the_seeds_pool_from_the_start_once(app: TestApp) {
        for _start in 0..2 {
            let demo = app.reconfigured(|config| config.demo = true).await;
            let pools = demo.stranger().get("/api/amm/pools").await.ok(200);
            assert_eq!(pools.json()["items"].as_array().unwrap().len(), 1);
            assert_eq!(pools.raw("items.0.reserve_a"), "1000");
            assert_eq!(pools.raw("items.0.reserve_b"), "65000000");
            assert_eq!(demo.stranger().get("/api/config").await.ok(200).raw("demo"), "true");
        }
    }

    async fn starter_grant_is_given_once(app: TestApp) {
        let demo = app.reconfigured(|config| config.demo = true).await;
        let user = demo.user(1).await;
        demo.stranger().post(GRANT, "").await.refused(401, "missing_bearer_token");
        let granted = user.post(GRANT, "").await.ok(201);
        let balances = user.get("/api/amm/balances").await.ok(200);
        assert_eq!(granted.raw("items"), balances.raw("items"));
        assert!(user.balance_units("gBTC").await > 0 && user.balance_units("gUSD").await > 0);
        user.post(GRANT, "").await.refused(409, "already_granted");
        assert_eq!(user.get("/api/amm/balances").await.ok(200).text, balances.text);
    }

    async fn twenty_requests_are_one_starter_grant(app: TestApp) {
        let demo = app.reconfigured(|config| config.demo = true).await;
        let user = demo.user(1).await;
        let tasks = (0..20).map(|_| {
            let client = (*user).clone();
            tokio::spawn(async move { client.post(GRANT, "").await })
        });
        let answers: Vec<Answer> = join_all(tasks).await.into_iter().map(|answer| answer.unwrap()).collect();
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.refused(409, "already_granted");
        }
    }

    async fn without_demo_there_is_nothing_of_it(app: TestApp) {
        let user = app.user(1).await;
        user.post(GRANT, "").await.refused(404, "route_not_found");
        assert_eq!(app.stranger().get("/api/config").await.ok(200).raw("demo"), "false");
        assert_eq!(app.stranger().get("/api/amm/pools").await.ok(200).text, r#"{"items":[],"next_after_id":null}"#);
    }
}

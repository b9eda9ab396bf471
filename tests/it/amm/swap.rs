//! Swaps: what they move, what they record, what they refuse.

use postfun_tests::{TestApp, User, on_both_engines};
use serde_json::json;

const ONE_BTC: &str = r#"{"pool_id":1,"side":"AtoB","amount_in":1}"#;

async fn trader(app: &TestApp) -> User {
    let (admin, user) = (app.admin().await, app.user(1).await);
    admin.seed_pool().await;
    admin.airdrop(&user, "gBTC", "10000").await;
    user
}

on_both_engines! {
    async fn swap_moves_exactly_what_it_says(app: TestApp) {
        let user = trader(&app).await;
        let swapped = user.post("/api/amm/swap", ONE_BTC).await.ok(201);
        for (path, text) in [
            ("trade.pool_id", "1"), ("trade.seq", "2"), ("trade.side", r#""AtoB""#), ("trade.amount_in", "1"),
            ("trade.amount_out", "64740.453767"), ("trade.fee_paid", "0.003"),
            ("trade.fee_paid_units", r#""300000""#), ("trade.stage_before", "1"), ("trade.stage", "1"),
            ("trade.created_at", r#""2026-01-01T00:00:00.000000Z""#),
            ("pool.reserve_a", "1000.997"), ("pool.reserve_b", "64935259.546233"), ("pool.seq", "2"),
            ("pool.cumulative_volume_a", "1"), ("pool.cumulative_volume_b", "64740.453767"),
            ("pool.fee_accum_a", "0.003"), ("pool.fee_accum_b", "0"),
            ("quote.amount_out", "64740.453767"), ("quote.fee_amount", "0.003"), ("quote.effective_in", "0.997"),
        ] {
            assert_eq!(swapped.raw(path), text, "{path}");
        }
        assert_eq!(swapped.raw("trade.user_id"), user.id.to_string());
        assert_eq!(swapped.raw("trade.hash"), swapped.raw("pool.head"));
        assert_eq!(user.balance_units("gBTC").await, 999_900_000_000);
        assert_eq!(user.balance_units("gUSD").await, 64_740_453_767);
        let shown = app.stranger().get("/api/amm/pools/1").await.ok(200);
        assert_eq!(shown.text, swapped.raw("pool"));
    }

    async fn unheld_balance_cannot_be_swapped(app: TestApp) {
        let user = trader(&app).await;
        let before = app.row_counts().await;
        for body in [
            json!({"pool_id": 1, "side": "AtoB", "amount_in": "10000.00000001"}),
            json!({"pool_id": 1, "side": "BtoA", "amount_in": "0.01"}),
            json!({"pool_id": 1, "side": "AtoB", "amount_out": "64000000"}),
        ] {
            user.post("/api/amm/swap", body.to_string()).await.refused(400, "insufficient_balance");
        }
        assert_eq!(app.row_counts().await, before, "a refusal leaves no row");
        let _to_the_last_unit =
            user.post("/api/amm/swap", r#"{"pool_id":1,"side":"AtoB","amount_in":10000}"#).await.ok(201);
        assert_eq!(user.balance_units("gBTC").await, 0);
    }

    async fn swap_refuses_what_a_quote_refuses(app: TestApp) {
        let user = trader(&app).await;
        let before = app.row_counts().await;
        for (body, status, code) in [
            (json!({}), 400, "missing_params"),
            (json!({"pool_id": 1}), 400, "missing_params"),
            (json!({"pool_id": 1, "side": "AtoB"}), 400, "missing_params"),
            (json!({"side": "AtoB", "amount_in": 1}), 400, "missing_params"),
            (json!({"pool_id": 9, "side": "AtoB", "amount_in": 1}), 404, "pool_not_found"),
            (json!({"pool_id": 1, "side": "both", "amount_in": 1}), 400, "invalid_side"),
            (json!({"pool_id": 1, "side": "AtoB", "amount_in": 0}), 400, "amount_in_must_be_positive"),
            (json!({"pool_id": 1, "side": "AtoB", "amount_in": "x"}), 400, "amount_malformed"),
            (json!({"pool_id": 1, "side": "AtoB", "amount_in": "1.000000001"}), 400, "amount_precision"),
            (json!({"pool_id": 1, "side": "AtoB", "amount_in": 1, "amount_out": 1}), 400, "missing_params"),
        ] {
            let answer = user.post("/api/amm/swap", body.to_string()).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text);
            answer.refused(status, code);
        }
        app.stranger().post("/api/amm/swap", ONE_BTC).await.refused(401, "missing_bearer_token");
        assert_eq!(app.row_counts().await, before);
    }

    async fn one_swap_may_cross_every_stage_and_burns_at_each(app: TestApp) {
        let user = trader(&app).await;
        let swapped = user.post("/api/amm/swap", r#"{"pool_id":1,"side":"AtoB","amount_in":5000}"#).await.ok(201);
        for (path, text) in [
            ("trade.stage_before", "1"), ("trade.stage", "4"), ("trade.fee_paid", "15"),
            ("trade.burn_amount", "220"), ("trade.burn_amount_units", r#""220000000""#), ("pool.fee_bps", "3.75"),
        ] {
            assert_eq!(swapped.raw(path), text, "{path}");
        }
        let burns = app.stranger().get("/api/amm/pools/1/burns").await.ok(200).json();
        let seen: Vec<_> = burns["items"].as_array().unwrap().iter()
            .map(|b| (b["stage"].as_u64().unwrap(), b["amount_units"].as_str().unwrap().to_owned(), b["symbol"].clone()))
            .collect();
        let expected = [(4, "40000000"), (3, "80000000"), (2, "100000000")];
        assert_eq!(seen, expected.map(|(stage, units)| (stage, units.to_owned(), json!("PFUN"))));
    }

    async fn threshold_is_inclusive_and_the_crossing_trade_pays_the_old_fee(app: TestApp) {
        let user = trader(&app).await;
        let swap = |amount: &str| {
            let body = format!(r#"{{"pool_id":1,"side":"AtoB","amount_in":{amount}}}"#);
            let user = &user;
            async move { user.post("/api/amm/swap", body).await.ok(201) }
        };
        let below = swap("999.9999").await;
        assert_eq!((below.raw("trade.stage"), below.raw("trade.burn_amount")), ("1".to_owned(), "null".to_owned()));
        let crossing = swap("0.0001").await;
        assert_eq!((crossing.raw("trade.stage_before"), crossing.raw("trade.stage")), ("1".to_owned(), "2".to_owned()));
        assert_eq!((crossing.raw("quote.fee_bps"), crossing.raw("pool.fee_bps")), ("30".to_owned(), "15".to_owned()));
        let halved = swap("1").await;
        assert_eq!((halved.raw("quote.fee_bps"), halved.raw("trade.fee_paid")), ("15".to_owned(), "0.0015".to_owned()));
    }

    async fn output_of_token_a_counts_as_volume_too(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        admin.seed_pool().await;
        admin.airdrop(&user, "gUSD", "65000000").await;
        let body = r#"{"pool_id":1,"side":"BtoA","amount_in":65000000}"#;
        let swapped = user.post("/api/amm/swap", body).await.ok(201);
        assert_eq!(swapped.raw("pool.cumulative_volume_a"), swapped.raw("trade.amount_out"));
        assert_eq!(swapped.raw("pool.cumulative_volume_b"), "65000000");
        assert_eq!(swapped.raw("pool.fee_accum_b"), "195000");
    }

    async fn balances_list_every_token_also_at_zero(app: TestApp) {
        let user = app.user(1).await;
        let items = user.get("/api/amm/balances").await.ok(200).json()["items"].as_array().unwrap().clone();
        let symbols: Vec<_> = items.iter().map(|item| item["symbol"].as_str().unwrap()).collect();
        assert!(symbols.starts_with(&["gBTC", "gUSD", "LP-gBTC-gUSD", "PFUN"]), "{symbols:?}");
        for item in &items {
            assert_eq!((&item["amount_units"], &item["held_units"]), (&json!("0"), &json!("0")));
        }
        app.stranger().get("/api/amm/balances").await.refused(401, "missing_bearer_token");
    }
}

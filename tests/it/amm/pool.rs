//! Making pools and reading them.

use postfun_tests::story::SEED_POOL;
use postfun_tests::{TestApp, on_both_engines};
use serde_json::{Value, json};

/// Makes the body of the seed's pool with some members replaced; `null` removes one.
fn seed_pool_with(changes: &Value) -> String {
    let mut body: Value = serde_json::from_str(SEED_POOL).unwrap();
    let members = body.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        members.remove(name);
        if !value.is_null() {
            members.insert(name.clone(), value.clone());
        }
    }
    body.to_string()
}

on_both_engines! {
    async fn seeds_example_makes_the_pool_it_describes(app: TestApp) {
        let admin = app.admin().await;
        let made = admin.post("/api/amm/pools", SEED_POOL).await.ok(201);
        let id = made.raw("id");
        let read = app.stranger().get(&format!("/api/amm/pools/{id}")).await.ok(200);
        assert_eq!(made.text, read.text, "a pool looks the same to its maker and to a stranger");
        for (path, text) in [
            ("token_a_id", "1"), ("token_b_id", "2"), ("symbol_a", r#""gBTC""#), ("symbol_b", r#""gUSD""#),
            ("decimals_a", "8"), ("decimals_b", "6"),
            ("reserve_a", "1000"), ("reserve_a_units", r#""100000000000""#),
            ("reserve_b", "65000000"), ("reserve_b_units", r#""65000000000000""#),
            ("fee_bps", "30"), ("fee_bps_base", "30"), ("stage", "1"),
            ("cumulative_volume_a", "0"), ("cumulative_volume_b_units", r#""0""#),
            ("fee_accum_a", "0"), ("fee_accum_b_units", r#""0""#),
            ("stage1_threshold", "1000"), ("stage2_threshold", "2000"), ("stage3_threshold", "5000"),
            ("stage3_threshold_units", r#""500000000000""#),
            ("burn_token_id", "4"), ("burn_stage1_amount", "100"), ("burn_stage4_amount", "40"),
            ("burn_stage4_amount_units", r#""40000000""#), ("seq", "1"),
            ("created_at", r#""2026-01-01T00:00:00.000000Z""#),
        ] {
            assert_eq!(made.raw(path), text, "{path}");
        }
        // Three crossings; the third amount is the one that no crossing uses.
        let schedule: Vec<_> = (0..3).map(|n| made.units(&format!("burn_schedule.{n}.amount_units"))).collect();
        assert_eq!(schedule, [100_000_000, 80_000_000, 40_000_000]);
        let list = app.stranger().get("/api/amm/pools").await.ok(200);
        assert_eq!(list.raw("items.0"), made.text);
        let replay = app.replay(id.parse().unwrap()).await;
        assert_eq!(made.string("head"), postfun_core::encoding::hex::encode_lower(replay.head()));
    }

    async fn tokens_can_be_named_by_number_or_symbol(app: TestApp) {
        let admin = app.admin().await;
        let by_number = seed_pool_with(&json!({"symbol_a": null, "symbol_b": null, "token_a_id": 1, "token_b_id": 2}));
        let bare = r#"{"symbol_a":"gUSD","symbol_b":"PFUN","reserve_a":"10.5","reserve_b":1e2}"#;
        for body in [by_number, bare.to_owned()] {
            let _made = admin.post("/api/amm/pools", body).await.ok(201);
        }
        let second = app.stranger().get("/api/amm/pools/2").await.ok(200);
        for (path, text) in [
            ("reserve_a", "10.5"), ("reserve_b", "100"), ("fee_bps_base", "30"), ("stage1_threshold", "null"),
            ("stage1_threshold_units", "null"), ("burn_token_id", "null"), ("burn_schedule", "[]"),
        ] {
            assert_eq!(second.raw(path), text, "{path}");
        }
    }

    async fn only_admins_make_pools(app: TestApp) {
        let before = app.row_counts().await;
        app.stranger().post("/api/amm/pools", SEED_POOL).await.refused(401, "missing_bearer_token");
        assert_eq!(app.row_counts().await, before);
        let user = app.user(1).await;
        let before = app.row_counts().await;
        user.post("/api/amm/pools", SEED_POOL).await.refused(403, "forbidden");
        assert_eq!(app.row_counts().await, before);
    }

    async fn impossible_pool_is_refused_and_leaves_nothing(app: TestApp) {
        let admin = app.admin().await;
        let before = app.row_counts().await;
        for (changes, status, code) in [
            (json!({"symbol_a": null}), 400, "token_ids_required"),
            (json!({"symbol_a": null, "symbol_b": null}), 400, "token_ids_required"),
            (json!({"symbol_a": "NOPE"}), 404, "token_a_not_found"),
            (json!({"symbol_b": "gbtc"}), 404, "token_b_not_found"),
            (json!({"symbol_b": null, "token_b_id": 999}), 404, "token_b_not_found"),
            (json!({"symbol_b": "gBTC"}), 400, "same_token"),
            (json!({"symbol_a": "BTC"}), 400, "asset_not_issuable"),
            (json!({"reserve_a": 0}), 400, "invalid_reserve"),
            (json!({"reserve_b": "0.0"}), 400, "invalid_reserve"),
            (json!({"reserve_a": -1}), 400, "amount_negative"),
            (json!({"reserve_a": "1.123456789"}), 400, "amount_precision"),
            (json!({"reserve_a": "92233720368.54775808"}), 400, "amount_out_of_range"),
            (json!({"reserve_a": "many"}), 400, "amount_malformed"),
            (json!({"fee_bps_base": 10_000}), 400, "invalid_fee"),
            (json!({"fee_bps_base": -1}), 400, "invalid_field"),
            (json!({"fee_bps_base": 1.5}), 400, "invalid_field"),
            (json!({"stage1_threshold": 2_000}), 400, "invalid_thresholds"),
            (json!({"stage2_threshold": 0}), 400, "invalid_thresholds"),
            (json!({"stage3_threshold": "1999.99999999"}), 400, "invalid_thresholds"),
        ] {
            let answer = admin.post("/api/amm/pools", seed_pool_with(&changes)).await;
            assert_eq!(answer.status, status, "{changes}: {}", answer.text);
            answer.refused(status, code);
        }
        assert_eq!(app.row_counts().await, before);
    }

    async fn unknown_pool_is_not_found_under_any_name(app: TestApp) {
        let stranger = app.stranger();
        for id in ["1", "0", "999999", "9223372036854775807"] {
            stranger.get(&format!("/api/amm/pools/{id}")).await.refused(404, "pool_not_found");
            stranger.get(&format!("/api/amm/pools/{id}/trades")).await.refused(404, "pool_not_found");
            stranger.get(&format!("/api/amm/pools/{id}/burns")).await.refused(404, "pool_not_found");
        }
        for id in ["-1", "abc", "1.5", "9223372036854775808", "%00", "1%20", "%F0%9F%92%A9"] {
            let answer = stranger.get(&format!("/api/amm/pools/{id}")).await;
            assert!(answer.status == 400 || answer.status == 404, "{id}: {} {}", answer.status, answer.text);
            answer.refused(answer.status, answer.json()["code"].as_str().unwrap());
        }
    }

    async fn empty_list_of_pools_is_a_list(app: TestApp) {
        assert_eq!(app.stranger().get("/api/amm/pools").await.ok(200).text, r#"{"items":[],"next_after_id":null}"#);
    }

    async fn tokens_are_the_seeds_four_in_order(app: TestApp) {
        let tokens = app.stranger().get("/api/tokens").await.ok(200).json();
        let seen: Vec<_> = tokens["items"].as_array().unwrap().iter()
            .map(|t| (t["id"].as_i64().unwrap(), t["symbol"].as_str().unwrap().to_owned(), t["decimals"].as_i64().unwrap()))
            .take(4).collect();
        let expected = [(1, "gBTC", 8), (2, "gUSD", 6), (3, "LP-gBTC-gUSD", 6), (4, "PFUN", 6)];
        assert_eq!(seen, expected.map(|(id, symbol, decimals)| (id, symbol.to_owned(), decimals)));
    }
}

//! Conditions under which a user wants a swap: a least output, a most input, a state, a last moment.

use postfun_tests::{TestApp, User, on_both_engines};
use serde_json::{Value, json};

async fn trader(app: &TestApp) -> User {
    let (admin, user) = (app.admin().await, app.user(1).await);
    admin.seed_pool().await;
    admin.airdrop(&user, "gBTC", "10000").await;
    user
}

fn one_btc(limit: &Value) -> String {
    let mut body = json!({"pool_id": 1, "side": "AtoB", "amount_in": 1});
    body.as_object_mut().unwrap().extend(limit.as_object().unwrap().clone());
    body.to_string()
}

on_both_engines! {
    async fn unmet_condition_refuses_and_moves_nothing(app: TestApp) {
        let user = trader(&app).await;
        let before = (app.row_counts().await, user.balance_units("gBTC").await);
        let now_s = app.now_s();
        for (limit, status, code) in [
            (json!({"min_amount_out": "64740.453768"}), 400, "slippage_too_high"),
            (json!({"max_amount_in": "0.99999999"}), 400, "slippage_too_high"),
            (json!({"max_slippage_bps": 9}), 400, "price_impact_too_high"),
            (json!({"expected_seq": 0}), 409, "stale_state"),
            (json!({"expected_seq": 2}), 409, "stale_state"),
            (json!({"deadline": now_s - 1}), 400, "expired"),
            (json!({"deadline": 0}), 400, "expired"),
        ] {
            let answer = user.post("/api/amm/swap", one_btc(&limit)).await;
            assert_eq!(answer.status, status, "{limit}: {}", answer.text);
            answer.refused(status, code);
        }
        assert_eq!((app.row_counts().await, user.balance_units("gBTC").await), before);
    }

    async fn met_condition_lets_the_swap_through(app: TestApp) {
        let user = trader(&app).await;
        let quoted = user.post("/api/amm/quote", one_btc(&json!({}))).await.ok(200);
        let seq: u64 = quoted.raw("seq").parse().unwrap();
        let limits = json!({
            "min_amount_out": quoted.json()["amount_out"].to_string(), "max_amount_in": 1, "max_slippage_bps": 10,
            "expected_seq": seq, "deadline": app.now_s(),
        });
        let swapped = user.post("/api/amm/swap", one_btc(&limits)).await.ok(201);
        assert_eq!(swapped.raw("trade.amount_out"), quoted.raw("amount_out"));
        // The pool has moved on, so the same conditions do not hold any more.
        user.post("/api/amm/swap", one_btc(&limits)).await.refused(409, "stale_state");
    }

    async fn malformed_condition_is_refused_not_ignored(app: TestApp) {
        let user = trader(&app).await;
        let before = app.row_counts().await;
        for limit in [
            json!({"min_amount_out": "-1"}), json!({"min_amount_out": "1.1234567"}), json!({"min_amount_out": true}),
            json!({"max_amount_in": "lots"}), json!({"max_slippage_bps": -1}), json!({"max_slippage_bps": 10_001}),
            json!({"max_slippage_bps": "5%"}), json!({"expected_seq": -1}), json!({"expected_seq": 1.5}),
            json!({"expected_seq": "1"}), json!({"deadline": "tomorrow"}), json!({"deadline": 1e300}),
        ] {
            let answer = user.post("/api/amm/swap", one_btc(&limit)).await;
            assert!((400..500).contains(&answer.status), "{limit}: {} {}", answer.status, answer.text);
            answer.refused(answer.status, answer.json()["code"].as_str().unwrap());
        }
        assert_eq!(app.row_counts().await, before);
    }
}

//! Quotes: the seed's vectors, exact digits, and agreement with the core and with the swap that follows.

use postfun_core::amm::{Pool, PoolParams, PoolState, Quote, Side, Stage};
use postfun_core::amount::Units;
use postfun_tests::{Answer, TestApp, User, on_both_engines};
use serde_json::json;

fn quote_body(side: &str, amount_in: &str) -> String {
    format!(r#"{{"pool_id":1,"side":"{side}","amount_in":{amount_in}}}"#)
}

async fn trader(app: &TestApp) -> (User, User) {
    let (admin, user) = (app.admin().await, app.user(1).await);
    admin.seed_pool().await;
    admin.airdrop(&user, "gBTC", "10000").await;
    admin.airdrop(&user, "gUSD", "100000000").await;
    (admin, user)
}

/// Rebuilds a pool with the core from what the server shows of it.
fn pool_of(shown: &Answer) -> Pool {
    let units = |path: &str| Units::new(shown.units(path)).unwrap();
    let some = |path: &str| Some(units(path));
    let params = PoolParams {
        reserve_a: Units::new(100_000_000_000).unwrap(),
        reserve_b: Units::new(65_000_000_000_000).unwrap(),
        fee_bps_base: shown.raw("fee_bps_base").parse().unwrap(),
        thresholds: [
            some("stage1_threshold_units"),
            some("stage2_threshold_units"),
            some("stage3_threshold_units"),
        ],
        burns: [
            some("burn_stage1_amount_units"),
            some("burn_stage2_amount_units"),
            some("burn_stage3_amount_units"),
            some("burn_stage4_amount_units"),
        ],
    };
    let state = PoolState {
        reserve_a: units("reserve_a_units"),
        reserve_b: units("reserve_b_units"),
        volume_a: units("cumulative_volume_a_units"),
        volume_b: units("cumulative_volume_b_units"),
        fees_a: units("fee_accum_a_units"),
        fees_b: units("fee_accum_b_units"),
        stage: Stage::new(shown.raw("stage").parse().unwrap()).unwrap(),
    };
    Pool::restore(&params, state).unwrap()
}

fn assert_is(answer: &Answer, quote: &Quote) {
    for (path, expected) in [
        ("amount_in_units", quote.amount_in),
        ("amount_out_units", quote.amount_out),
        ("fee_amount_units", quote.fee),
        ("effective_in_units", quote.effective_in),
    ] {
        assert_eq!(answer.units(path), expected.get(), "{path} in {}", answer.text);
    }
    assert_eq!(answer.raw("price_impact_ppm"), quote.price_impact_ppm.to_string());
}

on_both_engines! {
    async fn quote_gives_the_seeds_figures(app: TestApp) {
        let (_, user) = trader(&app).await;
        for (side, amount_in, fee, effective, out) in [
            ("AtoB", "1", "0.003", "0.997", "64740.453767"),
            ("AtoB", "10", "0.03", "9.97", "641652.722358"),
            ("BtoA", "65000", "195", "64805", "0.99600698"),
        ] {
            let answer = user.post("/api/amm/quote", quote_body(side, amount_in)).await.ok(200);
            for (path, text) in [
                ("pool_id", "1"), ("amount_in", amount_in), ("fee_amount", fee), ("effective_in", effective),
                ("amount_out", out), ("fee_bps", "30"), ("stage", "1"), ("seq", "1"),
            ] {
                assert_eq!(answer.raw(path), text, "{side} {amount_in} {path}");
            }
            assert_eq!(answer.string("side"), side);
        }
    }

    async fn quote_reads_every_way_of_writing_an_amount(app: TestApp) {
        let (_, user) = trader(&app).await;
        let expected = user.post("/api/amm/quote", quote_body("AtoB", "0.5")).await.ok(200).text;
        for same in [r#""0.5""#, "5e-1", "0.50000000", "5E-1", r#""0.500000000000000000""#, r#""\u0030.5""#, "50e-2"] {
            let answer = user.post("/api/amm/quote", quote_body("AtoB", same)).await;
            assert_eq!((answer.status, &answer.text), (200, &expected), "{same}");
        }
    }

    async fn quote_refuses_what_is_no_amount(app: TestApp) {
        let (_, user) = trader(&app).await;
        let before = app.row_counts().await;
        for (amount, code) in [
            ("0", "amount_in_must_be_positive"),
            (r#""0.00000000""#, "amount_in_must_be_positive"),
            ("-1", "amount_negative"),
            ("-0", "amount_negative"),
            ("1.123456789", "amount_precision"),
            ("1e-9", "amount_precision"),
            ("1e99", "amount_out_of_range"),
            ("92233720368.54775808", "amount_out_of_range"),
            (r#""1,5""#, "amount_malformed"),
            (r#""""#, "amount_malformed"),
            (r#"" 1""#, "amount_malformed"),
            (r#""+1""#, "amount_malformed"),
            (r#"".5""#, "amount_malformed"),
            (r#""1_000""#, "amount_malformed"),
            (r#""0x10""#, "amount_malformed"),
            (r#""NaN""#, "amount_malformed"),
            (r#""٣""#, "amount_malformed"),
        ] {
            let answer = user.post("/api/amm/quote", quote_body("AtoB", amount)).await;
            assert_eq!(answer.status, 400, "{amount}: {}", answer.text);
            answer.refused(400, code);
        }
        for amount in ["true", "null", "[1]", "{}", r#"{"$serde_json::private::Number":"5"}"#] {
            let answer = user.post("/api/amm/quote", quote_body("AtoB", amount)).await;
            assert_eq!(answer.status, 400, "{amount}: {}", answer.text);
        }
        assert_eq!(app.row_counts().await, before);
    }

    async fn quote_refuses_what_the_pool_cannot_do(app: TestApp) {
        let (_, user) = trader(&app).await;
        let too_small = r#"{"pool_id":1,"side":"BtoA","amount_in":0.000001}"#;
        user.post("/api/amm/quote", too_small).await.refused(400, "amount_too_small");
        for (body, status, code) in [
            (json!({"pool_id": 1, "side": "AtoB", "amount_out": 65_000_000}), 400, "pool_exhausted"),
            (json!({"pool_id": 1, "side": "AtoB", "amount_out": 0}), 400, "amount_in_must_be_positive"),
            (json!({"pool_id": 1, "side": "atob", "amount_in": 1}), 400, "invalid_side"),
            (json!({"pool_id": 1, "amount_in": 1}), 400, "missing_params"),
            (json!({"pool_id": 2, "side": "AtoB", "amount_in": 1}), 404, "pool_not_found"),
            (json!({"side": "AtoB", "amount_in": 1}), 404, "pool_not_found"),
            (json!({"pool_id": 1, "side": "AtoB"}), 400, "missing_params"),
            (json!({"pool_id": 1, "side": "AtoB", "amount_in": 1, "amount_out": 1}), 400, "missing_params"),
        ] {
            let answer = user.post("/api/amm/quote", body.to_string()).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text);
            answer.refused(status, code);
        }
    }

    async fn quote_needs_a_session(app: TestApp) {
        let (admin, user) = trader(&app).await;
        app.stranger().post("/api/amm/quote", quote_body("AtoB", "1")).await.refused(401, "missing_bearer_token");
        let _quoted = user.post("/api/amm/quote", quote_body("AtoB", "1")).await.ok(200);
        let _logged_out = user.post("/auth/logout", "").await.ok(200);
        let refused = user.post("/api/amm/quote", quote_body("AtoB", "1")).await;
        refused.refused(401, "invalid_or_expired_token");
        let _other_session = admin.post("/api/amm/quote", quote_body("AtoB", "1")).await.ok(200);
    }

    async fn quote_is_what_the_core_computes_in_every_stage(app: TestApp) {
        let (_, user) = trader(&app).await;
        for amount_in in ["999.9999", "0.0001", "1000", "3000.00000001", "1"] {
            let shown = app.stranger().get("/api/amm/pools/1").await.ok(200);
            let pool = pool_of(&shown);
            let quoted = user.post("/api/amm/quote", quote_body("AtoB", "0.12345678")).await.ok(200);
            let units = |n: u64| Units::new(n).unwrap();
            assert_is(&quoted, &pool.quote_exact_in(Side::AtoB, units(12_345_678)).unwrap());
            assert_eq!(quoted.raw("fee_bps"), shown.raw("fee_bps"));
            let body = r#"{"pool_id":1,"side":"BtoA","amount_out":0.00054321}"#;
            let exact_out = user.post("/api/amm/quote", body).await.ok(200);
            assert_is(&exact_out, &pool.quote_exact_out(Side::BtoA, units(54_321)).unwrap());
            let swap = user.post("/api/amm/swap", quote_body("AtoB", amount_in)).await;
            assert_eq!(swap.status, 201, "{}", swap.text);
        }
        let last = app.stranger().get("/api/amm/pools/1").await.ok(200);
        assert_eq!((last.raw("stage"), last.raw("fee_bps")), ("4".to_owned(), "3.75".to_owned()));
    }

    async fn swap_is_what_was_quoted(app: TestApp) {
        let (_, user) = trader(&app).await;
        for body in [
            quote_body("AtoB", "1"),
            quote_body("BtoA", "65000"),
            quote_body("AtoB", "1500.5"),
            r#"{"pool_id":1,"side":"AtoB","amount_out":1000}"#.to_owned(),
            r#"{"pool_id":1,"side":"BtoA","amount_out":"0.00000001"}"#.to_owned(),
        ] {
            let quoted = user.post("/api/amm/quote", body.clone()).await.ok(200);
            let swapped = user.post("/api/amm/swap", body.clone()).await.ok(201);
            for name in ["amount_out", "amount_out_units", "fee_bps", "fee_amount", "effective_in", "effective_in_units"] {
                assert_eq!(quoted.raw(name), swapped.raw(&format!("quote.{name}")), "{name} of {body}");
            }
            for name in ["amount_in", "amount_in_units", "amount_out", "amount_out_units", "side"] {
                assert_eq!(quoted.raw(name), swapped.raw(&format!("trade.{name}")), "{name} of {body}");
            }
            assert_eq!(quoted.raw("stage"), swapped.raw("trade.stage_before"), "{body}");
        }
    }

    async fn exact_out_is_the_smallest_input_that_suffices(app: TestApp) {
        let (_, user) = trader(&app).await;
        for (side, out) in [("AtoB", "1000.000001"), ("BtoA", "0.00000001"), ("AtoB", "64000000")] {
            let body = format!(r#"{{"pool_id":1,"side":"{side}","amount_out":{out}}}"#);
            let exact_out = user.post("/api/amm/quote", body).await.ok(200);
            let enough = exact_out.units("amount_in_units");
            let wanted = if side == "AtoB" { parse(out, 6) } else { parse(out, 8) };
            assert!(exact_out.units("amount_out_units") >= wanted);
            let decimals = if side == "AtoB" { 8 } else { 6 };
            let less = user.post("/api/amm/quote", quote_body(side, &print(enough - 1, decimals))).await;
            assert!(less.status == 400 || less.units("amount_out_units") < wanted, "{}", less.text);
        }
    }
}

fn parse(text: &str, decimals: u8) -> u64 {
    postfun_core::amount::parse(text, postfun_core::amount::Decimals::new(decimals).unwrap()).unwrap().get()
}

fn print(units: u64, decimals: u8) -> String {
    let decimals = postfun_core::amount::Decimals::new(decimals).unwrap();
    postfun_core::amount::format(Units::new(units).unwrap(), decimals)
}

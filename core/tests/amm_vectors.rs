//! The AMM against vectors that were computed elsewhere; the browser package reads the same files.
#![expect(clippy::expect_used, reason = "set-up that fails is a failed test")]

use postfun_core::amm::{Pool, PoolParams, PoolState, Quote, QuoteError, Side, Stage};
use postfun_core::amount::Units;
use serde_json::Value;

fn cases(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).expect("the vector file is JSON");
    file["cases"].as_array().expect("the file lists cases").clone()
}

fn number(value: &Value) -> u64 {
    value.as_str().expect("amounts are strings").parse().expect("amounts are whole numbers")
}

fn units(value: &Value) -> Units {
    Units::new(number(value)).expect("the vector's amount is in range")
}

fn small(value: &Value) -> u64 {
    value.as_u64().expect("small numbers are JSON numbers")
}

fn side(value: &Value) -> Side {
    value.as_str().expect("a side is a string").parse().expect("the vector's side is known")
}

fn stage(value: &Value) -> Stage {
    Stage::new(u8::try_from(small(value)).expect("a small number")).expect("1 to 4")
}

fn pool_of_quote_case(case: &Value) -> Pool {
    let (reserve_a, reserve_b) = (units(&case["reserve_a"]), units(&case["reserve_b"]));
    let params = PoolParams {
        reserve_a,
        reserve_b,
        fee_bps_base: u16::try_from(small(&case["fee_bps_base"])).expect("a small number"),
        thresholds: [None; 3],
        burns: [None; 4],
    };
    let state = PoolState {
        reserve_a,
        reserve_b,
        volume_a: Units::ZERO,
        volume_b: Units::ZERO,
        fees_a: Units::ZERO,
        fees_b: Units::ZERO,
        stage: stage(&case["stage"]),
    };
    Pool::restore(&params, state).expect("the vector's pool is possible")
}

fn figures(quote: &Quote) -> [u64; 7] {
    [
        quote.amount_in.get(),
        quote.fee.get(),
        quote.effective_in.get(),
        quote.amount_out.get(),
        u64::from(quote.price_impact_ppm),
        quote.reserve_in_after.get(),
        quote.reserve_out_after.get(),
    ]
}

#[test]
fn quotes_agree_with_the_vectors() {
    let cases = cases(include_str!("../../tests/vectors/amm_quotes.json"));
    assert!(cases.len() >= 400);
    for case in &cases {
        let pool = pool_of_quote_case(case);
        let (side, amount) = (side(&case["side"]), units(&case["amount"]));
        let quoted = match case["kind"].as_str() {
            Some("exact_in") => pool.quote_exact_in(side, amount),
            _ => pool.quote_exact_out(side, amount),
        };
        let expect = &case["expect"];
        let expected = match expect["error"].as_str() {
            Some(code) => Err(code),
            None => Ok([
                number(&expect["amount_in"]),
                number(&expect["fee"]),
                number(&expect["effective_in"]),
                number(&expect["amount_out"]),
                small(&expect["price_impact_ppm"]),
                number(&expect["reserve_in_after"]),
                number(&expect["reserve_out_after"]),
            ]),
        };
        let found = quoted.as_ref().map(figures).map_err(QuoteError::code);
        assert_eq!(found, expected, "{}", case["name"]);
    }
}

fn params_of_swap_case(pool: &Value) -> PoolParams {
    let optional = |value: &Value| (!value.is_null()).then(|| units(value));
    PoolParams {
        reserve_a: units(&pool["reserve_a"]),
        reserve_b: units(&pool["reserve_b"]),
        fee_bps_base: u16::try_from(small(&pool["fee_bps_base"])).expect("a small number"),
        thresholds: [0, 1, 2].map(|index: usize| optional(&pool["thresholds"][index])),
        burns: [0, 1, 2, 3].map(|index: usize| optional(&pool["burns"][index])),
    }
}

#[test]
fn swaps_stages_and_burns_agree_with_the_vectors() {
    for case in cases(include_str!("../../tests/vectors/amm_swaps.json")) {
        let name = &case["name"];
        let mut pool = Pool::new(&params_of_swap_case(&case["pool"])).expect("the vector's pool is possible");
        for (index, step) in case["swaps"].as_array().expect("a list").iter().enumerate() {
            let before = pool.clone();
            match (pool.swap_exact_in(side(&step["side"]), units(&step["amount_in"])), step["error"].as_str())
            {
                (Err(error), Some(code)) => {
                    assert_eq!(error.code(), code, "{name}, swap {index}");
                    assert_eq!(pool, before, "a refused swap changes nothing");
                }
                (Ok(swap), None) => {
                    let burns: Vec<_> = swap.burns.iter().flatten().collect();
                    let expected = step["burns"].as_array().expect("a list");
                    assert_eq!(swap.quote.fee, units(&step["fee"]), "{name}, swap {index}");
                    assert_eq!(swap.quote.amount_out, units(&step["amount_out"]), "{name}, swap {index}");
                    assert_eq!(swap.stage_after, stage(&step["stage_after"]), "{name}, swap {index}");
                    assert_eq!(burns.len(), expected.len(), "{name}, swap {index}");
                    for (burn, expected) in burns.into_iter().zip(expected) {
                        assert_eq!((burn.stage, burn.amount), (stage(&expected[0]), units(&expected[1])));
                    }
                }
                (found, expected) => panic!("{name}, swap {index}: {found:?}, not {expected:?}"),
            }
        }
        let (state, end) = (pool.state(), &case["end"]);
        let expected = PoolState {
            reserve_a: units(&end["reserve_a"]),
            reserve_b: units(&end["reserve_b"]),
            volume_a: units(&end["volume_a"]),
            volume_b: units(&end["volume_b"]),
            fees_a: units(&end["fees_a"]),
            fees_b: units(&end["fees_b"]),
            stage: stage(&end["stage"]),
        };
        assert_eq!(*state, expected, "{name}");
    }
}

//! Many clients in one pool at the same moment.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use postfun_tests::{Answer, Client, TestApp, User, on_both_engines};

/// How many clients swap at once.
const CLIENTS: u64 = 64;

/// How many swaps of one user may wait for a pool.
const WAITING_PER_USER: usize = 16;

/// What may be refused when everybody swaps what they have, again and again, under conditions.
const INTENDED: [&str; 3] = ["insufficient_balance", "slippage_too_high", "stale_state"];

fn swaps_each() -> u64 {
    if std::env::var_os("POSTFUN_DRILL").is_some() { 100 } else { 6 }
}

/// A client's swaps: both directions, some with conditions that the others' swaps break.
async fn swap_for_a_while(client: Client, number: u64, swaps: u64) -> Vec<Answer> {
    let mut answers = Vec::new();
    for turn in 0..swaps {
        let body = match (number + turn) % 6 {
            0 => r#"{"pool_id":1,"side":"AtoB","amount_in":0.75}"#.to_owned(),
            1 => r#"{"pool_id":1,"side":"BtoA","amount_in":40000}"#.to_owned(),
            2 => r#"{"pool_id":1,"side":"AtoB","amount_out":1234.567891}"#.to_owned(),
            3 => r#"{"pool_id":1,"side":"AtoB","amount_in":0.1,"min_amount_out":6480}"#.to_owned(),
            4 => r#"{"pool_id":1,"side":"AtoB","amount_in":0.1,"expected_seq":1}"#.to_owned(),
            _ => r#"{"pool_id":1,"side":"BtoA","amount_out":"0.5"}"#.to_owned(),
        };
        answers.push(client.post_once(&format!("{number}-{turn}"), "/api/amm/swap", body).await);
    }
    answers
}

async fn sixty_four_traders(app: &TestApp) -> Vec<User> {
    let admin = app.admin().await;
    admin.seed_pool().await;
    let mut users = Vec::new();
    for number in 0..CLIENTS {
        let user = app.user(number).await;
        admin.airdrop(&user, "gBTC", "2").await;
        admin.airdrop(&user, "gUSD", "100000").await;
        users.push(user);
    }
    users
}

/// Every refusal is an intended one; returns how many swaps were carried out.
fn count_swaps(answers: &[Answer]) -> usize {
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
        assert!(INTENDED.contains(&code.as_str()), "{} {}", answer.status, answer.text);
    }
    answers.iter().filter(|answer| answer.status == 201).count()
}

/// The books of one token: what all traders and the pool hold, in base units.
async fn total(app: &TestApp, users: &[User], symbol: &str, letter: char) -> u64 {
    let pool = app.stranger().get("/api/amm/pools/1").await.ok(200);
    let mut sum =
        pool.units(&format!("reserve_{letter}_units")) + pool.units(&format!("fee_accum_{letter}_units"));
    for user in users {
        sum += user.balance_units(symbol).await;
    }
    sum
}

async fn assert_chain_is_whole(app: &TestApp, swaps: usize) {
    let replay = app.replay(1).await;
    assert_eq!(
        usize::try_from(replay.swaps()).unwrap(),
        swaps,
        "one event for each swap that was carried out"
    );
    let shown = app.stranger().get("/api/amm/pools/1").await.ok(200);
    let state = replay.pool().state();
    for (path, units) in [
        ("reserve_a_units", state.reserve_a),
        ("reserve_b_units", state.reserve_b),
        ("fee_accum_a_units", state.fees_a),
        ("fee_accum_b_units", state.fees_b),
        ("cumulative_volume_a_units", state.volume_a),
        ("cumulative_volume_b_units", state.volume_b),
    ] {
        assert_eq!(shown.units(path), units.get(), "{path}");
    }
}

on_both_engines! {
    async fn drill_sixty_four_clients_swap_in_one_pool(app: TestApp) {
        let users = sixty_four_traders(&app).await;
        let before = (total(&app, &users, "gBTC", 'a').await, total(&app, &users, "gUSD", 'b').await);
        let tasks = (0..).zip(&users).map(|(number, user)| {
            tokio::spawn(swap_for_a_while((**user).clone(), number, swaps_each()))
        });
        let answers: Vec<Answer> = join_all(tasks).await.into_iter().flat_map(|answers| answers.unwrap()).collect();
        let swaps = count_swaps(&answers);
        assert!(swaps > 100, "the race must be one: {swaps} swaps");
        assert_chain_is_whole(&app, swaps).await;
        let after = (total(&app, &users, "gBTC", 'a').await, total(&app, &users, "gUSD", 'b').await);
        assert_eq!(after, before, "swaps neither make nor lose a unit");
    }

    async fn drill_two_processes_share_one_pool(app: TestApp) {
        let users = sixty_four_traders(&app).await;
        let beside = app.reconfigured(|_| {}).await;
        let tasks = (0..).zip(&users).map(|(number, user)| {
            let home = if number % 2 == 0 { &app } else { &beside };
            tokio::spawn(swap_for_a_while(home.stranger().with_token(&user.token), number, swaps_each().min(10)))
        });
        let answers: Vec<Answer> = join_all(tasks).await.into_iter().flat_map(|answers| answers.unwrap()).collect();
        assert_chain_is_whole(&app, count_swaps(&answers)).await;
        beside.app.db.close().await;
    }

    async fn last_coin_is_spent_once(app: TestApp) {
        let (admin, user) = (app.admin().await, app.user(1).await);
        admin.seed_pool().await;
        admin.airdrop(&user, "gBTC", "1").await;
        let tasks = (0..WAITING_PER_USER).map(|_| {
            let client = (*user).clone();
            tokio::spawn(async move {
                client.post("/api/amm/swap", r#"{"pool_id":1,"side":"AtoB","amount_in":1}"#).await
            })
        });
        let answers: Vec<Answer> = join_all(tasks).await.into_iter().map(|answer| answer.unwrap()).collect();
        let codes = answers.iter().fold(BTreeMap::new(), |mut codes: BTreeMap<u16, usize>, answer| {
            *codes.entry(answer.status).or_default() += 1;
            codes
        });
        assert_eq!(codes, BTreeMap::from([(201, 1), (400, 15)]));
        assert_eq!(user.balance_units("gBTC").await, 0);
    }
}

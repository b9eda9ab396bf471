//! `Idempotency-Key`: the same request is answered again, never carried out again.

use futures_util::future::join_all;
use postfun_tests::{Answer, TestApp, User, on_both_engines};

const SWAP: &str = "/api/amm/swap";
const ONE_BTC: &str = r#"{"pool_id":1,"side":"AtoB","amount_in":1}"#;
const DAY_MS: i64 = 86_400_000;

async fn trader(app: &TestApp) -> User {
    let (admin, user) = (app.admin().await, app.user(1).await);
    admin.seed_pool().await;
    admin.airdrop(&user, "gBTC", "100").await;
    user
}

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

on_both_engines! {
    async fn same_key_and_body_get_the_same_bytes_once(app: TestApp) {
        let user = trader(&app).await;
        let first = user.post_once("a-key", SWAP, ONE_BTC).await.ok(201);
        assert!(!is_replay(&first));
        let before = app.row_counts().await;
        let again = user.post_once("a-key", SWAP, ONE_BTC).await.ok(201);
        assert!(is_replay(&again));
        assert_eq!(again.text, first.text);
        assert_eq!(app.row_counts().await, before);
        let restarted = app.reconfigured(|_| {}).await;
        let elsewhere = restarted.stranger().with_token(&user.token);
        let after_restart = elsewhere.post_once("a-key", SWAP, ONE_BTC).await.ok(201);
        assert_eq!((is_replay(&after_restart), after_restart.text), (true, first.text));
        assert_eq!(user.balance_units("gBTC").await, 9_900_000_000);
    }

    async fn same_key_with_another_request_is_refused(app: TestApp) {
        let user = trader(&app).await;
        let _first = user.post_once("a-key", SWAP, ONE_BTC).await.ok(201);
        let more = ONE_BTC.replace(":1}", ":2}");
        let spaced = format!("{ONE_BTC} ");
        for other in [more, spaced] {
            user.post_once("a-key", SWAP, other).await.refused(422, "idempotency_key_reused");
        }
        let with_query = format!("{SWAP}?dry=1");
        let answer = user.post_once("a-key", &with_query, ONE_BTC).await;
        answer.refused(422, "idempotency_key_reused");
        assert_eq!(user.balance_units("gBTC").await, 9_900_000_000);
    }

    async fn key_belongs_to_one_user_and_one_route(app: TestApp) {
        let user = trader(&app).await;
        let (admin, other) = (app.admin().await, app.user(2).await);
        admin.airdrop(&other, "gBTC", "100").await;
        let first = user.post_once("a-key", SWAP, ONE_BTC).await.ok(201);
        let second = other.post_once("a-key", SWAP, ONE_BTC).await.ok(201);
        assert!(!is_replay(&second));
        assert_ne!(first.raw("trade.id"), second.raw("trade.id"));
        let airdrop = format!(r#"{{"target_user_id":{},"symbol":"gBTC","amount":1}}"#, user.id);
        let _made = admin.post_once("a-key", "/api/amm/airdrop", airdrop.clone()).await.ok(201);
        assert!(is_replay(&admin.post_once("a-key", "/api/amm/airdrop", airdrop).await.ok(201)));
        assert_eq!(user.balance_units("gBTC").await, 10_000_000_000);
    }

    async fn refusal_is_not_remembered(app: TestApp) {
        let user = trader(&app).await;
        let too_much = r#"{"pool_id":1,"side":"AtoB","amount_in":101}"#;
        user.post_once("a-key", SWAP, too_much).await.refused(400, "insufficient_balance");
        app.admin().await.airdrop(&user, "gBTC", "1").await;
        assert!(!is_replay(&user.post_once("a-key", SWAP, too_much).await.ok(201)));
    }

    async fn key_is_forgotten_after_a_day(app: TestApp) {
        let user = trader(&app).await;
        let _first = user.post_once("a-key", SWAP, ONE_BTC).await.ok(201);
        app.clock.advance_ms(DAY_MS - 1_000);
        assert!(is_replay(&user.post_once("a-key", SWAP, ONE_BTC).await.ok(201)));
    }

    async fn malformed_key_is_refused(app: TestApp) {
        let user = trader(&app).await;
        let longest = "k".repeat(255);
        let _longest = user.post_once(&longest, SWAP, ONE_BTC).await.ok(201);
        for key in ["", "two words", &format!("{longest}k")] {
            user.post_once(key, SWAP, ONE_BTC).await.refused(400, "invalid_idempotency_key");
        }
    }

    async fn sixteen_requests_with_one_key_are_one_swap(app: TestApp) {
        let user = trader(&app).await;
        let tasks = (0..16).map(|_| {
            let client = (*user).clone();
            tokio::spawn(async move { client.post_once("a-key", SWAP, ONE_BTC).await })
        });
        let answers: Vec<Answer> = join_all(tasks).await.into_iter().map(|answer| answer.unwrap().ok(201)).collect();
        assert_eq!(answers.iter().filter(|answer| !is_replay(answer)).count(), 1);
        assert!(answers.iter().all(|answer| answer.text == answers[0].text));
        assert_eq!(user.balance_units("gBTC").await, 9_900_000_000);
        assert_eq!(app.pool_events(1).await.len(), 2);
    }
}

//! Redeeming keys: refusals, races, limits.

use std::net::SocketAddr;

use futures_util::future::join_all;
use postfun_server::config::Rate;
use postfun_tests::{Answer, TestApp, on_both_engines};
use serde_json::{Value, json};

use super::{keys, redeem, refused};

const VERIFY: &str = "/api/private-beta/verify";
const CHECK: &str = "/api/private-beta/check-validity";
const STATUS: &str = "/api/private-beta/status";

/// How many requests arrive together.
const AT_ONCE: usize = 50;

/// Splits answers into those that succeeded and the codes of the others; every status is 200.
fn outcome(answers: &[Answer]) -> (usize, Vec<String>) {
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.json()["success"] == true);
    (done.len(), refused.iter().map(|answer| answer.string("code")).collect())
}

async fn at_once(app: &TestApp, pairs: Vec<(String, String)>) -> Vec<Answer> {
    // Half of them by a second server on the same database.
    let beside = app.reconfigured(|_| {}).await;
    let servers = [app, &beside].into_iter().cycle();
    let tasks: Vec<_> = pairs
        .into_iter()
        .zip(servers)
        .map(|((key, email), server)| {
            let client = server.stranger();
            tokio::spawn(async move { redeem(&client, &key, &email).await })
        })
        .collect();
    let answers = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    beside.app.db.close().await;
    answers
}

on_both_engines! {
    async fn key_lets_one_address_in_and_both_are_known_from_then_on(app: TestApp) {
        let (client, made) = (app.stranger(), keys(&app, 2).await);
        let check = async |key: &str| client.post(CHECK, json!({"referral_key": key}).to_string()).await;
        let status = async |email: &str| client.post(STATUS, json!({"user_email": email}).to_string()).await;
        assert_eq!(check(&made[0]).await.ok(200).string("status"), "pending");
        refused(&status("ada@example.org").await, "user_not_found", "User not found");
        let done = redeem(&client, &made[0], "Ada@Example.org").await.ok(200).json();
        assert_eq!((&done["success"], &done["timestamp"]), (&true.into(), &"2026-01-01T00:00:00.000Z".into()));
        assert!(done["message"].is_string() && done.get("data").is_none(), "{done}");
        let active = check(&made[0]).await.ok(200).json();
        assert_eq!((&active["success"], &active["status"]), (&true.into(), &"active".into()));
        assert_ne!(active["message"], check(&made[1]).await.json()["message"], "the message tells which");
        for email in ["ada@example.org", "ADA@EXAMPLE.ORG"] {
            assert_eq!(status(email).await.ok(200).json()["success"], true);
            refused(&redeem(&client, &made[1], email).await, "email_taken", "Email already registered");
        }
        refused(&redeem(&client, &made[0], "eve@example.org").await, "referral_key_used", "Referral code has already been used");
        assert_eq!(check(&made[1]).await.string("status"), "pending", "who was refused has used nothing up");
        assert_eq!(app.count_rows("private_beta_users WHERE user_email = 'ada@example.org'").await, 1);
        assert_eq!(app.count_rows("users").await, 0, "a key signs nobody in");
    }

    async fn refusals_are_told_in_the_body_with_the_field(app: TestApp) {
        let (client, made) = (app.stranger(), keys(&app, 1).await);
        let key = &made[0];
        for (path, body, field) in [
            (VERIFY, json!({}), "referral_key"),
            (VERIFY, json!({"referral_key": "", "user_email": "a@b.org"}), "referral_key"),
            (VERIFY, json!({"referral_key": 123_456, "user_email": "a@b.org"}), "referral_key"),
            (VERIFY, json!({"referral_key": key}), "user_email"),
            (VERIFY, json!({"referral_key": key, "user_email": null}), "user_email"),
            (VERIFY, json!({"referral_key": key, "user_email": ["a@b.org"]}), "user_email"),
            (VERIFY, json!({"referral_key": key, "user_email": "nobody"}), "user_email"),
            (VERIFY, json!({"referral_key": key, "user_email": "a b@c.org"}), "user_email"),
            (VERIFY, json!({"referral_key": key, "user_email": "a@b.org\u{0}"}), "user_email"),
            (VERIFY, json!({"referral_key": key, "user_email": format!("{}@b.org", "a".repeat(250))}), "user_email"),
            (CHECK, json!({}), "referral_key"),
            (CHECK, json!({"referral_key": {}}), "referral_key"),
            (STATUS, json!({}), "user_email"),
            (STATUS, json!({"user_email": "@b.org"}), "user_email"),
        ] {
            let answer = client.post(path, body.to_string()).await;
            answer.refused_in_account(200, "invalid_field", "Bad Request");
            assert_eq!(answer.string("field"), field, "{path} {body}");
        }
        for nonsense in ["12345", "1234567", "abcdef", "12345\u{0}", "\u{0661}23456", "000000 "] {
            refused(&redeem(&client, nonsense, "a@b.org").await, "referral_key_not_found", "Referral code not found");
        }
        client.post(VERIFY, "[]").await.refused_in_account(400, "invalid_json", "Bad Request");
        let body = json!({"referral_key": key, "user_email": "a@b.org", "status": "active", "id": 7});
        assert_eq!(client.post(VERIFY, body.to_string()).await.ok(200).json()["success"], true, "unknown fields are ignored");
    }

    async fn of_fifty_addresses_one_gets_the_key(app: TestApp) {
        for round in 0..4 {
            let key = keys(&app, 1).await.remove(0);
            let pairs = (0..AT_ONCE).map(|n| (key.clone(), format!("user{n}@round{round}.org"))).collect();
            let (done, refused) = outcome(&at_once(&app, pairs).await);
            assert_eq!(done, 1, "one key is worth one address");
            assert_eq!(refused, vec!["referral_key_used"; AT_ONCE - 1]);
        }
        assert_eq!(app.count_rows("private_beta_users WHERE status = 'active'").await, 4);
    }

    async fn address_with_many_keys_at_once_redeems_one(app: TestApp) {
        for (round, at_once_now) in [2, 2, 2, 2, 20].into_iter().enumerate() {
            let email = |n: usize| if n.is_multiple_of(2) { format!("eve@{round}.org") } else { format!("EVE@{round}.ORG") };
            let pairs = keys(&app, at_once_now).await.into_iter().enumerate().map(|(n, key)| (key, email(n))).collect();
            let (done, refused) = outcome(&at_once(&app, pairs).await);
            assert_eq!(done, 1, "one address gets in once");
            assert_eq!(refused, vec!["email_taken"; at_once_now - 1]);
        }
        assert_eq!(app.count_rows("private_beta_users WHERE status = 'active'").await, 5);
        assert_eq!(app.count_rows("private_beta_users WHERE status = 'pending'").await, 28 - 5);
    }

    async fn attempts_are_limited_per_address_and_per_key(app: TestApp) {
        let limited = app.reconfigured(|config| config.rates.beta = Some(Rate { count: 5, per_s: 60 })).await;
        let from = |last: u8| limited.stranger().from_peer(SocketAddr::from(([10, 0, 0, last], 40_000)));
        let is_told_to_wait = |answer: &Answer| {
            answer.refused_in_account(429, "rate_limited", "Too Many Requests");
            let wait_s: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait_s), "{wait_s}");
        };
        for guess in 0..5 {
            let answer = redeem(&from(1), &format!("00000{guess}"), "a@b.org").await;
            refused(&answer, "referral_key_not_found", "Referral code not found");
        }
        is_told_to_wait(&redeem(&from(1), "000009", "a@b.org").await);
        for (path, body) in [(CHECK, json!({"referral_key": "000009"})), (STATUS, json!({"user_email": "a@b.org"}))] {
            for _allowed in 0..5 {
                assert_eq!(from(1).post(path, body.to_string()).await.ok(200).json()["success"], Value::from(false));
            }
            is_told_to_wait(&from(1).post(path, body.to_string()).await);
        }
        // One key from many addresses.
        let key = keys(&app, 1).await.remove(0);
        for last in 10..15 {
            let answer = redeem(&from(last), &key, "a@b.org").await.ok(200);
            assert_eq!(answer.json()["success"], last == 10);
        }
        is_told_to_wait(&redeem(&from(15), &key, "a@b.org").await);
        refused(&redeem(&from(15), "000009", "c@b.org").await, "referral_key_not_found", "Referral code not found");
    }
}

//! Making and listing keys.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use postfun_server::beta::{Beta, BetaError, KEYS_MAX, UNUSED_MAX};
use postfun_server::id::{Entropy, SeededEntropy};
use postfun_tests::{Client, TestApp, on_both_engines};
use serde_json::{Value, json};

use super::{keys, redeem, refused};

const BULK: &str = "/api/private-beta/referrals/bulk";

/// Draws the keys that it is told to, the last one again and again.
#[derive(Debug)]
struct Rigged {
    keys: Mutex<Vec<u64>>,
    ids: SeededEntropy,
}

impl Rigged {
    fn beta(app: &TestApp, seed: u64, keys: &[u64]) -> Beta {
        let rigged = Self { keys: Mutex::new(keys.to_vec()), ids: SeededEntropy::new(seed) };
        Beta::new(app.app.db.clone(), app.clock.clone(), Arc::new(rigged), None)
    }
}

impl Entropy for Rigged {
    fn fill(&self, bytes: &mut [u8]) {
        let mut keys = self.keys.lock().unwrap();
        match <&mut [u8; 8]>::try_from(&mut *bytes) {
            Ok(key) if keys.len() > 1 => *key = keys.remove(0).to_be_bytes(),
            Ok(key) => *key = keys[0].to_be_bytes(),
            Err(_another_length) => self.ids.fill(bytes),
        }
    }
}

async fn bulk(client: &Client, body: &Value) -> postfun_tests::Answer {
    client.post(BULK, body.to_string()).await
}

on_both_engines! {
    async fn keys_are_made_one_by_one_and_in_bulk_and_are_on_record(app: TestApp) {
        let admin = app.admin().await;
        let mut made = BTreeSet::new();
        for path in ["/api/private-beta/referral", "/api/private-beta/referrals"] {
            let answer = admin.post(path, "").await.ok(200);
            assert_eq!(answer.json()["success"], true);
            made.insert(answer.string("referral_key"));
        }
        let answer = bulk(&admin, &json!({"count": 100})).await.ok(200).json();
        assert_eq!((&answer["success"], &answer["count"]), (&true.into(), &100.into()));
        assert!(answer["message"].is_string() && answer["timestamp"].is_string(), "{answer}");
        let rows = answer["data"].as_array().unwrap();
        let names: Vec<_> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["createdAt", "id", "referralKey", "status", "updatedAt", "userEmail"]);
        assert_eq!((&rows[0]["status"], &rows[0]["userEmail"]), (&"pending".into(), &Value::Null));
        made.extend(rows.iter().map(|row| row["referralKey"].as_str().unwrap().to_owned()));
        assert_eq!(made.len(), 102, "no key is made twice");
        assert!(made.iter().all(|key| key.len() == 6 && key.bytes().all(|byte| byte.is_ascii_digit())));
        assert_eq!(app.count_rows("private_beta_users WHERE status = 'pending'").await, 102);
        assert_eq!(app.count_rows("admin_audit WHERE action = 'beta_keys_make'").await, 3);
    }

    async fn bulk_makes_one_to_a_hundred(app: TestApp) {
        let admin = app.admin().await;
        for count in [json!(0), json!(101), json!(-1), json!(1.5), json!("5"), json!(null), json!([5]), json!(1e30)] {
            let answer = bulk(&admin, &json!({"count": count})).await;
            answer.refused_in_account(400, "invalid_field", "Bad Request");
            assert_eq!(answer.string("field"), "count", "{count}");
        }
        bulk(&admin, &json!({})).await.refused_in_account(400, "invalid_field", "Bad Request");
        assert_eq!(app.count_rows("private_beta_users").await, 0);
        let answer = bulk(&admin, &json!({"count": 1, "status": "active"})).await.ok(200).json();
        assert_eq!((answer["data"].as_array().unwrap().len(), &answer["data"][0]["status"]), (1, &"pending".into()));
    }

    async fn key_that_is_taken_is_drawn_again(app: TestApp) {
        let beta = Rigged::beta(&app, 90, &[7, 7, 7, 1_000_008, 9]);
        let made = beta.make_keys("test", 3, None).await.unwrap();
        let drawn: BTreeSet<_> = made.iter().map(|user| user.key.expose()).collect();
        assert_eq!(drawn, BTreeSet::from(["000007", "000008", "000009"]));
        let before = app.row_counts().await;
        let stuck = Rigged::beta(&app, 91, &[7]).make_keys("test", 1, None).await;
        assert!(matches!(stuck, Err(BetaError::Exhausted)), "{stuck:?}");
        // Half of what was asked for is nothing.
        let stuck = Rigged::beta(&app, 92, &[10, 7]).make_keys("test", 2, None).await;
        assert!(matches!(stuck, Err(BetaError::Exhausted)), "{stuck:?}");
        assert_eq!(app.row_counts().await, before);
    }

    async fn makers_at_once_never_go_beyond_the_bound_together(app: TestApp) {
        let admin = app.admin().await;
        let full = usize::try_from(UNUSED_MAX).unwrap() / KEYS_MAX - 1;
        for _hundred in 0..full {
            let _made = keys(&app, KEYS_MAX).await;
        }
        let beside = app.reconfigured(|_| {}).await;
        let there = beside.stranger().with_token(&admin.token);
        let sixty = json!({"count": 60});
        let (one, two) = tokio::join!(bulk(&admin, &sixty), bulk(&there, &sixty));
        beside.app.db.close().await;
        let (done, other): (Vec<_>, Vec<_>) = [one, two].into_iter().partition(|answer| answer.json()["success"] == true);
        assert_eq!((done.len(), other.len()), (1, 1));
        other[0].refused_in_account(200, "too_many_unused_keys", &other[0].string("error"));
        assert_eq!(app.count_rows("private_beta_users").await, UNUSED_MAX - 40);
        let key = done[0].string("data.0.referralKey");
        assert_eq!(redeem(&app.stranger(), &key, "a@b.org").await.json()["success"], true);
        assert_eq!(bulk(&admin, &json!({"count": 41})).await.ok(200).json()["count"], 41, "a redeemed key makes room");
        refused(&admin.post("/api/private-beta/referral", "").await, "too_many_unused_keys", &other[0].string("message"));
    }

    async fn lists_are_paged_newest_first(app: TestApp) {
        let admin = app.admin().await;
        let mut made = Vec::new();
        for _minute in 0..5 {
            made.extend(keys(&app, 1).await);
            app.clock.advance_ms(60_000);
        }
        assert_eq!(redeem(&app.stranger(), &made[4], "a@b.org").await.json()["success"], true);
        let list = async |path: &str| admin.get(&format!("/api/private-beta/{path}")).await.ok(200).json();
        let listed = |answer: &Value| -> Vec<String> {
            let rows = answer["data"].as_array().unwrap();
            rows.iter().map(|row| row["referralKey"].as_str().unwrap().to_owned()).collect()
        };
        let all = list("users").await;
        assert_eq!(listed(&all), made.iter().rev().cloned().collect::<Vec<_>>());
        let newest = &all["data"][0];
        assert_eq!((&newest["status"], &newest["userEmail"]), (&"active".into(), &"a@b.org".into()));
        assert_eq!((&newest["createdAt"], &newest["updatedAt"]), (&"2026-01-01T00:04:00.000Z".into(), &"2026-01-01T00:05:00.000Z".into()));
        let unused = list("referrals/unused?limit=2&page=2").await;
        assert_eq!(listed(&unused), [made[1].clone(), made[0].clone()]);
        assert_eq!((&unused["count"], &unused["total"], &unused["totalPages"]), (&2.into(), &4.into(), &2.into()));
        assert_eq!(listed(&list("referrals/unused?page=99").await), Vec::<String>::new());
        let debug = list("debug?limit=1").await;
        assert_eq!((listed(&debug), &debug["total"]), (vec![made[4].clone()], &5.into()));
        for (query, field) in [("limit=101", "limit"), ("limit=0", "limit"), ("page=0", "page"), ("page=x", "page")] {
            let answer = admin.get(&format!("/api/private-beta/users?{query}")).await.ok(400);
            assert_eq!(answer.json()["field"], field, "{query}");
        }
    }

    async fn in_production_there_is_no_debugging(app: TestApp) {
        let (admin, production) = (app.admin().await, app.reconfigured(|config| config.production = true).await);
        for client in [production.stranger(), production.stranger().with_token(&admin.token)] {
            for path in ["/api/private-beta/debug", "/api/private-beta/debug?limit=x"] {
                client.get(path).await.refused_in_account(404, "route_not_found", "Route not found");
            }
        }
        let _list = production.stranger().with_token(&admin.token).get("/api/private-beta/users").await.ok(200);
    }
}

//! What clients may write, and what they may not.

use postfun_tests::{TestApp, on_both_engines};
use serde_json::{Value, json};

use super::{PATH, fill};

const MISSING: &str = "00000000-0000-4000-8000-000000000000";
const DAY_S: i64 = 86_400;

on_both_engines! {
    async fn clients_cannot_write_what_only_the_server_writes(app: TestApp) {
        let (user, admin) = (app.user(1).await, app.admin().await);
        let before = app.row_counts().await;
        for action in [
            "user_login", "user_logout", "user_register", "session_created", "session_terminated", "wallet_connected",
            "wallet_disconnected", "trade_executed", "order_placed", "order_cancelled", "notification_sent",
            "settings_updated", "profile_updated",
        ] {
            for client in [&*user, &*admin] {
                let refused = client.post(PATH, json!({"action": action}).to_string()).await;
                refused.refused_in_account(403, "server_only_action", "Forbidden");
                assert_eq!(refused.string("field"), "action");
            }
        }
        assert_eq!(app.row_counts().await, before);
        for action in ["password_changed", "two_fa_enabled", "two_fa_disabled"] {
            let written = user.post(PATH, json!({"action": action}).to_string()).await.ok(201);
            assert_eq!(written.json()["data"]["metadata"], Value::Null, "{action}");
        }
        app.stranger().post(PATH, r#"{"action":"password_changed"}"#).await
            .refused_in_account(401, "missing_bearer_token", "Unauthorized");
    }

    async fn entry_is_the_callers_in_a_session_of_theirs(app: TestApp) {
        let (user, other, admin) = (app.user(1).await, app.user(2).await, app.admin().await);
        let (id, other_id) = (user.account_id().await, other.account_id().await);
        let second = app.user(1).await;
        let of_second = second.get("/api/v1/sessions/user/me").await.ok(200).string("data.0.id");
        let of_other = other.get("/api/v1/sessions/user/me").await.ok(200).string("data.0.id");
        let body = json!({"userId": id, "sessionId": of_second, "action": "password_changed"}).to_string();
        let written = user.post(PATH, body).await.ok(201);
        assert_eq!((written.string("data.userId"), written.string("data.sessionId")), (id.clone(), of_second));
        for client in [&*user, &*admin] {
            for foreign in [&other_id, MISSING] {
                let refused = client.post(PATH, json!({"userId": foreign, "action": "password_changed"}).to_string()).await;
                refused.refused_in_account(400, "invalid_field", "Bad Request");
                assert_eq!(refused.string("field"), "userId");
            }
            for foreign in [&of_other, MISSING] {
                client.post(PATH, json!({"sessionId": foreign, "action": "password_changed"}).to_string()).await
                    .refused_in_account(404, "session_not_found", "Session not found");
            }
        }
    }

    async fn wrong_fields_are_named(app: TestApp) {
        let user = app.user(1).await;
        let details = |bytes: usize| json!({"text": "x".repeat(bytes - r#"{"text":""}"#.len())});
        for (body, field) in [
            (json!({}), "action"),
            (json!({"action": null}), "action"),
            (json!({"action": ""}), "action"),
            (json!({"action": "x".repeat(60_000)}), "action"),
            (json!({"action": 7}), "action"),
            (json!({"action": "password_changed", "userId": "me"}), "userId"),
            (json!({"action": "password_changed", "sessionId": ""}), "sessionId"),
            (json!({"action": "password_changed", "metadata": []}), "metadata"),
            (json!({"action": "password_changed", "metadata": "text"}), "metadata"),
            (json!({"action": "password_changed", "metadata": details(2_049)}), "metadata"),
        ] {
            let answer = user.post(PATH, body.to_string()).await;
            answer.refused_in_account(400, "invalid_field", "Bad Request");
            assert_eq!(answer.json()["field"], field, "{}", answer.text);
            assert!(answer.text.len() < 600, "{}", answer.text);
        }
        assert_eq!(app.count_rows("activity_logs").await, 1);
        let odd = json!({"action": "password_changed", "metadata": {"\u{0}": "\u{0} \" \\ é 🦀"}, "unknown": 1});
        let largest = json!({"action": "password_changed", "metadata": details(2_048)});
        for body in [odd, largest] {
            app.clock.advance_ms(1);
            let written = user.post(PATH, body.to_string()).await.ok(201).json();
            assert_eq!(written["data"]["metadata"], body["metadata"]);
            assert_eq!(user.get(PATH).await.ok(200).json()["logs"][0]["metadata"], body["metadata"]);
        }
    }

    async fn user_who_writes_too_much_waits_until_a_day_after_the_oldest(app: TestApp) {
        let (user, other) = (app.user(1).await, app.user(2).await);
        let body = || r#"{"action":"password_changed"}"#;
        // With the sign-in they are 999.
        fill(&app, &user.account_id().await, 998, postfun_tests::app::START_MS).await;
        app.clock.advance_ms(2_000_000);
        let _last = user.post(PATH, body()).await.ok(201);
        let refused = user.post(PATH, body()).await;
        refused.refused_in_account(429, "too_many_entries", "Too Many Requests");
        assert_eq!(refused.header("retry-after"), Some((DAY_S - 2_000 + 1).to_string().as_str()));
        let _others_may = other.post(PATH, body()).await.ok(201);
        app.clock.set_ms(postfun_tests::app::START_MS + DAY_S * 1_000 - 1);
        user.post(PATH, body()).await.refused_in_account(429, "too_many_entries", "Too Many Requests");
        app.clock.advance_ms(1);
        let later = app.user(1).await;
        let _signing_in_counts_too = later.post(PATH, body()).await.ok(429);
        app.clock.advance_ms(1_000);
        let _room_again = later.post(PATH, body()).await.ok(201);
    }
}

//! Notification preferences: who may see and change them, in which forms, and what senders are told.

use futures_util::future::join_all;
use postfun_server::notify::{Channel, Class, Notice, Permission};
use postfun_tests::{Answer, Client, TestApp, on_both_engines};
use serde_json::{Value, json};
use uuid::Uuid;

const PREFERENCES: &str = "/api/v1/notifications/preferences";
const USER: &str = "/api/v1/notifications/user";
const MISSING: &str = "00000000-0000-4000-8000-000000000000";
const MINUTE_MS: i64 = 60_000;

async fn put(client: &Client, path: &str, body: Value) -> Answer {
    client.put(path, body.to_string()).await
}

/// The preferences of the caller, without what every answer says.
async fn mine(client: &Client) -> Value {
    client.get(&format!("{PREFERENCES}/me?times=clock")).await.ok(200).json()["data"].take()
}

fn notice(user_id: &str, class: Class, channel: Channel) -> Notice {
    Notice { user_id: user_id.parse().unwrap(), class, channel }
}

on_both_engines! {
    async fn preferences_are_made_at_the_first_read_with_the_seeds_keys(app: TestApp) {
        let user = app.user(1).await;
        let id = user.account_id().await;
        assert_eq!(app.count_rows("notification_preferences").await, 0);
        app.clock.advance_ms(1_000);
        let made = user.get(&format!("{PREFERENCES}/{id}")).await.ok(200).json();
        let expected = json!({
            "id": made["data"]["id"], "userId": id, "pushEnabled": true, "emailEnabled": true, "smsEnabled": false,
            "transactionNotifications": true, "securityAlerts": true, "marketingUpdates": false, "productUpdates": true,
            "quietHoursEnabled": false, "quietHoursStart": null, "quietHoursEnd": null, "timezone": "UTC",
            "createdAt": "2026-01-01T00:00:01.000Z", "updatedAt": "2026-01-01T00:00:01.000Z",
        });
        assert_eq!((&made["success"], &made["data"]), (&json!(true), &expected));
        app.clock.advance_ms(1_000);
        for path in [format!("{PREFERENCES}/me"), format!("{USER}/{id}"), format!("{USER}/me")] {
            assert_eq!(user.get(&path).await.ok(200).json()["data"], expected, "{path}");
        }
        assert_eq!(user.get("/api/auth/me").await.ok(200).json()["data"]["notificationPreferences"], expected);
        assert_eq!(app.count_rows("notification_preferences").await, 1);
    }

    async fn twenty_first_reads_at_once_make_one_row(app: TestApp) {
        let user = app.user(1).await;
        let reads = (0..20).map(|turn| {
            let (client, path) = ((*user).clone(), [PREFERENCES, USER][turn % 2]);
            tokio::spawn(async move { client.get(&format!("{path}/me")).await.ok(200).string("data.id") })
        });
        let mut ids: Vec<String> = join_all(reads).await.into_iter().map(Result::unwrap).collect();
        ids.dedup();
        assert_eq!((ids.len(), app.count_rows("notification_preferences").await), (1, 1));
    }

    async fn changes_at_once_do_not_undo_each_other(app: TestApp) {
        let user = app.user(1).await;
        let changes = [
            json!({"pushEnabled": false}), json!({"emailEnabled": false}), json!({"smsEnabled": true}),
            json!({"transactionNotifications": false}), json!({"securityAlerts": false}),
            json!({"marketingUpdates": true}), json!({"productUpdates": false}), json!({"timezone": "Asia/Kolkata"}),
        ];
        let puts = changes.clone().map(|body| {
            let client = (*user).clone();
            tokio::spawn(async move { put(&client, &format!("{USER}/me"), body).await.ok(200) })
        });
        for answer in join_all(puts).await {
            let _changed = answer.unwrap();
        }
        let now = mine(&user).await;
        for change in changes {
            let (name, value) = change.as_object().unwrap().iter().next().unwrap();
            assert_eq!(&now[name], value, "{name}");
        }
        assert_eq!(app.count_rows("activity_logs WHERE action = 'settings_updated'").await, 8);
    }

    async fn times_come_in_three_forms_and_leave_in_two(app: TestApp) {
        let user = app.user(1).await;
        for (start, end) in [("22:00:30", "07:00"), ("1970-01-01T22:00:30.000Z", "1970-01-01T07:00:00Z")] {
            let body = json!({"quietHoursEnabled": true, "quietHoursStart": start, "quietHoursEnd": end});
            let seeds = put(&user, &format!("{PREFERENCES}/me"), body.clone()).await.ok(200).json();
            assert_eq!(seeds["data"]["quietHoursStart"], "1970-01-01T22:00:30.000Z");
            assert_eq!(seeds["data"]["quietHoursEnd"], "1970-01-01T07:00:00.000Z");
            let plain = put(&user, &format!("{USER}/me?times=clock"), body).await.ok(200).json();
            assert_eq!((&plain["data"]["quietHoursStart"], &plain["data"]["quietHoursEnd"]), (&json!("22:00:30"), &json!("07:00:00")));
        }
        assert_eq!(app.count_rows("activity_logs WHERE action = 'settings_updated'").await, 1, "one change, told four times");
        let same = user.get(&format!("{USER}/me")).await.ok(200).json();
        let back = put(&user, &format!("{USER}/me"), same["data"].clone()).await.ok(200).json();
        assert_eq!(back["data"], same["data"], "what was read can be written");
        user.get(&format!("{USER}/me?times=sundial")).await.refused_in_account(400, "invalid_query", "Bad Request");
    }

    async fn what_is_not_named_stays_and_null_clears(app: TestApp) {
        let user = app.user(1).await;
        let path = format!("{PREFERENCES}/me?times=clock");
        let all = json!({"quietHoursEnabled": true, "quietHoursStart": "22:00", "quietHoursEnd": "07:00", "timezone": "europe/berlin",
            "unknown": 1, "userId": MISSING, "createdAt": "2020-01-01T00:00:00.000Z"});
        let set = put(&user, &path, all).await.ok(200).json()["data"].take();
        assert_eq!((&set["timezone"], &set["userId"]), (&json!("Europe/Berlin"), &json!(user.account_id().await)));
        app.clock.advance_ms(MINUTE_MS);
        let same = put(&user, &path, json!({})).await.ok(200).json()["data"].take();
        assert_eq!(same, set, "nothing was named, so nothing changed, not even the time of the last change");
        let moved = put(&user, &path, json!({"quietHoursEnd": "08:00"})).await.ok(200).json()["data"].take();
        assert_eq!((&moved["quietHoursStart"], &moved["quietHoursEnd"]), (&json!("22:00:00"), &json!("08:00:00")));
        assert_eq!((&moved["createdAt"], &moved["updatedAt"]), (&set["createdAt"], &json!("2026-01-01T00:01:00.000Z")));
        for (body, field) in [
            (json!({"quietHoursStart": null}), "quietHoursStart"),
            (json!({"quietHoursEnd": null}), "quietHoursEnd"),
            (json!({"quietHoursStart": null, "quietHoursEnd": null}), "quietHoursStart"),
        ] {
            let refused = put(&user, &path, body).await;
            refused.refused_in_account(400, "quiet_hours_incomplete", "Bad Request");
            assert_eq!(refused.string("field"), field);
        }
        assert_eq!(mine(&user).await, moved, "a refusal changes nothing");
        let off = json!({"quietHoursEnabled": false, "quietHoursStart": null, "quietHoursEnd": null});
        let cleared = put(&user, &path, off).await.ok(200).json()["data"].take();
        assert_eq!((&cleared["quietHoursStart"], &cleared["quietHoursEnd"]), (&Value::Null, &Value::Null));
        put(&user, &path, json!({"quietHoursEnabled": true})).await
            .refused_in_account(400, "quiet_hours_incomplete", "Bad Request");
    }

    async fn wrong_fields_are_named(app: TestApp) {
        let user = app.user(1).await;
        for (body, field) in [
            (json!({"pushEnabled": "yes"}), "pushEnabled"),
            (json!({"smsEnabled": 1}), "smsEnabled"),
            (json!({"quietHoursStart": "24:00"}), "quietHoursStart"),
            (json!({"quietHoursStart": "2026-01-01T22:00:00.000Z"}), "quietHoursStart"),
            (json!({"quietHoursEnd": "7:00"}), "quietHoursEnd"),
            (json!({"quietHoursEnd": 7}), "quietHoursEnd"),
            (json!({"timezone": "Mars/Phobos"}), "timezone"),
            (json!({"timezone": "+01:00"}), "timezone"),
            (json!({"timezone": ""}), "timezone"),
            (json!({"timezone": "x".repeat(5_000)}), "timezone"),
        ] {
            let answer = put(&user, &format!("{PREFERENCES}/me"), body.clone()).await;
            answer.refused_in_account(400, "invalid_field", "Bad Request");
            assert_eq!(answer.json()["field"], field, "{body}");
            assert!(answer.text.len() < 600, "{}", answer.text);
        }
        assert_eq!(app.count_rows("notification_preferences").await, 0);
    }

    async fn every_change_is_in_the_activity_log(app: TestApp) {
        let user = app.user(1).await;
        let _set = put(&user, &format!("{USER}/me"), json!({"smsEnabled": true, "pushEnabled": true, "timezone": "Asia/Tokyo"})).await.ok(200);
        let reset = user.post(&format!("{USER}/me/reset"), "").await.ok(200).json();
        assert_eq!((&reset["data"]["smsEnabled"], &reset["data"]["timezone"]), (&json!(false), &json!("UTC")));
        let _nothing_left = user.post(&format!("{PREFERENCES}/me/reset"), "").await.ok(200);
        let log = app.activity().await;
        let told: Vec<_> = log.iter().filter(|row| row.action == "settings_updated").collect();
        let metadata: Vec<Value> = told.iter().map(|row| serde_json::from_str(row.metadata.as_ref().unwrap()).unwrap()).collect();
        assert_eq!(metadata, [
            json!({"notificationPreferences": {"smsEnabled": true, "timezone": "Asia/Tokyo"}}),
            json!({"notificationPreferences": {"smsEnabled": false, "timezone": "UTC"}}),
        ]);
        assert!(told.iter().all(|row| row.session_id.is_some()));
    }

    async fn what_an_admin_changes_is_in_both_records(app: TestApp) {
        let (user, admin) = (app.user(1).await, app.admin().await);
        let id = user.account_id().await;
        let changed = put(&admin, &format!("{USER}/{id}"), json!({"pushEnabled": false, "smsEnabled": false})).await.ok(200);
        assert_eq!(changed.string("data.userId"), id);
        let log = app.activity().await;
        let told = log.iter().find(|row| row.action == "settings_updated").unwrap();
        let metadata: Value = serde_json::from_str(told.metadata.as_ref().unwrap()).unwrap();
        assert_eq!(metadata, json!({"by": "admin", "notificationPreferences": {"pushEnabled": false}}));
        assert_eq!(told.session_id, None);
        let audited = "admin_audit WHERE action = 'notification_preferences_update' \
            AND before_value = '{\"pushEnabled\":true}' AND after_value = '{\"pushEnabled\":false}'";
        assert_eq!(app.count_rows(audited).await, 1);
    }

    async fn senders_are_told_whether_and_when(app: TestApp) {
        let (user, other, gone) = (app.user(1).await, app.user(2).await, app.user(3).await);
        let (id, other_id, gone_id) = (user.account_id().await, other.account_id().await, gone.account_id().await);
        let _deleted = gone.delete("/api/v1/users/me", "").await.ok(200);
        // Stories begin at midnight UTC: 5:30 in Kolkata.
        let quiet = json!({"quietHoursEnabled": true, "quietHoursStart": "22:00", "quietHoursEnd": "06:00", "timezone": "Asia/Kolkata",
            "emailEnabled": false});
        let _set = put(&user, &format!("{USER}/me"), quiet).await.ok(200);
        let asked = [
            notice(&id, Class::Transaction, Channel::Push),
            notice(&other_id, Class::Transaction, Channel::Push),
            notice(&id, Class::Security, Channel::Push),
            notice(&id, Class::Approval, Channel::Push),
            notice(&id, Class::Transaction, Channel::Email),
            notice(&gone_id, Class::Security, Channel::Push),
            notice(MISSING, Class::Security, Channel::Push),
            notice(&id, Class::Marketing, Channel::Push),
        ];
        let ends_at_ms = postfun_tests::app::START_MS + 30 * MINUTE_MS;
        let (now, never) = (Permission::Now, Permission::Never);
        let later = Permission::Later { at_ms: ends_at_ms };
        let notifications = &app.app.notifications;
        assert_eq!(notifications.may_send(&asked).await.unwrap(), [later, now, now, now, never, never, never, never]);
        app.clock.set_ms(ends_at_ms - 1);
        assert_eq!(notifications.may_send(&asked[..1]).await.unwrap(), [later]);
        app.clock.set_ms(ends_at_ms);
        assert_eq!(notifications.may_send(&asked[..1]).await.unwrap(), [now]);
        assert_eq!(notifications.may_send(&[]).await.unwrap(), []);
        // Asking makes no rows.
        assert_eq!(app.count_rows("notification_preferences").await, 1);
        let crowd: Vec<Notice> = (0..5_000).map(|turn| Notice { user_id: Uuid::from_u128(turn), ..asked[0] }).collect();
        assert_eq!(notifications.may_send(&crowd).await.unwrap(), vec![never; 5_000]);
    }
}

//! Sessions of devices: made once, active one at a time, changed without overwriting.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use postfun_tests::{Answer, TestApp, User, on_both_engines};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;
const PATH: &str = "/api/v1/sessions";

fn device(user_id: &str, device_id: &str) -> Value {
    json!({"userId": user_id, "deviceId": device_id, "platform": "ios", "deviceName": "Phone", "osVersion": "17"})
}

fn with(mut body: Value, name: &str, value: impl Into<Value>) -> Value {
    body[name] = value.into();
    body
}

async fn create(user: &User, body: &Value) -> Answer {
    user.post(PATH, body.to_string()).await
}

async fn active_devices(user: &User) -> Vec<String> {
    let list = user.get("/api/v1/sessions/user/me").await.ok(200).json();
    let ids = list["data"].as_array().unwrap().iter().filter_map(|session| session["deviceId"].as_str());
    ids.map(str::to_owned).collect()
}

on_both_engines! {
    async fn session_object_has_the_seeds_keys(app: TestApp) {
        let user = app.user(1).await;
        let id = user.account_id().await;
        let body = with(with(device(&id, "d"), "pushToken", "push"), "expiresInDays", 2);
        let data = create(&user, &body).await.ok(201).json()["data"].clone();
        let expected = json!({
            "id": data["id"], "userId": id, "deviceId": "d", "deviceName": "Phone", "deviceModel": null, "platform": "ios",
            "osVersion": "17", "appVersion": null, "pushToken": "push", "pushTokenUpdatedAt": "2026-01-01T00:00:00.000Z",
            "isActive": true, "ipAddress": "127.0.0.1", "createdAt": "2026-01-01T00:00:00.000Z",
            "lastActivityAt": "2026-01-01T00:00:00.000Z", "expiresAt": "2026-01-03T00:00:00.000Z", "terminatedAt": null,
            "terminationReason": null, "version": 1, "isCurrent": false, "key": null,
        });
        assert_eq!(data, expected);
        let shown = user.get(&format!("{PATH}/{}", data["id"].as_str().unwrap())).await.ok(200).json();
        assert_eq!(shown["data"], expected);
    }

    async fn same_key_and_request_give_the_same_session_and_another_request_is_refused(app: TestApp) {
        let (user, other) = (app.user(1).await, app.user(2).await);
        let id = user.account_id().await;
        let body = with(device(&id, "d"), "idempotencyKey", "key-1");
        let first = create(&user, &body).await.ok(201);
        let again = create(&user, &body).await.ok(200);
        assert_eq!(first.json()["data"], again.json()["data"]);
        let elsewhere = user.post("/api/v1/sessions/get-or-create", body.to_string()).await.ok(200);
        assert_eq!(first.string("data.id"), elsewhere.string("data.id"), "both spellings share their keys");
        let refused = create(&user, &with(body.clone(), "deviceName", "Tablet")).await;
        refused.refused_in_account(422, "idempotency_key_reused", "Unprocessable Entity");
        let theirs = with(device(&other.account_id().await, "d"), "idempotencyKey", "key-1");
        let _own_keys = create(&other, &theirs).await.ok(201);
        // In a header, as everywhere else.
        let plain = device(&id, "e").to_string();
        let by_header = user.post_once("key-2", PATH, plain.clone()).await.ok(201).string("data.id");
        assert_eq!(user.post_once("key-2", PATH, plain).await.ok(200).string("data.id"), by_header);
        user.post_once("key-2", PATH, device(&id, "f").to_string()).await
            .refused_in_account(422, "idempotency_key_reused", "Unprocessable Entity");
    }

    async fn twenty_requests_with_one_key_at_once_make_one_session(app: TestApp) {
        let user = app.user(1).await;
        let body = with(device(&user.account_id().await, "d"), "idempotencyKey", "key").to_string();
        let requests = (0..20).map(|_| {
            let (client, body) = ((*user).clone(), body.clone());
            tokio::spawn(async move { client.post(PATH, body).await })
        });
        let answers: Vec<_> = join_all(requests).await.into_iter().map(|answer| answer.unwrap()).collect();
        let created = answers.iter().filter(|answer| answer.status == 201).count();
        let ids: BTreeSet<_> = answers.iter().map(|answer| answer.string("data.id")).collect();
        assert_eq!((created, ids.len()), (1, 1), "{ids:?}");
        assert_eq!(app.count_rows("sessions WHERE device_id = 'd'").await, 1);
    }

    async fn device_has_one_session_that_becomes_active_again(app: TestApp) {
        let user = app.user(1).await;
        let body = device(&user.account_id().await, "d");
        let id = create(&user, &body).await.ok(201).string("data.id");
        let kept = create(&user, &with(body.clone(), "deviceName", "Renamed")).await.ok(200);
        assert_eq!((kept.string("data.id"), kept.string("data.deviceName")), (id.clone(), "Renamed".to_owned()));
        let ended = user.delete(&format!("{PATH}/{id}"), r#"{"reason":"lost"}"#).await.ok(200).json();
        assert_eq!((&ended["data"]["isActive"], &ended["data"]["terminationReason"]), (&false.into(), &"lost".into()));
        let twice = user.delete(&format!("{PATH}/{id}"), r#"{"reason":"found"}"#).await.ok(200);
        assert_eq!(twice.string("data.terminationReason"), "lost", "what ended keeps its reason");
        app.clock.advance_ms(1_000);
        let again = create(&user, &body).await.ok(200).json();
        let data = &again["data"];
        assert_eq!((&data["id"], &data["isActive"]), (&id.into(), &true.into()));
        assert!(data["terminatedAt"].is_null() && data["terminationReason"].is_null(), "{data}");
        assert_eq!(data["expiresAt"], "2026-01-31T00:00:01.000Z");
    }

    async fn of_two_devices_at_once_one_stays_active(app: TestApp) {
        for number in 1..=5 {
            let user = app.user(number).await;
            let id = user.account_id().await;
            let requests = ["one", "two", "three", "four"].map(|name| {
                let (client, body) = ((*user).clone(), device(&id, name).to_string());
                tokio::spawn(async move { client.post(PATH, body).await.ok(201) })
            });
            for request in join_all(requests).await {
                let _created = request.unwrap();
            }
            assert_eq!(active_devices(&user).await.len(), 1);
            let _the_sign_in_itself_is_of_no_device = user.get("/auth/me").await.ok(200);
        }
        assert_eq!(app.count_rows("sessions WHERE single_slot IS NOT NULL").await, 5);
        assert_eq!(app.count_rows("sessions WHERE end_reason = 'new_session_on_different_device'").await, 15);
    }

    async fn several_devices_stay_active_where_that_is_allowed(app: TestApp) {
        let several = app.reconfigured(|config| config.tokens.single_session = false).await;
        let user = several.user(1).await;
        let id = user.account_id().await;
        for name in ["one", "two"] {
            let _created = create(&user, &device(&id, name)).await.ok(201);
        }
        assert_eq!(active_devices(&user).await, ["two", "one"]);
        let stats = user.get("/api/v1/sessions/user/me/stats").await.ok(200).json();
        assert_eq!(stats["data"]["deviceBreakdown"], json!([{"platform": "ios", "count": 2}, {"platform": "web", "count": 1}]));
        // Back to one: the next session ends what was there before.
        let single = several.reconfigured(|_| {}).await;
        let client = single.stranger().with_token(&user.token);
        let _created = client.post(PATH, device(&id, "three").to_string()).await.ok(201);
        assert_eq!(active_devices(&user).await, ["three"]);
        several.app.db.close().await;
        single.app.db.close().await;
    }

    async fn stale_version_is_told_apart_from_a_session_that_is_gone(app: TestApp) {
        let user = app.user(1).await;
        let answer = create(&user, &device(&user.account_id().await, "d")).await.ok(201);
        let path = format!("{PATH}/{}", answer.string("data.id"));
        let renamed = user.put(&path, r#"{"deviceName":"One","version":1}"#).await.ok(200);
        assert_eq!((renamed.string("data.deviceName"), renamed.raw("data.version")), ("One".to_owned(), "2".to_owned()));
        let stale = user.put(&path, r#"{"deviceName":"Two","version":1}"#).await;
        stale.refused_in_account(409, "stale_version", "Failed to update session");
        assert_eq!(stale.string("message"), "Session has been modified by another request. Please retry.");
        assert_eq!(stale.raw("version"), "2");
        let _last_write_wins = user.put(&path, r#"{"deviceName":"Three"}"#).await.ok(200);
        let gone = user.put(&format!("{PATH}/00000000-0000-4000-8000-000000000000"), r#"{"version":1}"#).await;
        gone.refused_in_account(404, "session_not_found", "Session not found");
    }

    async fn of_twenty_changes_of_one_version_one_takes_place(app: TestApp) {
        let user = app.user(1).await;
        let answer = create(&user, &device(&user.account_id().await, "d")).await.ok(201);
        let path = format!("{PATH}/{}", answer.string("data.id"));
        let changes = (0..20).map(|number| {
            let (client, path) = ((*user).clone(), path.clone());
            let body = json!({"deviceName": format!("name {number}"), "version": 1}).to_string();
            tokio::spawn(async move { client.put(&path, body).await.status })
        });
        let mut statuses: Vec<_> = join_all(changes).await.into_iter().map(|status| status.unwrap()).collect();
        statuses.sort_unstable();
        assert_eq!((statuses[0], &statuses[1..]), (200, &[409; 19][..]));
    }

    async fn extension_has_bounds_and_is_for_active_sessions(app: TestApp) {
        let user = app.user(1).await;
        let answer = create(&user, &device(&user.account_id().await, "d")).await.ok(201);
        let path = format!("{PATH}/{}", answer.string("data.id"));
        let extend = async |body: &str| user.post(&format!("{path}/extend"), body.to_owned()).await;
        assert_eq!(extend("").await.ok(200).string("data.expiresAt"), "2026-03-02T00:00:00.000Z");
        assert_eq!(extend(r#"{"additionalDays":1}"#).await.ok(200).string("data.expiresAt"), "2026-03-03T00:00:00.000Z");
        assert_eq!(extend(r#"{"additionalDays":365}"#).await.ok(200).string("data.expiresAt"), "2027-01-01T00:00:00.000Z");
        for days in ["0", "-1", "366", "9223372036854775807"] {
            let refused = extend(&format!(r#"{{"additionalDays":{days}}}"#)).await;
            refused.refused_in_account(400, "invalid_field", "Bad Request");
            assert_eq!(refused.string("field"), "additionalDays");
        }
        let _ended = user.delete(&path, "").await.ok(200);
        extend("").await.refused_in_account(400, "session_not_active", "Session is not active");
        user.post(&format!("{path}/activity"), "").await
            .refused_in_account(400, "session_not_active", "Session is not active");
    }

    async fn session_whose_time_is_over_is_not_active_before_any_sweep(app: TestApp) {
        let user = app.user(1).await;
        let body = with(device(&user.account_id().await, "d"), "expiresInDays", 1);
        let id = create(&user, &body).await.ok(201).string("data.id");
        app.clock.advance_ms(DAY_MS);
        let user = app.user(1).await;
        let shown = user.get(&format!("{PATH}/{id}")).await.ok(200).json();
        assert_eq!((&shown["data"]["isActive"], &shown["data"]["terminationReason"]), (&false.into(), &"expired".into()));
        assert!(active_devices(&user).await.is_empty());
        let again = create(&user, &with(device(&user.account_id().await, "d"), "expiresInDays", 1)).await.ok(200);
        assert_eq!((again.string("data.id"), again.raw("data.isActive")), (id, "true".to_owned()));
    }

    async fn bad_input_is_refused_in_the_seeds_order_with_the_field_named(app: TestApp) {
        let user = app.user(1).await;
        let id = user.account_id().await;
        let good = device(&id, "d");
        let long = |chars: usize| "é".repeat(chars);
        for (body, field) in [
            (json!({}), "userId"),
            (json!({"userId": id}), "deviceId"),
            (json!({"userId": id, "deviceId": ""}), "deviceId"),
            (json!({"userId": id, "deviceId": "d"}), "platform"),
            (with(good.clone(), "platform", "windows"), "platform"),
            (with(good.clone(), "userId", "me"), "userId"),
            (with(good.clone(), "deviceId", 7), "deviceId"),
            (with(good.clone(), "deviceId", "a\u{0}b"), "deviceId"),
            (with(good.clone(), "deviceId", long(256)), "deviceId"),
            (with(good.clone(), "deviceName", long(101)), "deviceName"),
            (with(good.clone(), "deviceModel", long(101)), "deviceModel"),
            (with(good.clone(), "osVersion", long(51)), "osVersion"),
            (with(good.clone(), "appVersion", long(51)), "appVersion"),
            (with(good.clone(), "pushToken", long(501)), "pushToken"),
            (with(good.clone(), "pushToken", json!({})), "pushToken"),
            (with(good.clone(), "idempotencyKey", long(256)), "idempotencyKey"),
            (with(good.clone(), "expiresInDays", 0), "expiresInDays"),
            (with(good.clone(), "expiresInDays", 366), "expiresInDays"),
            (with(good.clone(), "expiresInDays", "30"), "expiresInDays"),
        ] {
            let answer = create(&user, &body).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text);
            answer.refused_in_account(400, "invalid_field", "Bad Request");
            assert_eq!(answer.string("field"), field, "{body}: {}", answer.text);
        }
        let largest = with(with(with(good, "deviceId", long(255)), "deviceName", long(100)), "unknown", true);
        let session = create(&user, &largest).await.ok(201).string("data.id");
        let push = async |body: &str| user.put(&format!("{PATH}/{session}/push-token"), body.to_owned()).await;
        for body in ["{}", r#"{"pushToken":""}"#, r#"{"pushToken":null}"#] {
            push(body).await.refused_in_account(400, "invalid_field", "Bad Request");
        }
        assert_eq!(push(r#"{"pushToken":"t"}"#).await.ok(200).string("data.pushToken"), "t");
        let reason = json!({"reason": long(51)}).to_string();
        user.delete(&format!("{PATH}/{session}"), reason).await.refused_in_account(400, "invalid_field", "Bad Request");
        assert_eq!(user.get(&format!("{PATH}/not-an-id")).await.status, 400);
    }
}

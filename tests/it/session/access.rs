//! Who may see and change which session: every route for strangers, the user, somebody else and an admin.

use axum::body::Body;
use axum::http::Method;
use postfun_tests::{Answer, Client, TestApp, User, on_both_engines};
use serde_json::{Value, json};

/// A route with a body that is right; `{id}` and `{user}` stand for the user's session and id.
struct Route {
    method: Method,
    path: &'static str,
    body: Value,
    /// What the user gets.
    ok: u16,
    /// What is missing, for those who may not know that it is there.
    hidden: &'static str,
}

fn route(method: Method, path: &'static str, body: Value, ok: u16, hidden: &'static str) -> Route {
    Route { method, path, body, ok, hidden }
}

const SESSION: &str = "Session not found";
const USER: &str = "User not found";

fn routes() -> Vec<Route> {
    let device = |id: &str| json!({"userId": "{user}", "deviceId": id, "platform": "ios"});
    vec![
        route(Method::GET, "/api/v1/sessions/{id}", Value::Null, 200, SESSION),
        route(Method::PUT, "/api/v1/sessions/{id}", json!({"deviceName": "mine"}), 200, SESSION),
        route(Method::POST, "/api/v1/sessions/{id}/activity", Value::Null, 200, SESSION),
        route(Method::PUT, "/api/v1/sessions/{id}/push-token", json!({"pushToken": "p"}), 200, SESSION),
        route(Method::POST, "/api/v1/sessions/{id}/extend", json!({"additionalDays": 1}), 200, SESSION),
        route(Method::GET, "/api/v1/sessions/user/{user}", Value::Null, 200, USER),
        route(Method::GET, "/api/v1/sessions/user/{user}/active", Value::Null, 200, USER),
        route(Method::GET, "/api/v1/sessions/user/{user}/stats", Value::Null, 200, USER),
        route(Method::POST, "/api/v1/sessions", device("one"), 201, USER),
        route(Method::POST, "/api/v1/sessions/get-or-create", device("two"), 200, USER),
        route(Method::DELETE, "/api/v1/sessions/{id}", json!({"reason": "mine"}), 200, SESSION),
        route(Method::DELETE, "/api/v1/sessions/user/{user}/all", json!({"exceptCurrent": true}), 200, USER),
    ]
}

impl Route {
    /// Asks about a session of a user.
    async fn ask(&self, client: &Client, user_id: &str, session_id: &str) -> Answer {
        let fill = |text: &str| text.replace("{user}", user_id).replace("{id}", session_id);
        let path = fill(self.path);
        if self.body.is_null() {
            return client.send(client.request(self.method.clone(), &path, Body::empty())).await;
        }
        client.send_json(self.method.clone(), &path, Body::from(fill(&self.body.to_string()))).await
    }
}

/// A session of a user that they are not in.
async fn another_session(user: &User, user_id: &str, device: &str) -> String {
    let body = json!({"userId": user_id, "deviceId": device, "platform": "web"}).to_string();
    user.post("/api/v1/sessions/get-or-create", body).await.ok(200).string("data.id")
}

on_both_engines! {
    async fn every_route_is_for_the_user_and_for_admins(app: TestApp) {
        let (admin, user, other) = (app.admin().await, app.user(1).await, app.user(2).await);
        let id = user.account_id().await;
        for (number, route) in routes().iter().enumerate() {
            let told = format!("{} {}", route.method, route.path);
            let session = another_session(&user, &id, &format!("device {number}")).await;
            let anonymous = route.ask(&app.stranger(), &id, &session).await;
            assert_eq!(anonymous.status, 401, "{told}: {}", anonymous.text);
            anonymous.refused_in_account(401, "missing_bearer_token", "Unauthorized");
            let foreign = route.ask(&other, &id, &session).await;
            assert_eq!((foreign.status, foreign.string("error")), (404, route.hidden.to_owned()), "{told}");
            let missing = "00000000-0000-4000-8000-000000000000";
            let nobody = route.ask(&other, missing, missing).await;
            let differs = |answer: &Answer| {
                let mut body = answer.json();
                body["request_id"] = Value::Null;
                (answer.status, body)
            };
            assert_eq!(differs(&foreign), differs(&nobody), "{told}: foreign looks like missing");
            let nobody = route.ask(&admin, missing, missing).await;
            assert_eq!((nobody.status, nobody.string("error")), (404, route.hidden.to_owned()), "{told}");
            let own = route.ask(&user, &id, &session).await;
            assert_eq!(own.status, route.ok, "{told}: {}", own.text);
            assert_eq!(own.json()["success"], true, "{told}");
            assert!(own.json()["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{told}");
            let session = another_session(&user, &id, &format!("device {number} again")).await;
            let by_admin = route.ask(&admin, &id, &session).await;
            // The device has its session by now.
            let expected = if route.ok == 201 { 200 } else { route.ok };
            assert_eq!(by_admin.status, expected, "{told}: {}", by_admin.text);
        }
        let _still_signed_in = other.get("/auth/me").await.ok(200);
    }

    async fn refusals_of_tokens_have_the_seeds_words(app: TestApp) {
        let path = "/api/v1/sessions/user/me";
        let message = |answer: &Answer| answer.json()["message"].as_str().unwrap().to_owned();
        let stranger = app.stranger();
        assert_eq!(message(&stranger.get(path).await), "No authorization header provided");
        let malformed = stranger.clone().with("authorization", "Token abc").get(path).await;
        assert_eq!(message(&malformed), "Invalid authorization header format. Use: Bearer <token>");
        let invalid = stranger.with_token("abc").get(path).await;
        invalid.refused_in_account(401, "invalid_or_expired_token", "Unauthorized");
        assert_eq!(message(&invalid), "Invalid token");
    }

    async fn unknown_route_repeats_its_path(app: TestApp) {
        let answer = app.stranger().get("/api/v1/nothing/here").await;
        answer.refused_in_account(404, "route_not_found", "Route not found");
        assert_eq!(answer.string("path"), "/api/v1/nothing/here");
    }

    async fn ending_all_ends_all_of_one_user_or_all_others(app: TestApp) {
        let (one, two, three, other) = (app.user(1).await, app.user(1).await, app.user(1).await, app.user(2).await);
        let (all, keep) = ("/api/v1/sessions/user/me/all", r#"{"exceptCurrent":true}"#);
        let answer = one.delete(all, keep).await.ok(200);
        assert_eq!(answer.json()["count"], 2);
        let _goes_on = one.get("/auth/me").await.ok(200);
        for ended in [&two, &three] {
            ended.get("/auth/me").await.refused(401, "invalid_or_expired_token");
            ended.refresh(&ended.refresh_token).await.refused_in_account(401, "invalid_refresh_token", "Unauthorized");
        }
        assert_eq!(one.delete(all, "").await.ok(200).json()["count"], 1);
        one.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        let _other_user = other.get("/auth/me").await.ok(200);
        let reasons = "sessions WHERE end_reason = 'user_logout_all'";
        assert_eq!(app.count_rows(reasons).await, 3);
    }

    async fn ending_counts_in_every_process_at_once(app: TestApp) {
        let (user, beside) = (app.user(1).await, app.reconfigured(|_| {}).await);
        let there = beside.stranger().with_token(&user.token);
        let _known = there.get("/auth/me").await.ok(200);
        let _ended = user.delete("/api/v1/sessions/user/me/all", "").await.ok(200);
        there.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        beside.app.db.close().await;
    }

    async fn list_shows_key_and_use_and_which_session_is_this_one(app: TestApp) {
        let (first, second) = (app.user(1).await, app.user(1).await);
        app.clock.advance_ms(600_000);
        let list = first.get("/api/v1/sessions/user/me").await.ok(200).json();
        assert_eq!((&list["success"], &list["count"]), (&true.into(), &2.into()));
        let newest = &list["data"][0];
        assert_eq!((&newest["isCurrent"], &newest["isActive"], &newest["platform"]), (&true.into(), &true.into(), &"web".into()));
        assert_eq!(newest["key"], json!({"kind": "nostr", "subject": first.signer.pubkey()}));
        assert_eq!(newest["ipAddress"], "127.0.0.1");
        assert_eq!(newest["lastActivityAt"], "2026-01-01T00:10:00.000Z");
        assert_eq!(list["data"][1]["lastActivityAt"], "2026-01-01T00:00:00.000Z");
        let _out = second.post("/auth/logout", "").await.ok(200);
        let count = async |query: &str| first.get(&format!("/api/v1/sessions/user/me{query}")).await.ok(200).json()["count"].clone();
        assert_eq!((count("").await, count("?includeInactive=true").await), (1.into(), 2.into()));
        assert_eq!(count("?includeInactive=true&limit=1").await, 1);
        first.get("/api/v1/sessions/user/me?limit=0").await.refused_in_account(400, "invalid_limit", "Bad Request");
        let stats = first.get("/api/v1/sessions/user/me/stats").await.ok(200).json();
        let expected = json!({"totalSessions": 2, "activeSessions": 1, "deviceBreakdown": [{"platform": "web", "count": 1}]});
        assert_eq!(stats["data"], expected);
    }
}

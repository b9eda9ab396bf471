//! The words of refusals, ending all sessions, and what a list of them shows; who may call what is in `access`.

use postfun_tests::{Answer, TestApp, on_both_engines};
use serde_json::json;

on_both_engines! {
    async fn refusals_of_tokens_have_the_seeds_words(app: TestApp) {
        let path = "/api/v1/sessions/user/me";
        let message = |answer: &Answer| answer.json()["message"].as_str().unwrap().to_owned();
        let stranger = app.stranger();
        assert_eq!(message(&stranger.get(path).await), "No authorization header provided");
        for (header, words) in [
            ("Token abc", "Invalid authorization header format. Expected: Bearer <token>"),
            ("abc", "Invalid authorization header format. Expected: Bearer <token>"),
            ("Bearer", "Token is missing"),
            ("bearer ", "Token is missing"),
        ] {
            let answer = stranger.clone().with("authorization", header).get(path).await;
            answer.refused_in_account(401, "missing_bearer_token", "Unauthorized");
            assert_eq!(message(&answer), words, "{header}");
        }
        let invalid = stranger.with_token("abc").get(path).await;
        invalid.refused_in_account(401, "invalid_or_expired_token", "Unauthorized");
        assert_eq!(message(&invalid), "Invalid token");
        let user = app.user(1).await;
        app.clock.advance_ms(2 * 86_400_000);
        let expired = user.get(path).await;
        expired.refused_in_account(401, "invalid_or_expired_token", "Unauthorized");
        assert_eq!(message(&expired), "Token expired");
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

//! Refresh tokens: what each is worth, for how long, and where.

use std::collections::BTreeMap;

use axum::http::Method;
use postfun_server::config::{Rate, Secret};
use postfun_tests::{Signer, TestApp, User, on_both_engines};
use serde::Deserialize;

const DAY_MS: i64 = 86_400_000;
const STORIES: &str = include_str!("../../vectors/refresh.json");

#[derive(Debug, Deserialize)]
struct Stories {
    stories: Vec<Story>,
}

#[derive(Debug, Deserialize)]
struct Story {
    name: String,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Step {
    Gets { refresh: usize, gets: usize },
    Refused { refresh: usize, refused: String },
    Call { call: usize, works: bool },
}

/// The tokens of a session by their number: refresh and access.
#[derive(Debug)]
struct Held<'a> {
    user: &'a User,
    tokens: BTreeMap<usize, (String, String)>,
}

impl<'a> Held<'a> {
    fn of(user: &'a User) -> Self {
        let first = (user.refresh_token.clone(), user.token.clone());
        Self { user, tokens: BTreeMap::from([(0, first)]) }
    }

    async fn take(&mut self, step: &Step, story: &str) {
        let told = format!("{story}: {step:?}");
        match step {
            Step::Gets { refresh, gets } => {
                let answer = self.user.refresh(&self.tokens[refresh].0).await;
                assert_eq!(answer.status, 200, "{told}: {}", answer.text);
                let pair = (answer.string("data.refreshToken"), answer.string("data.accessToken"));
                let known = self.tokens.entry(*gets).or_insert_with(|| pair.clone());
                assert_eq!(known.0, pair.0, "{told}: the same successor");
                let distinct = self.tokens.values().filter(|(refresh, _)| *refresh == pair.0).count();
                assert_eq!(distinct, 1, "{told}: no two numbers share a token");
            }
            Step::Refused { refresh, refused } => {
                let answer = self.user.refresh(&self.tokens[refresh].0).await;
                assert_eq!((answer.status, answer.string("code")), (401, refused.clone()), "{told}");
            }
            Step::Call { call, works } => {
                let client = self.user.app().stranger().with_token(&self.tokens[call].1);
                let status = client.get("/auth/me").await.status;
                assert_eq!(status == 200, *works, "{told}: {status}");
            }
        }
    }
}

on_both_engines! {
    async fn every_story_of_the_vectors_ends_as_told(app: TestApp) {
        let Stories { stories } = serde_json::from_str(STORIES).unwrap();
        assert!(stories.len() > 5);
        for (number, Story { name, steps }) in (1..).zip(&stories) {
            let user = app.user(number).await;
            let mut held = Held::of(&user);
            for step in steps {
                held.take(step, name).await;
            }
        }
    }

    async fn answer_has_the_seeds_shape_and_the_cookie_moves_along(app: TestApp) {
        let user = app.user(1).await;
        app.clock.advance_ms(1_000);
        let answer = user.refresh(&user.refresh_token).await.ok(200);
        let body = answer.json();
        assert_eq!((&body["success"], &body["timestamp"]), (&true.into(), &"2026-01-01T00:00:01.000Z".into()));
        let data = &body["data"];
        assert_eq!((&data["tokenType"], &data["expiresIn"]), (&"Bearer".into(), &3_600.into()));
        assert_eq!(data["refreshExpiresIn"], 604_800);
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.starts_with(&format!("pf_jwt={}; ", answer.string("data.accessToken"))), "{cookie}");
        assert!(cookie.contains("; Max-Age=3600; HttpOnly; SameSite=Lax"), "{cookie}");
    }

    async fn session_lives_a_week_from_its_last_refresh(app: TestApp) {
        let user = app.user(1).await;
        app.clock.advance_ms(7 * DAY_MS - 1);
        let second = user.refresh(&user.refresh_token).await.ok(200).string("data.refreshToken");
        app.clock.advance_ms(7 * DAY_MS - 1);
        let third = user.refresh(&second).await.ok(200).string("data.refreshToken");
        app.clock.advance_ms(7 * DAY_MS);
        user.refresh(&third).await.refused_in_account(401, "invalid_refresh_token", "Unauthorized");
        app.clock.advance_ms(-1);
        let _in_time = user.refresh(&third).await.ok(200);
    }

    async fn refreshed_token_lives_as_long_as_the_seed_says(app: TestApp) {
        let user = app.user(1).await;
        let token = user.refresh(&user.refresh_token).await.ok(200).string("data.accessToken");
        let client = app.stranger().with_token(&token);
        app.clock.advance_ms(3_600_000 - 1);
        let _works = client.get("/auth/me").await.ok(200);
        app.clock.advance_ms(1);
        client.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        let in_account = client.get("/api/v1/sessions/user/me").await;
        in_account.refused_in_account(401, "invalid_or_expired_token", "Unauthorized");
        assert_eq!(in_account.json()["message"], "Token expired");
    }

    async fn reuse_leaves_other_sessions_alone_and_is_written_down(app: TestApp) {
        let (here, elsewhere) = (app.user(1).await, app.user(1).await);
        let next = here.refresh(&here.refresh_token).await.ok(200);
        let _used = app.stranger().with_token(&next.string("data.accessToken")).get("/auth/me").await.ok(200);
        here.refresh(&here.refresh_token).await.refused_in_account(401, "refresh_token_reused", "Unauthorized");
        here.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        let _lives_on = elsewhere.get("/auth/me").await.ok(200);
        let list = elsewhere.get("/api/v1/sessions/user/me?includeInactive=true").await.ok(200).json();
        let reasons: Vec<_> = list["data"].as_array().unwrap().iter().map(|s| &s["terminationReason"]).collect();
        assert!(reasons.contains(&&"refresh_token_reuse".into()), "{reasons:?}");
        let told = "activity_logs WHERE action = 'session_terminated' AND metadata LIKE '%refresh_token_reuse%'";
        assert_eq!(app.count_rows(told).await, 1);
    }

    async fn refresh_and_its_reuse_count_in_every_process(app: TestApp) {
        let user = app.user(1).await;
        let beside = app.reconfigured(|_| {}).await;
        let refresh = |app: &TestApp, token: &str| {
            let (client, body) = (app.stranger(), format!(r#"{{"refreshToken":"{token}"}}"#));
            async move { client.post("/api/auth/refresh", body).await }
        };
        let here = refresh(&app, &user.refresh_token).await.ok(200);
        let there = refresh(&beside, &user.refresh_token).await.ok(200);
        assert_eq!(here.string("data.refreshToken"), there.string("data.refreshToken"));
        let client = app.stranger().with_token(&here.string("data.accessToken"));
        let _used_here = client.get("/auth/me").await.ok(200);
        assert_eq!(refresh(&beside, &user.refresh_token).await.string("code"), "refresh_token_reused");
        client.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        beside.app.db.close().await;
    }

    async fn tokens_of_one_kind_pass_nowhere_as_another(app: TestApp) {
        let user = app.user(1).await;
        app.stranger().with_token(&user.refresh_token).get("/auth/me").await.refused(401, "invalid_or_expired_token");
        let elsewhere = app.reconfigured(|config| {
            config.tokens.refresh_secret = Secret::new("another-secret-of-the-tests-0123456789abcdef");
        }).await;
        let body = format!(r#"{{"refreshToken":"{}"}}"#, user.refresh_token);
        let of_another_secret = elsewhere.stranger().post("/api/auth/refresh", body).await;
        of_another_secret.refused_in_account(401, "invalid_refresh_token", "Unauthorized");
        for token in [&user.token, "", " ", "pfr_", &user.refresh_token[..89], &"x".repeat(5_000), "\\u0000"] {
            let answer = user.refresh(token).await;
            let expected = if token.is_empty() { (400, "invalid_field") } else { (401, "invalid_refresh_token") };
            assert_eq!((answer.status, &*answer.string("code")), expected, "{token}");
        }
        for body in ["{}", r#"{"refreshToken":null}"#, r#"{"refreshToken":7}"#, "[]"] {
            assert_eq!(app.stranger().post("/api/auth/refresh", body).await.status, 400, "{body}");
        }
        let _still_good = user.refresh(&user.refresh_token).await.ok(200);
        elsewhere.app.db.close().await;
    }

    async fn logout_by_either_route_ends_the_refresh_token_too(app: TestApp) {
        for (number, route) in [(1, "/auth/logout"), (2, "/api/auth/logout")] {
            let user = app.user(number).await;
            let _out = user.post(route, "").await.ok(200);
            user.refresh(&user.refresh_token).await.refused_in_account(401, "invalid_refresh_token", "Unauthorized");
            user.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        }
    }

    async fn logout_ends_another_session_of_ones_own_and_no_foreign_one(app: TestApp) {
        let (here, there, other) = (app.user(1).await, app.user(1).await, app.user(2).await);
        let id_of = |client: &User| {
            let request = client.request(Method::GET, "/api/v1/sessions/user/me", axum::body::Body::empty());
            let client = (**client).clone();
            async move {
                let list = client.send(request).await.ok(200).json();
                let mine = list["data"].as_array().unwrap().iter().find(|s| s["isCurrent"] == true).unwrap().clone();
                mine["id"].as_str().unwrap().to_owned()
            }
        };
        let logout = |id: &str| format!(r#"{{"sessionId":"{id}"}}"#);
        let foreign = here.post("/api/auth/logout", logout(&id_of(&other).await)).await;
        foreign.refused_in_account(404, "session_not_found", "Session not found");
        let _other_lives = other.get("/auth/me").await.ok(200);
        let _ended = here.post("/api/auth/logout", logout(&id_of(&there).await)).await.ok(200);
        there.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        let _still_here = here.get("/auth/me").await.ok(200);
    }

    async fn deleted_user_gets_no_new_tokens(app: TestApp) {
        let user = app.user(1).await;
        app.try_statement("UPDATE users SET status = 'deleted' WHERE number = 1").await.unwrap();
        user.get("/auth/me").await.refused(403, "user_deleted");
        user.refresh(&user.refresh_token).await.refused_in_account(401, "user_deleted", "Unauthorized");
        let again = app.sign_in(&Signer::numbered(1)).await;
        again.refused(403, "user_deleted");
    }

    async fn refreshes_are_limited_for_each_session_and_not_for_an_address(app: TestApp) {
        let limited = app
            .reconfigured(|config| {
                config.rates.refresh = Some(Rate { count: 3, per_s: 60 });
                config.rates.auth = Some(Rate { count: 4, per_s: 60 });
            })
            .await;
        let (one, other) = (limited.user(1).await, limited.user(2).await);
        for user in [&one, &other] {
            for _allowed in 0..3 {
                let _pair = user.refresh(&user.refresh_token).await.ok(200);
            }
            let answer = user.refresh(&user.refresh_token).await;
            answer.refused_in_account(429, "rate_limited", "Too Many Requests");
            let wait_s: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait_s), "{wait_s}");
        }
        limited.app.db.close().await;
    }
}

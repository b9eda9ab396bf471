//! Tokens and the sessions that they name.

use postfun_server::config::Secret;
use postfun_tests::{Signer, TestApp, on_both_engines};
use serde_json::json;

on_both_engines! {
    async fn verify_and_me_have_the_seeds_shape(app: TestApp) {
        let signer = Signer::numbered(1);
        let answer = app.sign_in(&signer).await.ok(200);
        let body = answer.json();
        assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &86_400.into()));
        let user = &body["user"];
        assert_eq!((&user["id"], &user["is_admin"]), (&1.into(), &false.into()));
        assert_eq!((user["pubkey"].as_str(), user["npub"].as_str()), (Some(&*signer.pubkey()), Some(&*signer.npub())));
        assert!(user["display_name"].is_null(), "{user}");
        assert_eq!(user["created_at"], "2026-01-01T00:00:00.000000Z");
        let me = app.stranger().with_token(&answer.string("token")).get("/auth/me").await.ok(200);
        assert_eq!(&me.json()["user"], user);
    }

    async fn device_may_say_its_name(app: TestApp) {
        let signer = Signer::numbered(1);
        let named = async |name: String| {
            let login = signer.login(&app.challenge().await, app.now_s(), |_| {});
            let body = login.replacen('{', &format!(r#"{{"device_name":{},"#, json!(name)), 1);
            app.stranger().post("/auth/verify", body).await
        };
        let token = named("Firefox on Linux".to_owned()).await.ok(200).string("token");
        let client = app.stranger().with_token(&token);
        let session = client.get("/api/v1/sessions/user/me").await.ok(200).json()["data"][0].clone();
        assert_eq!((&session["deviceName"], &session["deviceId"]), (&json!("Firefox on Linux"), &json!(null)));
        assert_eq!(session["key"], json!({"kind": "nostr", "subject": signer.pubkey()}));
        named("x".repeat(101)).await.refused(400, "invalid_field");
        named("two\nlines".to_owned()).await.refused(400, "invalid_field");
    }

    async fn key_is_one_user_and_each_sign_in_a_session(app: TestApp) {
        let (first, second, other) = (app.user(1).await, app.user(1).await, app.user(2).await);
        assert_eq!(first.id, second.id);
        assert_ne!(first.id, other.id);
        assert_ne!(first.token, second.token);
    }

    async fn logged_out_token_is_refused_on_the_next_request(app: TestApp) {
        let (user, elsewhere) = (app.user(1).await, app.user(1).await);
        let _known = user.get("/auth/me").await.ok(200);
        assert_eq!(user.post("/auth/logout", "").await.ok(200).text, r#"{"ok":true}"#);
        user.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        user.get("/api/amm/balances").await.refused(401, "invalid_or_expired_token");
        user.post("/auth/logout", "").await.refused(401, "invalid_or_expired_token");
        let _other_session_lives_on = elsewhere.get("/auth/me").await.ok(200);
    }

    async fn logout_in_one_process_counts_in_the_other(app: TestApp) {
        let user = app.user(1).await;
        let beside = app.reconfigured(|_| {}).await;
        let there = beside.stranger().with_token(&user.token);
        let _known = there.get("/auth/me").await.ok(200);
        let _logged_out = user.post("/auth/logout", "").await.ok(200);
        there.get("/auth/me").await.refused(401, "invalid_or_expired_token");
        there.get("/api/amm/balances").await.refused(401, "invalid_or_expired_token");
    }

    async fn token_survives_a_restart_but_not_another_secret(app: TestApp) {
        let user = app.user(1).await;
        let restarted = app.reconfigured(|_| {}).await;
        let _known = restarted.stranger().with_token(&user.token).get("/auth/me").await.ok(200);
        let secret = Secret::new("another-secret-of-the-tests-0123456789abcdef");
        let rotated = app.reconfigured(|config| config.tokens.secret = secret).await;
        let answer = rotated.stranger().with_token(&user.token).get("/auth/me").await;
        answer.refused(401, "invalid_or_expired_token");
    }

    async fn token_is_all_or_nothing(app: TestApp) {
        let user = app.user(1).await;
        let stranger = app.stranger();
        stranger.get("/auth/me").await.refused(401, "missing_bearer_token");
        for scheme in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "Token abc", &user.token] {
            let answer = stranger.clone().with("authorization", scheme).get("/auth/me").await;
            answer.refused(401, "missing_bearer_token");
        }
        let (header, rest) = user.token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
        for forged in [
            format!("{unsigned}.{claims}."),
            format!("{unsigned}.{claims}.{signature}"),
            format!("{header}.{claims}."),
            format!("{header}.{claims}.{}", signature.chars().rev().collect::<String>()),
            format!("{header}..{signature}"),
            format!("{} {}", user.token, user.token),
            "x".repeat(5_000),
        ] {
            let answer = stranger.clone().with_token(&forged).get("/auth/me").await;
            answer.refused(401, "invalid_or_expired_token");
        }
        let lower = stranger.with("authorization", &format!("bearer {}", user.token));
        let _scheme_has_no_case = lower.get("/auth/me").await.ok(200);
    }

    async fn logout_needs_a_token(app: TestApp) {
        app.stranger().post("/auth/logout", "").await.refused(401, "missing_bearer_token");
    }
}

//! Signing in with a Privy token.

use axum::http::header;
use postfun_server::config::Secret;
use postfun_tests::stub::{Reply, Stub};
use postfun_tests::{TestApp, on_both_engines, privy};
use serde_json::{Value, json};

const ACCOUNTS: &str = r#"{"id":"x","linked_accounts":[{"type":"email","address":"bob@example.org"},
    {"type":"wallet","address":"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed","chain_type":"ethereum"},
    {"type":"wallet","address":"SoLanaAddress","chain_type":"solana"}]}"#;

/// A server that may ask Privy about users, and a Privy that answers as told.
async fn asking(app: &TestApp, reply: Reply) -> (TestApp, Stub) {
    let stub = Stub::start(&[reply], &[]).await;
    let url = format!("http://{}/", stub.address).parse().unwrap();
    let mut config = privy::config();
    config.api_url = url;
    config.app_secret = Some(Secret::new("the app's secret"));
    (Box::pin(app.reconfigured(|settings| settings.privy = Some(config))).await, stub)
}

on_both_engines! {
    async fn first_token_makes_the_user_and_the_next_finds_them(app: TestApp) {
        let app = app.with_privy().await;
        let first = app.log_in(privy::token(0)).await.ok(200);
        let body = first.json();
        assert_eq!((&body["success"], &body["data"]["isNewUser"]), (&json!(true), &json!(true)));
        assert_eq!(body["data"]["user"]["privyId"], privy::did(0));
        assert_eq!(body["data"]["user"]["email"], Value::Null);
        assert_eq!(body["data"]["tokens"]["tokenType"], "Bearer");
        assert_eq!(body["data"]["tokens"]["expiresIn"], 3_600);
        assert!(first.headers.contains_key(header::SET_COOKIE));
        let again = app.log_in(privy::token(0)).await.ok(200);
        assert_eq!(again.json()["data"]["isNewUser"], false);
        assert_eq!(again.string("data.user.id"), first.string("data.user.id"));
        let other = app.log_in(privy::token(1)).await.ok(200);
        assert_ne!(other.string("data.user.id"), first.string("data.user.id"));
        assert_eq!(app.count_rows("activity_logs WHERE action = 'user_register'").await, 2);
        assert_eq!(app.count_rows("activity_logs WHERE action = 'user_login'").await, 3);
    }

    async fn only_good_tokens_get_in(app: TestApp) {
        let app = app.with_privy().await;
        for case in privy::tokens()["access"].as_array().unwrap() {
            let (name, token) = (&case["name"], case["token"].as_str().unwrap());
            let answer = app.log_in(token).await;
            match case["verdict"].as_str().unwrap() {
                "ok" => assert_eq!(answer.status, 200, "{name}: {}", answer.text),
                "expired" => answer.refused_in_account(401, "privy_token_expired", "Unauthorized"),
                _ if token.is_empty() => answer.refused_in_account(400, "invalid_field", "Bad Request"),
                _ => answer.refused_in_account(401, "invalid_privy_token", "Unauthorized"),
            }
        }
        assert_eq!(app.count_rows("users").await, 1);
    }

    async fn without_an_app_nobody_gets_in_with_privy(app: TestApp) {
        let answer = app.log_in(privy::token(0)).await;
        answer.refused_in_account(503, "privy_not_configured", "Service Unavailable");
    }

    async fn token_of_privy_is_no_token_of_ours(app: TestApp) {
        let app = app.with_privy().await;
        let answer = app.stranger().with_token(privy::token(0)).get("/api/auth/me").await;
        answer.refused_in_account(401, "invalid_or_expired_token", "Unauthorized");
    }

    async fn fifty_first_logins_at_once_make_one_user(app: TestApp) {
        let app = app.with_privy().await;
        let logins = (0..50).map(|_| app.log_in(privy::token(3)));
        let answers = futures_util::future::join_all(logins).await;
        let made = answers.iter().filter(|answer| answer.json()["data"]["isNewUser"] == true).count();
        assert!(answers.iter().all(|answer| answer.status == 200), "{:?}", answers.first());
        assert_eq!((made, app.count_rows("users").await), (1, 1));
        assert_eq!(app.count_rows("identities").await, 1);
    }

    async fn of_devices_that_log_in_at_once_one_stays_active(app: TestApp) {
        let app = app.with_privy().await;
        let beside = app.with_privy().await;
        for round in 0..5 {
            let logins = ["phone", "tablet", "watch", "car"].into_iter().zip([&app, &beside].into_iter().cycle());
            let logins = logins.map(|(device, server)| {
                let (client, body) = (server.stranger(), json!({"privyToken": privy::token(4), "deviceId": device}));
                tokio::spawn(async move { client.post("/api/auth/login", body.to_string()).await.ok(200) })
            });
            let answers: Vec<_> = futures_util::future::join_all(logins).await.into_iter().map(Result::unwrap).collect();
            let mut alive = 0;
            for answer in &answers {
                let client = app.stranger().with_token(&answer.string("data.tokens.accessToken"));
                alive += u64::from(client.get("/api/auth/me").await.status == 200);
            }
            assert_eq!(alive, 1, "round {round}: the tokens of one device go on");
            assert_eq!(app.count_rows("sessions WHERE single_slot IS NOT NULL AND ended_at_ms IS NULL").await, 1);
        }
        beside.app.db.close().await;
    }

    async fn identity_token_tells_who_they_are(app: TestApp) {
        let app = app.with_privy().await;
        let login = |number: usize| {
            let list = |name: &str| privy::tokens()[name][number]["token"].as_str().unwrap().to_owned();
            let access = privy::tokens()["access"][0]["token"].clone();
            json!({"privyToken": access, "identityToken": list("identity"), "platform": "ios", "deviceId": "phone"})
        };
        let answer = app.stranger().post("/api/auth/login", login(0).to_string()).await.ok(200);
        let user = &answer.json()["data"]["user"];
        assert_eq!((&user["email"], &user["emailVerified"]), (&json!("Ada@Example.org"), &json!(true)));
        assert_eq!(user["walletAddress"], "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
        assert_eq!((&user["walletVerified"], &user["phone"]), (&json!(true), &json!("+15550100")));
        assert_eq!(answer.json()["data"]["session"]["deviceId"], "phone");
        assert_eq!(answer.json()["data"]["session"]["platform"], "ios");
        for number in 2..7 {
            let refused = app.stranger().post("/api/auth/login", login(number).to_string()).await;
            refused.refused_in_account(401, "invalid_privy_identity_token", "Unauthorized");
        }
    }

    async fn privy_is_asked_about_a_new_user(app: TestApp) {
        let (app, stub) = asking(&app, Reply::Say(200, ACCOUNTS.to_owned())).await;
        let user = &app.log_in(privy::token(0)).await.ok(200).json()["data"]["user"];
        assert_eq!(user["email"], "bob@example.org");
        assert_eq!(user["walletAddress"], "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
        let heard = stub.heard();
        assert_eq!(heard[0].target, format!("/v1/users/{}", privy::did(0)));
        assert_eq!(heard[0].header("privy-app-id"), privy::tokens()["app_id"].as_str());
        assert!(heard[0].header("authorization").is_some_and(|value| value.starts_with("Basic ")));
        let _known = app.log_in(privy::token(0)).await.ok(200);
        assert_eq!(stub.heard().len(), 1, "a known user is not asked about again");
    }

    async fn trouble_at_privy_costs_nobody_the_login(app: TestApp) {
        // All live on, so that no two draw the same bytes.
        let mut servers = Vec::new();
        for reply in [
            Reply::Close, Reply::Break, Reply::Say(500, "{}".to_owned()), Reply::Say(200, "[]".to_owned()),
            Reply::Flood, Reply::Silence, Reply::Redirect("http://127.0.0.1:9/".to_owned()),
        ] {
            let (app, stub) = asking(&app, reply.clone()).await;
            let answer = app.log_in(privy::token(4)).await.ok(200);
            assert_eq!(answer.json()["data"]["user"]["email"], Value::Null, "{reply:?}");
            assert_eq!(stub.heard().len(), 1, "{reply:?}");
            servers.push(app);
        }
    }

    async fn deleted_user_does_not_get_in_again(app: TestApp) {
        let app = app.with_privy().await;
        let (user, _id) = app.privy_user(0).await;
        let _gone = user.delete("/api/v1/users/me", "").await.ok(200);
        user.get("/api/auth/me").await.refused_in_account(401, "invalid_or_expired_token", "Unauthorized");
        app.log_in(privy::token(0)).await.refused_in_account(403, "user_deleted", "Forbidden");
        assert_eq!(app.count_rows("sessions WHERE end_reason = 'user_deleted'").await, 1);
    }

    async fn me_shows_profile_and_sessions(app: TestApp) {
        let app = app.with_privy().await;
        let (user, id) = app.privy_user(0).await;
        let data = &user.get("/api/auth/me").await.ok(200).json()["data"];
        assert_eq!((&data["id"], &data["status"]), (&json!(id), &json!("active")));
        assert_eq!(data["activeSessions"].as_array().unwrap().len(), 1);
        assert_eq!(data["lastActiveAt"], "2026-01-01T00:00:00.000Z");
        let _running = app.stranger().get("/api/auth/status").await.ok(200);
    }

    async fn wrong_fields_are_named(app: TestApp) {
        let app = app.with_privy().await;
        for (body, field) in [
            (json!({}), "privyToken"),
            (json!({"privyToken": 7}), "privyToken"),
            (json!({"privyToken": privy::token(0), "platform": "toaster"}), "platform"),
            (json!({"privyToken": privy::token(0), "deviceId": "x".repeat(256)}), "deviceId"),
        ] {
            let answer = app.stranger().post("/api/auth/login", body.to_string()).await;
            answer.refused_in_account(400, "invalid_field", "Bad Request");
            assert_eq!(answer.json()["field"], field, "{body}");
        }
        let body = json!({"privyToken": privy::token(0), "unknown": [1]});
        let _ignored = app.stranger().post("/api/auth/login", body.to_string()).await.ok(200);
    }
}

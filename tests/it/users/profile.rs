//! Profiles: what may be changed, conflicts, wallets.

use postfun_tests::{TestApp, on_both_engines, privy};
use serde_json::{Value, json};

const WALLET: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

on_both_engines! {
    async fn stale_version_is_a_conflict_and_a_missing_user_is_not(app: TestApp) {
        let app = app.with_privy().await;
        let (user, id) = app.privy_user(0).await;
        let path = format!("/api/v1/users/{id}");
        let version = user.get(&path).await.ok(200).json()["data"]["version"].as_i64().unwrap();
        let change = |version: i64| json!({"version": version, "displayName": "Ada"}).to_string();
        let changed = user.put(&path, change(version)).await.ok(200).json();
        assert_eq!((&changed["data"]["displayName"], &changed["data"]["version"]), (&json!("Ada"), &json!(version + 1)));
        let stale = user.put(&path, change(version)).await;
        stale.refused_in_account(409, "stale_version", "Failed to update user");
        assert_eq!(stale.string("message"), "User has been modified by another request. Please retry.");
        assert_eq!(stale.json()["version"], version + 1);
        let last_wins = user.put(&path, r#"{"phone":"+15550100"}"#).await.ok(200).json();
        assert_eq!((&last_wins["data"]["displayName"], &last_wins["data"]["phone"]), (&json!("Ada"), &json!("+15550100")));
        let _gone = user.delete(&path, "").await.ok(200);
        let admin = app.admin().await;
        admin.put(&path, change(version)).await.refused_in_account(404, "user_not_found", "User not found");
    }

    async fn of_twenty_changes_at_one_version_one_lands(app: TestApp) {
        let app = app.with_privy().await;
        let (user, _id) = app.privy_user(0).await;
        let bodies: Vec<_> = (0..20).map(|n| json!({"version": 1, "displayName": n.to_string()}).to_string()).collect();
        let changes = bodies.iter().map(|body| user.put("/api/v1/users/me", body.clone()));
        let answers = futures_util::future::join_all(changes).await;
        let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!((count(200), count(409)), (1, 19));
    }

    async fn wallet_without_proof_is_unverified_unique_and_yields_to_a_proof(app: TestApp) {
        let app = app.with_privy().await;
        let (user, other) = (app.privy_user(0).await.0, app.privy_user(1).await.0);
        let body = json!({"walletAddress": WALLET}).to_string();
        let data = &user.post("/api/v1/users/me/wallet", body.clone()).await.ok(200).json()["data"];
        assert_eq!((&data["walletAddress"], &data["walletVerified"]), (&json!(WALLET.to_lowercase()), &json!(false)));
        assert_eq!(app.count_rows("identities WHERE kind = 'evm'").await, 0);
        let taken = other.post("/api/v1/users/me/wallet", body.to_lowercase().replace("walletaddress", "walletAddress")).await;
        taken.refused_in_account(400, "wallet_taken", "Wallet address already registered to another user");
        assert_eq!(taken.string("message"), taken.string("error"));
        let proof = &privy::tokens()["identity"][0]["token"];
        let login = json!({"privyToken": privy::tokens()["access"][0]["token"], "identityToken": proof});
        let owner = app.stranger().post("/api/auth/login", login.to_string()).await.ok(200).json();
        assert_eq!(owner["data"]["user"]["walletVerified"], true);
        assert_eq!(user.get("/api/v1/users/me").await.ok(200).json()["data"]["walletAddress"], Value::Null);
        user.post("/api/v1/users/me/wallet", body).await.refused_in_account(
            400, "wallet_taken", "Wallet address already registered to another user");
    }

    async fn of_ten_users_who_name_one_wallet_at_once_one_gets_it(app: TestApp) {
        let app = app.with_privy().await;
        let mut users = Vec::new();
        for number in 0..10 {
            users.push(app.privy_user(number).await.0);
        }
        let body = json!({"walletAddress": WALLET}).to_string();
        let answers =
            futures_util::future::join_all(users.iter().map(|user| user.post("/api/v1/users/me/wallet", body.clone()))).await;
        let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!((count(200), count(400)), (1, 9));
    }

    async fn user_made_by_an_admin_is_taken_over_by_the_privy_user(app: TestApp) {
        let app = app.with_privy().await;
        let admin = app.admin().await;
        let body = json!({"privyId": privy::did(0), "email": "ada@example.org", "displayName": "Ada"}).to_string();
        let made = admin.post("/api/v1/users", body.clone()).await.ok(201);
        let twice = admin.post("/api/v1/users", body).await;
        twice.refused_in_account(400, "privy_id_taken", "User with this Privy ID already exists");
        let logged_in = app.log_in(privy::token(0)).await.ok(200);
        assert_eq!(logged_in.string("data.user.id"), made.string("data.id"));
        assert_eq!(logged_in.json()["data"]["isNewUser"], false);
        assert_eq!(logged_in.json()["data"]["user"]["emailVerified"], false);
        assert_eq!(app.log_in(privy::token(0)).await.ok(200).string("data.user.id"), made.string("data.id"));
        let known = json!({"privyId": privy::did(0)}).to_string();
        admin.post("/api/v1/users", known).await.refused_in_account(
            400, "privy_id_taken", "User with this Privy ID already exists");
        assert_eq!(app.count_rows("users").await, 2);
    }

    async fn wrong_fields_are_named_and_unknown_ones_ignored(app: TestApp) {
        let app = app.with_privy().await;
        let (user, _id) = app.privy_user(0).await;
        for (body, field) in [
            (json!({"displayName": 7}), "displayName"),
            (json!({"displayName": "x".repeat(101)}), "displayName"),
            (json!({"displayName": "a\u{0}b"}), "displayName"),
            (json!({"email": "nobody"}), "email"),
            (json!({"email": "a@b@c.org"}), "email"),
            (json!({"phone": "1".repeat(51)}), "phone"),
            (json!({"profilePictureUrl": "javascript:alert(1)"}), "profilePictureUrl"),
            (json!({"walletAddress": "0x12"}), "walletAddress"),
            (json!({"walletAddress": WALLET.replace("5aA", "5AA")}), "walletAddress"),
            (json!({"version": "1"}), "version"),
        ] {
            let answer = user.put("/api/v1/users/me", body.to_string()).await;
            answer.refused_in_account(400, "invalid_field", "Bad Request");
            assert_eq!(answer.json()["field"], field, "{body}");
        }
        let body = json!({"displayName": "Ada", "role": "admin", "privyId": "did:privy:else", "status": "deleted"});
        let data = &user.put("/api/v1/users/me", body.to_string()).await.ok(200).json()["data"];
        assert_eq!((&data["role"], &data["privyId"]), (&json!("user"), &json!(privy::did(0))));
        assert_eq!(app.count_rows("activity_logs WHERE action = 'profile_updated'").await, 1);
    }
}

//! Linking a key, signing in with it, and unlinking it.

use axum::http::header;
use postfun_tests::link::privy_proof;
use postfun_tests::{Client, Signer, TestApp, on_both_engines, privy};
use serde_json::{Value, json};
use uuid::Uuid;

/// The caller's keys as (kind, subject, whether it is primary).
async fn keys(client: &Client) -> Vec<(String, String, bool)> {
    let list = client.get("/api/me/identities").await.ok(200).json();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let row = |item: &Value| (text(item, "kind"), text(item, "subject"), item["is_primary"] == true);
    list["items"].as_array().unwrap().iter().map(row).collect()
}

fn nostr(signer: &Signer, is_primary: bool) -> (String, String, bool) {
    ("nostr".to_owned(), signer.pubkey(), is_primary)
}

fn privy_key(number: usize, is_primary: bool) -> (String, String, bool) {
    ("privy".to_owned(), privy::did(number), is_primary)
}

/// A user's events as (kind, data).
async fn events(app: &TestApp, user_id: &str) -> Vec<(String, Value)> {
    let id = Uuid::parse_str(user_id).unwrap();
    let list = app.app.events.list_after(id, 0, 100).await.unwrap();
    list.into_iter().map(|event| (event.kind, serde_json::from_str(&event.data).unwrap())).collect()
}

on_both_engines! {
    async fn nostr_user_links_privy_and_gets_in_with_either(app: TestApp) {
        let app = app.with_privy().await;
        let user = app.user(1).await;
        assert_eq!(keys(&user).await, [nostr(&user.signer, true)]);
        let answer = user.link_privy(&user.signer, 0).await;
        let both = [nostr(&user.signer, true), privy_key(0, true)];
        assert_eq!(keys(&user).await, both);
        assert_eq!(answer.json()["items"].as_array().unwrap().len(), 2);
        assert_eq!(answer.string("items.0.npub"), user.signer.npub());
        assert_eq!(answer.json()["items"][1]["npub"], Value::Null);
        let by_privy = app.log_in(privy::token(0)).await.ok(200);
        assert_eq!(by_privy.json()["data"]["isNewUser"], false);
        assert_eq!(by_privy.string("data.user.id"), answer.string("user_id"));
        assert_eq!(by_privy.string("data.user.privyId"), privy::did(0));
        assert_eq!(app.sign_in(&user.signer).await.ok(200).raw("user.id"), user.id.to_string());
        assert_eq!(app.count_rows("users").await, 1);
    }

    async fn privy_user_links_nostr_and_gets_in_with_either(app: TestApp) {
        let app = app.with_privy().await;
        let (user, id) = app.privy_user(0).await;
        let signer = Signer::numbered(7);
        app.clock.advance_ms(1_000);
        let challenge = user.key_challenge("link", "nostr", &signer.npub()).await;
        assert_eq!(challenge.subject, signer.pubkey(), "a key has one spelling");
        let new = signer.proof(&challenge, app.now_s(), |_| {});
        let answer = user.link(&challenge, new, privy_proof(0)).await.ok(201);
        assert_eq!(keys(&user).await, [privy_key(0, true), nostr(&signer, true)]);
        assert_eq!(answer.string("user_id"), id);
        let me = app.sign_in(&signer).await.ok(200);
        assert_eq!((me.string("user.pubkey"), app.count_rows("users").await), (signer.pubkey(), 1));
        let again = app.log_in(privy::token(0)).await.ok(200);
        assert_eq!(again.string("data.user.id"), id);
    }

    async fn what_happened_is_written_down_and_told(app: TestApp) {
        let app = app.with_privy().await;
        let user = app.user(1).await;
        let before = user.get("/api/v1/users/me").await.ok(200).json()["data"]["version"].as_i64().unwrap();
        let id = user.link_privy(&user.signer, 0).await.string("user_id");
        let _gone = user.unlink_with(&user.signer, "privy", &privy::did(0)).await.ok(200);
        let key = json!({"kind": "privy", "subject": privy::did(0)});
        let told = [("identity.linked".to_owned(), key.clone()), ("identity.unlinked".to_owned(), key)];
        assert_eq!(events(&app, &id).await, told);
        for action in ["activity_logs WHERE action = 'identity_linked' AND session_id IS NOT NULL",
                       "activity_logs WHERE action = 'identity_unlinked' AND ip_address = '127.0.0.1'"] {
            assert_eq!(app.count_rows(action).await, 1, "{action}");
        }
        let after = user.get("/api/v1/users/me").await.ok(200).json()["data"]["version"].as_i64().unwrap();
        assert_eq!(after, before + 2, "whoever holds an older version of the user is told");
    }

    async fn unlinked_primary_is_followed_by_the_oldest_of_its_kind(app: TestApp) {
        let user = app.user(1).await;
        let (second, third) = (Signer::numbered(2), Signer::numbered(3));
        let _second = user.link_nostr(&user.signer, &second).await;
        app.clock.advance_ms(1_000);
        let _third = user.link_nostr(&second, &third).await;
        assert_eq!(keys(&user).await, [nostr(&user.signer, true), nostr(&second, false), nostr(&third, false)]);
        let by_third = app.user(3).await;
        assert_eq!(by_third.get("/auth/me").await.ok(200).string("user.pubkey"), user.signer.pubkey());
        let answer = by_third.unlink_with(&third, "nostr", &user.signer.pubkey()).await.ok(200);
        assert_eq!(answer.json()["is_signed_out"], false);
        assert_eq!(keys(&by_third).await, [nostr(&second, true), nostr(&third, false)]);
        assert_eq!(by_third.get("/auth/me").await.ok(200).string("user.pubkey"), second.pubkey());
        let _gone = by_third.unlink_with(&second, "nostr", &third.pubkey()).await.ok(200);
        let last = app.user(2).await;
        assert_eq!(keys(&last).await, [nostr(&second, true)]);
    }

    async fn sessions_end_with_the_key_that_began_them(app: TestApp) {
        let app = app.with_privy().await;
        let user = app.user(1).await;
        let _linked = user.link_privy(&user.signer, 0).await;
        let (by_privy, _id) = app.privy_user(0).await;
        let (by_privy_too, _id) = app.privy_user(0).await;
        let answer = by_privy.unlink_with(&user.signer, "privy", &privy::did(0)).await.ok(200);
        assert_eq!((&answer.json()["sessions_ended"], &answer.json()["is_signed_out"]), (&json!(2), &json!(true)));
        assert!(answer.header(header::SET_COOKIE.as_str()).is_some_and(|cookie| cookie.contains("Max-Age=0")));
        for ended in [&by_privy, &by_privy_too] {
            ended.get("/api/me/identities").await.refused(401, "invalid_or_expired_token");
        }
        let _alive = user.get("/api/me/identities").await.ok(200);
        assert_eq!(app.count_rows("sessions WHERE end_reason = 'identity_unlinked'").await, 2);
        let stranger = app.log_in(privy::token(0)).await.ok(200);
        assert_eq!(stranger.json()["data"]["isNewUser"], true);
        assert_eq!(app.count_rows("users").await, 2);
    }

    async fn unlinked_key_can_be_linked_by_somebody_else(app: TestApp) {
        let (ada, bob) = (app.user(1).await, app.user(2).await);
        let key = Signer::numbered(3);
        let _linked = ada.link_nostr(&ada.signer, &key).await;
        let _unlinked = ada.unlink_with(&ada.signer, "nostr", &key.pubkey()).await.ok(200);
        let _linked = bob.link_nostr(&bob.signer, &key).await;
        assert_eq!(app.sign_in(&key).await.ok(200).raw("user.id"), bob.id.to_string());
    }

    async fn the_list_says_when_a_key_was_linked_and_used(app: TestApp) {
        let user = app.user(1).await;
        let second = Signer::numbered(2);
        app.clock.advance_ms(60_000);
        let _linked = user.link_nostr(&user.signer, &second).await;
        app.clock.advance_ms(60_000);
        let _again = app.sign_in(&second).await.ok(200);
        let list = user.get("/api/me/identities").await.ok(200);
        let minute = |minute: usize| format!("2026-01-01T00:0{minute}:00.000000Z");
        let times = |row: usize| (list.string(&format!("items.{row}.linked_at")),
                                  list.string(&format!("items.{row}.last_used_at")));
        assert_eq!(times(0), (minute(0), minute(0)));
        assert_eq!(times(1), (minute(1), minute(2)));
    }
}
